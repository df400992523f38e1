//go:build unix

package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/redisstore"
	"syncd/redisstore/redistest"
	"syncd/simulator/floor"
	"syncd/sweep"
	"syncd/webex"
)

// Figures here are CPU time of this process: whole sweeps, with a real redis-server, over real TLS. Graph and Redis are processes
// of their own and do not count. Beside each figure stands its floor, measured in turns with it: a bare net/http client that
// fetches the same bytes over the same TLS and throws them away. The ratio of the two is what counts.

func TestMain(m *testing.M) { floor.Main(m) }

// newBenchRig has the vendors in a process of their own.
func newBenchRig(b *testing.B, mailboxes, events int) (*rig, *floor.Recorder, *http.Client) {
	b.Helper()
	s := floor.Start(b, mailboxes, events)
	before := debug.SetGCPercent(400) // as the program does; the floor has it too
	b.Cleanup(func() { debug.SetGCPercent(before) })
	server := redistest.Start(b)
	r := &rig{t: b, redis: redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})}
	b.Cleanup(func() { _ = r.redis.Close() })
	for _, m := range s.Mailboxes {
		r.boxes = append(r.boxes, delta.Mailbox(m))
	}
	var err error
	r.store, err = redisstore.Open(b.Context(), redisstore.Options{URL: server.URL, LeaseTTL: leaseTTL})
	must(b, err)
	b.Cleanup(func() { _ = r.store.Close() })
	asked := &floor.Recorder{RoundTripper: s.Transport()}
	calendars, err := graph.New(s.GraphURL, asked, graphToken(func() string { return s.Token }))
	must(b, err)
	meetings, err := webex.New(s.WebexURL, asked, webex.FixedToken(s.WebexToken))
	must(b, err)
	keys, err := delta.NewKeys([]byte("a master key of thirty-two bytes"), s.Tenant)
	must(b, err)
	r.sweeper = r.newSweeper(calendars, meetings, keys, zerolog.New(io.Discard).Level(zerolog.InfoLevel))
	r.sweeper.Claim = func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return r.store.Claim(ctx, m) }
	return r, asked, &http.Client{Transport: s.Transport()}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// idle sweeps until nothing is left to do, and notes what an idle sweep of each mailbox asks for: one request.
func (r *rig) idle(b *testing.B, asked *floor.Recorder) {
	b.Helper()
	for range 3 { // the first round, its echo, connections
		_, err := r.trySweep(b.Context())
		must(b, err)
	}
	asked.On = true
	_, err := r.trySweep(b.Context())
	must(b, err)
	asked.On = false
	if len(asked.Asked) != len(r.boxes) {
		b.Fatalf("%d idle mailboxes cost %d requests", len(r.boxes), len(asked.Asked))
	}
}

// beside runs sweeps and their floor in turns, and reports both per unit, and their ratio.
func beside(b *testing.B, unit string, units int, prepare func() error, sweeps, bareFetch func() error) {
	var mine, bare time.Duration
	for b.Loop() {
		must(b, prepare())
		began := floor.CPU()
		must(b, sweeps())
		between := floor.CPU()
		must(b, bareFetch())
		mine, bare = mine+between-began, bare+floor.CPU()-between
	}
	n := float64(b.N * units)
	b.ReportMetric(float64(mine.Nanoseconds())/n, "cpu-ns/"+unit)
	b.ReportMetric(float64(bare.Nanoseconds())/n, "floor-ns/"+unit)
	b.ReportMetric(float64(mine)/float64(bare), "ratio")
}

func nothing() error { return nil }

// BenchmarkIdle is a sweep of mailboxes in which nothing changed: one request each. The floor asks Graph only. A sweep also takes
// its lease and gives it back with the cursor, two scripts in Redis, whose own floor is redis-ns: two bare commands.
func BenchmarkIdle(b *testing.B) {
	const mailboxes = 50
	r, asked, bare := newBenchRig(b, mailboxes, 20)
	sweepAll := func() error { _, err := r.trySweep(b.Context()); return err }
	r.idle(b, asked)
	must(b, floor.Fetch(b.Context(), bare, asked.Asked))
	beside(b, "mailbox", mailboxes, nothing, sweepAll, func() error { return floor.Fetch(b.Context(), bare, asked.Asked) })
	const gets = 2000
	began := floor.CPU()
	for range gets {
		must(b, r.redis.Exists(b.Context(), "syncd:none").Err())
	}
	b.ReportMetric(2*float64((floor.CPU()-began).Nanoseconds())/gets, "redis-ns/mailbox")
}

// BenchmarkIdleTogether is the same as a daemon does it that has many due: 16 sweeps at a time, whose leases are taken in one
// pipeline. The floor asks 16 at a time too.
func BenchmarkIdleTogether(b *testing.B) {
	b.Run("with Redis", func(b *testing.B) { idleTogether(b, true) })
	b.Run("without", func(b *testing.B) { idleTogether(b, false) })
}

// kept is a memory that asks nobody: what a sweep costs without Redis.
type kept struct {
	sweep.Memory // nil: an idle sweep asks for no more than what is here
	cursor       delta.Cursor
}

func (k *kept) Cursor() delta.Cursor                                               { return k.cursor }
func (k *kept) Waiting() []delta.Waiting                                           { return nil }
func (k *kept) HeldRemovals() []string                                             { return nil }
func (k *kept) Accepted() []string                                                 { return nil }
func (k *kept) Resync() *delta.Resync                                              { return nil }
func (k *kept) Broken() bool                                                       { return false }
func (k *kept) Holds() error                                                       { return nil }
func (k *kept) LeaseTTL() time.Duration                                            { return leaseTTL }
func (k *kept) Records(context.Context, []string) (map[string]delta.Record, error) { return nil, nil }

func (k *kept) Write(_ context.Context, b delta.Batch) error {
	if b.Cursor != nil {
		k.cursor = *b.Cursor
	}
	return nil
}

func idleTogether(b *testing.B, redis bool) {
	const mailboxes, workers = 64, 16
	r, asked, bare := newBenchRig(b, mailboxes, 20)
	r.idle(b, asked)
	var taken sync.Map // mailbox id → its claim
	r.sweeper.Claim = func(_ context.Context, m delta.Mailbox) (sweep.Memory, error) {
		claim, _ := taken.Load(m.ID)
		return claim.(sweep.Memory), nil
	}
	claimAll := func(boxes []delta.Mailbox) []error {
		claims, errs := r.store.ClaimAll(b.Context(), boxes)
		for i, m := range boxes {
			taken.Store(m.ID, claims[i])
		}
		return errs
	}
	if !redis {
		must(b, errors.Join(claimAll(r.boxes)...))
		for _, m := range r.boxes {
			claim, _ := taken.Load(m.ID)
			taken.Store(m.ID, &kept{cursor: claim.(sweep.Memory).Cursor()})
		}
		claimAll = func([]delta.Mailbox) []error { return nil }
	}
	together := crew(b, workers)
	sweepAll := func() error {
		for boxes := range slices.Chunk(r.boxes, workers) {
			errs := append(claimAll(boxes), together(len(boxes), func(i int) error {
				_, err := r.sweeper.Sweep(b.Context(), boxes[i])
				return err
			}))
			if err := errors.Join(errs...); err != nil {
				return err
			}
		}
		return nil
	}
	throwAll := func() error {
		return together(mailboxes, func(i int) error { return floor.Fetch(b.Context(), bare, asked.Asked[i:i+1]) })
	}
	must(b, sweepAll())
	must(b, throwAll())
	beside(b, "mailbox", mailboxes, nothing, sweepAll, throwAll)
}

// crew is goroutines that work on so many at a time.
func crew(b *testing.B, workers int) (together func(n int, work func(i int) error) error) {
	jobs := make(chan func())
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for job := range jobs {
				job()
			}
		})
	}
	b.Cleanup(func() { close(jobs); working.Wait() })
	return func(n int, work func(i int) error) error {
		errs := make([]error, n)
		var done sync.WaitGroup
		done.Add(n)
		for i := range n {
			jobs <- func() { defer done.Done(); errs[i] = work(i) }
		}
		done.Wait()
		return errors.Join(errs...)
	}
}

// BenchmarkFirstSync is the first sweep of a calendar of 1,000 events, none of which asks for a meeting.
func BenchmarkFirstSync(b *testing.B) {
	const events = 1000
	r, asked, bare := newBenchRig(b, 1, events)
	forget := func() error { return r.redis.FlushAll(b.Context()).Err() }
	first := func() error {
		report, err := r.trySweep(b.Context())
		if err == nil && report.Items != events {
			err = fmt.Errorf("%d items", report.Items)
		}
		return err
	}
	must(b, first())
	must(b, forget())
	asked.On = true
	must(b, first())
	asked.On = false
	must(b, floor.Fetch(b.Context(), bare, asked.Asked))
	beside(b, "event", events, forget, first, func() error { return floor.Fetch(b.Context(), bare, asked.Asked) })
}

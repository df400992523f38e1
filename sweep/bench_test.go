//go:build unix

package sweep_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/redisstore"
	"syncd/redisstore/redistest"
	"syncd/simulator"
	"syncd/sweep"
	"syncd/webex"
)

// Figures here are CPU time of this process: whole sweeps, with a real redis-server, over real TLS. Graph and Redis are processes
// of their own and do not count. Beside each figure stands its floor, measured in turns with it: a bare net/http client that
// fetches the same bytes over the same TLS and throws them away. The ratio of the two is what counts.

const benchServer = "TEST_SERVE_FOR_BENCHMARKS"

func TestMain(m *testing.M) {
	if os.Getenv(benchServer) != "" {
		if err := serveBench(os.Getenv(benchServer)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// site is what the serving process tells of itself.
type site struct {
	GraphURL, WebexURL, Token, WebexToken, Tenant string
	CA                                            []byte
	Mailboxes                                     []delta.Mailbox
}

// serveBench serves mailboxes of so many events, written "mailboxes events", until its standard input ends.
func serveBench(size string) error {
	var mailboxes, events int
	if _, err := fmt.Sscan(size, &mailboxes, &events); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	world := simulator.New(simulator.Options{Seed: 1, LogLimit: 1000, Quirks: simulator.Quirks{SyncStates: 1 << 20}})
	body := "<html><body>" + strings.Repeat("<p class=\"MsoNormal\">We meet to look at the plans for the quarter.</p>\r\n", 50) + "</body></html>"
	s := site{Token: world.GraphToken(), WebexToken: world.WebexToken("syncd"), Tenant: world.Tenant()}
	for i := range mailboxes {
		m := world.AddMailbox(fmt.Sprintf("person%d@example.com", i))
		s.Mailboxes = append(s.Mailboxes, delta.Mailbox{ID: m.ID(), Address: m.Address()})
		for n := range events {
			start := tomorrow(8).Add(time.Duration(n) * time.Hour)
			m.Create(simulator.Draft{
				Subject: "Plans for the quarter", Location: "Room 4; second floor", Body: body, HTML: true, Start: start, End: start.Add(time.Hour),
				Attendees: []string{"bo@example.org", "carol@example.org", "dave@example.org"},
			})
		}
	}
	server, err := world.Start(ctx)
	if err != nil {
		return err
	}
	s.GraphURL, s.WebexURL, s.CA = server.GraphURL, server.WebexURL, server.CAPEM
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return errors.Join(err, server.Close())
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, server.Close())
}

// recorder notes what was read of Graph and how, so that the floor can ask for the same bytes.
type recorder struct {
	http.RoundTripper
	on    bool
	asked []*http.Request
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.on {
		r.asked = append(r.asked, request.Clone(context.Background()))
	}
	return r.RoundTripper.RoundTrip(request)
}

// newBenchRig has the vendors in a process of their own.
func newBenchRig(b *testing.B, mailboxes, events int) (*rig, *recorder, *http.Client) {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", benchServer, mailboxes, events))
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	must(b, err)
	out, err := child.StdoutPipe()
	must(b, err)
	must(b, child.Start())
	b.Cleanup(func() {
		_ = in.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	must(b, err)
	var s site
	must(b, json.Unmarshal(line, &s))

	before := debug.SetGCPercent(400) // as the program does; the floor has it too
	b.Cleanup(func() { debug.SetGCPercent(before) })
	server := redistest.Start(b)
	r := &rig{t: b, boxes: s.Mailboxes, redis: redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})}
	b.Cleanup(func() { _ = r.redis.Close() })
	r.store, err = redisstore.Open(b.Context(), redisstore.Options{URL: server.URL, LeaseTTL: leaseTTL})
	must(b, err)
	b.Cleanup(func() { _ = r.store.Close() })
	asked := &recorder{RoundTripper: trusting(s.CA)}
	calendars, err := graph.New(s.GraphURL, asked, graphToken(func() string { return s.Token }))
	must(b, err)
	meetings, err := webex.New(s.WebexURL, asked, webex.FixedToken(s.WebexToken))
	must(b, err)
	keys, err := delta.NewKeys([]byte("a master key of thirty-two bytes"), s.Tenant)
	must(b, err)
	r.sweeper = r.newSweeper(calendars, meetings, keys, zerolog.New(io.Discard).Level(zerolog.InfoLevel))
	r.sweeper.Claim = func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return r.store.Claim(ctx, m) }
	return r, asked, &http.Client{Transport: trusting(s.CA)}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func trusting(pem []byte) *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4}
}

// throwAway fetches what was asked for before, and reads none of it.
func throwAway(bare *http.Client, asked []*http.Request) error {
	for _, request := range asked {
		response, err := bare.Do(request.Clone(context.Background()))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d, %w", response.StatusCode, err)
		}
	}
	return nil
}

// cpu is the process's CPU time so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// beside runs sweeps and their floor in turns, and reports both per unit, and their ratio.
func beside(b *testing.B, unit string, units int, prepare func() error, sweeps, floor func() error) {
	var mine, bare time.Duration
	for b.Loop() {
		must(b, prepare())
		began := cpu()
		must(b, sweeps())
		between := cpu()
		must(b, floor())
		mine, bare = mine+between-began, bare+cpu()-between
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
	for range 3 { // the first round, its echo, connections
		must(b, sweepAll())
	}
	asked.on = true
	must(b, sweepAll())
	asked.on = false
	if len(asked.asked) != mailboxes {
		b.Fatalf("%d idle mailboxes cost %d requests", mailboxes, len(asked.asked))
	}
	must(b, throwAway(bare, asked.asked))
	beside(b, "mailbox", mailboxes, nothing, sweepAll, func() error { return throwAway(bare, asked.asked) })
	const gets = 2000
	began := cpu()
	for range gets {
		must(b, r.redis.Exists(b.Context(), "syncd:none").Err())
	}
	b.ReportMetric(2*float64((cpu()-began).Nanoseconds())/gets, "redis-ns/mailbox")
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
	for range 3 {
		_, err := r.trySweep(b.Context())
		must(b, err)
	}
	asked.on = true
	_, err := r.trySweep(b.Context())
	must(b, err)
	asked.on = false
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
		return together(mailboxes, func(i int) error { return throwAway(bare, asked.asked[i:i+1]) })
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
	asked.on = true
	must(b, first())
	asked.on = false
	must(b, throwAway(bare, asked.asked))
	beside(b, "event", events, forget, first, func() error { return throwAway(bare, asked.asked) })
}

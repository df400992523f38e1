package sweep_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/graph"
	"syncd/parser"
	"syncd/redisstore"
	"syncd/redisstore/redistest"
	"syncd/simulator"
	"syncd/sweep"
	"syncd/webex"
)

// rig is a sweeper between a simulated Microsoft 365 and Webex and a Redis.
type rig struct {
	t         testing.TB
	world     *simulator.World
	redis     *redis.Client // for tests that lay hands on the store
	lose      func()        // loses all that the store holds
	store     *redisstore.Store
	sweeper   *sweep.Sweeper
	directory *graph.Client
	rest      simulator.AtRest
	boxes     []delta.Mailbox
	fence     fence
}

const (
	behind   = 24 * time.Hour
	ahead    = 180 * 24 * time.Hour
	leaseTTL = 30 * time.Second
)

// newRig has a real redis-server and real time.
func newRig(t testing.TB, options simulator.Options) *rig {
	t.Helper()
	server := redistest.Start(t)
	r := &rig{t: t, world: simulator.New(options), redis: redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})}
	t.Cleanup(func() { _ = r.redis.Close() })
	r.lose = func() {
		server.Kill()
		server.Run()
	}
	r.start()
	return r
}

// inBubble runs a test where time costs nothing: waits end at once, a day is over when nothing is left to do. The store is
// the embedded one, since a bubble has no sockets.
func inBubble(t *testing.T, options simulator.Options, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		mini := miniredis.NewMiniRedis()
		mini.ClockTTL(true)
		dial := func(context.Context, string, string) (net.Conn, error) { return mini.Dial() }
		r := &rig{t: t, world: simulator.New(options), lose: mini.FlushAll}
		r.redis = redis.NewClient(&redis.Options{
			Dialer: dial, MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		})
		defer mini.Close()
		defer func() { _ = r.redis.Close() }()
		r.start()
		test(r)
	})
}

// start makes a new process out of the rig: nothing is kept but what the store and the vendors have.
func (r *rig) start() {
	r.t.Helper()
	log := zerolog.Nop()
	if os.Getenv("SYNCD_TEST_LOG") != "" {
		log = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr})
	}
	store := redisstore.New(r.redis, redisstore.Options{LeaseTTL: leaseTTL})
	r.store = store
	transport := watched(r.t, r.world.Transport())
	calendars, err := graph.New(simulator.GraphURL, transport, graphToken(r.world.GraphToken))
	if err != nil {
		r.t.Fatal(err)
	}
	meetings, err := webex.New(simulator.WebexURL, transport, webex.FixedToken(r.world.WebexToken("syncd")))
	if err != nil {
		r.t.Fatal(err)
	}
	keys, err := delta.NewKeys([]byte("a master key of thirty-two bytes"), r.world.Tenant())
	if err != nil {
		r.t.Fatal(err)
	}
	r.fence.t = r.t
	r.sweeper = r.newSweeper(calendars, meetings, keys, log)
	r.directory = calendars
	calendars.Share(store)
	r.rest.Spaces, r.rest.Invitees = true, true
}

func (r *rig) newSweeper(calendars *graph.Client, meetings *webex.Client, keys delta.Keys, log zerolog.Logger) *sweep.Sweeper {
	store := r.store
	return &sweep.Sweeper{
		Open:     func(m delta.Mailbox) sweep.Calendar { return calendars.Calendar(m) },
		Claim:    func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return r.fence.claim(ctx, store, m) },
		Peek:     func(ctx context.Context, m delta.Mailbox) (sweep.Memory, error) { return store.Peek(ctx, m) },
		Meetings: meetings, Pauses: store, Quotas: store, Keys: keys,
		Policy: delta.Policy{Webex: delta.MyRoom, Meet: delta.Space, Link: r.rest.Link},
		Limit:  sweep.Limit{Count: 20, Share: 0.5},
		Behind: behind, Ahead: ahead,
		Parts: parser.DefaultParts(), Log: log,
	}
}

type graphToken func() string

func (t graphToken) Token(context.Context, string) (string, error) { return t(), nil }

// mailbox adds an enrolled mailbox.
func (r *rig) mailbox(address string, options ...simulator.MailboxOption) *simulator.Mailbox {
	m := r.world.AddMailbox(address, options...)
	r.boxes = append(r.boxes, delta.Mailbox{ID: m.ID(), Address: m.Address()})
	r.rest.Enrolled = append(r.rest.Enrolled, m.Address())
	return m
}

// pass lets time pass in a bubble.
func (r *rig) pass(d time.Duration) { <-time.After(d) }

// expireLeases lets the leases of dead processes run out.
func (r *rig) expireLeases() {
	r.t.Helper()
	for _, m := range r.boxes {
		if err := r.redis.Del(r.t.Context(), "syncd:{"+m.ID+"}:lease").Err(); err != nil {
			r.t.Fatal(err)
		}
	}
}

// sweep sweeps every mailbox once and audits the world.
func (r *rig) sweep() *sweep.Report {
	r.t.Helper()
	report, err := r.trySweep(r.t.Context())
	if err != nil {
		r.t.Errorf("sweep: %v", err)
	}
	r.world.Audit(r.t, r.rest)
	return report
}

func (r *rig) trySweep(ctx context.Context) (*sweep.Report, error) {
	total := &sweep.Report{}
	var errs []error
	for _, m := range r.boxes {
		report, err := r.sweeper.Sweep(ctx, m)
		total.Add(report)
		errs = append(errs, err)
	}
	return total, errors.Join(errs...)
}

// tomorrow is a time of day on the day after today.
func tomorrow(hour int) time.Time {
	return time.Now().UTC().Truncate(24 * time.Hour).Add(time.Duration(24+hour) * time.Hour)
}

func draft(location string) simulator.Draft {
	return simulator.Draft{
		Subject: "Planning", Location: location, Body: "<html><body><p>Agenda: cake</p></body></html>", HTML: true,
		Start: tomorrow(9), End: tomorrow(10), Attendees: []string{"guest@example.org"},
	}
}

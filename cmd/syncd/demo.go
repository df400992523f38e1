package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/simulator"
)

type demoCommand struct {
	For   time.Duration `help:"End by itself after this time."`
	Every time.Duration `default:"3s" help:"How often somebody edits a calendar."`
	Seed  uint64        `default:"1" help:"Another seed makes people do other things."`
}

// Run shows the whole program at work: a simulated Microsoft 365 and Webex behind real HTTPS, people who edit their calendars, and
// the daemon that follows them. It is the same daemon that `syncd run` starts, with another configuration.
func (c *demoCommand) Run(s *surroundings) error {
	if c.Every <= 0 || c.For < 0 {
		return usageError{errors.New("--every wants a time above 0, such as 3s, and --for one that is not below 0")}
	}
	ctx := s.ctx
	if c.For > 0 {
		limited, cancel := context.WithTimeout(ctx, c.For)
		defer cancel()
		ctx = limited
	}
	stage, err := newStage(c.Seed, s.out)
	if err != nil {
		return err
	}
	e, err := (&surroundings{ctx: ctx, environ: stage.environ(), out: s.out, err: s.err}).newEngine(true, false)
	if ctx.Err() != nil && err != nil { // it was ended before it began
		return stage.close()
	}
	if err != nil {
		return errors.Join(err, stage.close())
	}
	d := newDaemon(e)
	journal := e.sweeper.Watch
	e.sweeper.Watch = func(m delta.Mailbox, seen delta.Seen, decision delta.Decision, err error) {
		journal(m, seen, decision, err)
		stage.decided(m, seen, decision, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, e.close(), stage.close())
	}
	stage.print("%d people, a simulated Microsoft 365 and Webex, and syncd. The page is at http://%s. Ctrl-C ends it.\n",
		len(stage.people), listener.Addr())
	var acting sync.WaitGroup
	acting.Go(func() { stage.act(ctx, c.Every) })
	front := newFront(listener, e.log)
	d.serve(ctx, front)
	front.close()
	acting.Wait()
	return errors.Join(stage.audit(), e.close(), stage.close())
}

// stage is the world of the demo and what is told of it.
type stage struct {
	world  *simulator.World
	server *simulator.Server
	dir    string
	people []*simulator.Mailbox
	rng    *rand.Rand // used by act alone

	mu  sync.Mutex // guards out
	out io.Writer
}

const demoClient = "5ca1ab1e-0000-4000-8000-000000000001"

var demoPeople = []string{"ada", "bo", "chen", "dana", "emil", "fatima", "goran", "hana", "ines", "jonas", "kim", "lea"}

func newStage(seed uint64, out io.Writer) (*stage, error) {
	dir, err := os.MkdirTemp("", "syncd-demo-")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	st := &stage{dir: dir, out: out, rng: rand.New(rand.NewPCG(seed, 0))}
	st.world = simulator.New(simulator.Options{Seed: seed})
	pem, err := selfSigned()
	if err == nil {
		err = os.WriteFile(st.certificate(), pem, 0o600)
	}
	if err == nil {
		err = st.world.RegisterApp(demoClient, pem)
	}
	if err == nil {
		st.server, err = st.world.Start(context.Background())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("demo: %w", err), os.RemoveAll(dir))
	}
	for _, name := range demoPeople {
		st.people = append(st.people, st.world.AddMailbox(name+"@example.com"))
	}
	return st, nil
}

func (st *stage) certificate() string { return filepath.Join(st.dir, "app.pem") }

// environ is the configuration of the demo's daemon.
func (st *stage) environ() []string {
	addresses := make([]string, len(st.people))
	for i, p := range st.people {
		addresses[i] = p.Address()
	}
	id, secret, refresh := st.world.ServiceApp()
	return []string{
		"SYNCD_TENANT_ID=" + st.world.Tenant(), "SYNCD_CLIENT_ID=" + demoClient, "SYNCD_CLIENT_CERTIFICATE=" + st.certificate(),
		"SYNCD_GRAPH_URL=" + st.server.GraphURL, "SYNCD_LOGIN_URL=" + st.server.LoginURL, "SYNCD_WEBEX_URL=" + st.server.WebexURL,
		"SYNCD_CA_FILE=" + st.server.CAFile, "SYNCD_WEBEX_CLIENT_ID=" + id, "SYNCD_WEBEX_CLIENT_SECRET=" + secret,
		"SYNCD_WEBEX_REFRESH_TOKEN=" + refresh, "SYNCD_MAILBOXES=" + strings.Join(addresses, ","),
		"SYNCD_SWEEP=@every 1s", "SYNCD_STATE_DIR=" + filepath.Join(st.dir, "state"), "SYNCD_LOG_LEVEL=error",
	}
}

func (st *stage) close() error { return errors.Join(st.server.Close(), os.RemoveAll(st.dir)) }

func (st *stage) print(format string, args ...any) {
	st.mu.Lock()
	defer st.mu.Unlock()
	fmt.Fprintf(st.out, format, args...)
}

// act lets people edit their calendars until ctx ends.
func (st *stage) act(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		st.once(n)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// once lets one person do one thing.
func (st *stage) once(n int) {
	person := st.people[st.rng.IntN(len(st.people))]
	type held struct {
		by    *simulator.Mailbox
		event simulator.Event
	}
	var events []held
	for _, p := range st.people {
		for _, e := range p.Events() {
			if e.IsOrganizer && !e.Cancelled {
				events = append(events, held{p, e})
			}
		}
	}
	if n%5 < 2 || len(events) == 0 {
		st.invite(person)
		return
	}
	chosen := events[st.rng.IntN(len(events))]
	person, e := chosen.by, chosen.event
	before := shown(e)
	var what string
	var err error
	switch n % 5 {
	case 2:
		start := e.Start.Add(time.Duration(1+st.rng.IntN(3)) * time.Hour)
		what, err = "moves it to "+start.Format("15:04"), person.Move(e.ID, start)
	case 3:
		location := []string{"Room 4", "@webex", "@webex:onetime"}[st.rng.IntN(3)]
		what = fmt.Sprintf("types %q into its location", location)
		err = person.Edit(e.ID, func(d *simulator.Draft) { d.Location = location })
	default:
		what, err = "cancels it", person.Cancel(e.ID)
	}
	if err != nil {
		what = "tries to change it: " + err.Error()
	}
	st.print("\n%s  %s %s\n    before  %s\n", time.Now().Format(time.TimeOnly), person.Address(), what, before)
}

func (st *stage) invite(person *simulator.Mailbox) {
	location := []string{"@webex", "@webex:onetime", "Room 4; @Webex", "@meet"}[st.rng.IntN(4)]
	subject := []string{"Planning", "Review", "One to one", "Quarterly figures", "Stand-up"}[st.rng.IntN(5)]
	start := time.Now().UTC().Truncate(time.Hour).Add(time.Duration(24+st.rng.IntN(200)) * time.Hour)
	guest := st.people[st.rng.IntN(len(st.people))]
	e := person.Create(simulator.Draft{
		Subject: subject, Location: location, Body: "<p>Agenda: " + strings.ToLower(subject) + ".</p>", HTML: true,
		Start: start, End: start.Add(time.Hour), Attendees: []string{guest.Address()},
	})
	st.print("\n%s  %s invites %s and types %q as the location\n    before  %s\n", time.Now().Format(time.TimeOnly),
		person.Address(), guest.Address(), location, shown(e))
}

// decided tells what syncd decided, why, and how the event looks now.
func (st *stage) decided(m delta.Mailbox, s delta.Seen, d delta.Decision, err error) {
	after := "(the event is gone)"
	if e, ok := st.world.Mailbox(m.Address).Event(s.ID); ok {
		after = shown(e)
	}
	outcome := ""
	if err != nil {
		outcome = ", which failed and comes again: " + err.Error()
	}
	st.print("\n%s  syncd, for %s: %s, because %s%s\n    after   %s\n", time.Now().Format(time.TimeOnly), m.Address, d.Action,
		d.Reason, outcome, after)
}

// shown is an event as its attendees see it.
func shown(e simulator.Event) string {
	body := parser.Body{Content: e.Body, HTML: e.HTML}
	out := fmt.Sprintf("%q  %s  at %q\n            %s", e.Subject, e.Start.Format("Mon 02 Jan 15:04"), e.Location,
		strings.ReplaceAll(body.VisibleText(), "\n", "\n            "))
	for _, block := range body.Blocks() {
		for _, line := range block.Lines {
			out += "\n            | " + line
		}
	}
	return out
}

// audit holds the world against every promise that can be judged while people are at it.
func (st *stage) audit() error {
	if err := st.world.CheckAlways(); err != nil {
		return fmt.Errorf("the audit of the demo failed: %w", err)
	}
	st.print("\nEvery promise was kept: %d meetings live, %d mails sent by Exchange.\n", len(st.world.Live()), len(st.world.Mails()))
	return nil
}

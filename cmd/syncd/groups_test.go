package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/simulator"
)

const deletedGroup = "99999999-0000-4000-8000-000000000000"

// unreadable are the ways in which a group cannot be read, with the reason that is shown.
var unreadable = map[string]struct {
	reason string
	do     func(s *site)
}{
	"deleted": {"no-mailbox", func(s *site) { s.env["SYNCD_MAILBOXES"] += ",group:" + deletedGroup }},
	"closed": {"credentials", func(s *site) {
		s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read", "User.Read.All")
	}},
	"down": {"unreachable", func(s *site) {
		s.world.Fault(simulator.Rule{Call: "ListMembers", Fault: simulator.Refuse(503, "", "")})
	}},
	"throttled": {"throttled", func(s *site) {
		s.world.Fault(simulator.Rule{Call: "ListMembers", Fault: simulator.Refuse(429, "", "120")})
	}},
}

func TestWhoNamesAGroupIsReferredToTheListOfMailboxes(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 467})
	group := "group:" + s.world.AddGroup("alice@example.com")
	s.env["SYNCD_MAILBOXES"] = group
	s.sweep()
	for _, args := range []string{"status", "cursors", "resync", "sweep --mailbox", "unenroll", "enroll", "login"} {
		got := s.syncd(append(strings.Fields(args), strings.ToUpper(group))...)
		if got.code != exitUsage || !strings.Contains(got.err, "SYNCD_MAILBOXES") || strings.Contains(got.err, "syncd enroll") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

func TestAGroupThatCannotBeReadStopsNobodyElse(t *testing.T) {
	t.Parallel()
	for what, c := range unreadable {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 461})
			redis := s.realRedis()
			bob := s.world.AddMailbox("bob@example.com")
			group := "group:" + s.world.AddGroup("bob@example.com")
			s.env["SYNCD_MAILBOXES"] = "alice@example.com"
			if what != "deleted" {
				s.env["SYNCD_MAILBOXES"] += "," + group
			} else {
				group = "group:" + deletedGroup
			}
			if what == "throttled" { // which holds of all look-ups, also of those for a first meeting
				env := s.env["SYNCD_MAILBOXES"]
				s.env["SYNCD_MAILBOXES"] = "alice@example.com"
				s.alice().Create(appointment(12, "@webex:onetime"))
				s.sweep()
				s.sweep()
				s.env["SYNCD_MAILBOXES"] = env
			}
			c.do(s)
			e := s.alice().Create(appointment(9, "@webex:onetime"))
			want := func(args string, created float64) {
				t.Helper()
				got := s.syncd(strings.Fields(args)...)
				report := object(t, got.out)
				if got.code != exitFailed || report["failed"] != 1.0 || report["mailboxes"] != 1.0 || report["created"] != created {
					t.Errorf("%s: exit code %d, %v\n%s", args, got.code, report, got.err)
				}
				if reasons := report["reasons"].(map[string]any); reasons[c.reason] != 1.0 {
					t.Errorf("%s: reasons %v", args, reasons)
				}
				if n := strings.Count(got.err, "syncd: "+group+": "); n != 1 {
					t.Errorf("%s: told %d times\n%s", args, n, got.err)
				}
				if plan, ok := report["plan"].([]any); ok && (len(plan) != 1 || plan[0].(map[string]any)["event"] != e.ID) {
					t.Errorf("%s: %v", args, plan)
				}
			}
			want("sweep --json --plan", 0)
			want("sweep --json", 1)
			want("sweep --json", 0) // whom it enrolled is swept again
			if got := s.syncd("sweep", "-m", "alice@example.com"); got.code != 0 || !strings.Contains(got.err, group) {
				t.Errorf("just alice: %+v", got)
			}
			if got := s.syncd("sweep", "-m", "bob@example.com"); got.code != exitFailed || !strings.Contains(got.err, "not enrolled") || !strings.Contains(got.err, group) {
				t.Errorf("who may be in it: %+v", got)
			}
			s.wantStatus("alice@example.com", "ok", "")
			s.wantStatus(group, "parked", c.reason)
			s.wantStatus(group, "parked", c.reason)
			if rows := list(t, s.syncd("status", "--json", group).out); len(rows) != 1 {
				t.Errorf("asked for by name: %v", rows)
			}
			if rows := list(t, s.syncd("mailboxes", "--json").out); len(rows) != 1 {
				t.Errorf("a group is enrolled: %v", rows)
			}
			if what == "deleted" {
				return
			}
			s.world.Heal()
			redis.CLI("DEL", "syncd:directory:next_at") // the time for which Graph asked is over
			s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read", "User.Read.All", "GroupMember.Read.All")
			bob.Create(appointment(9, "@webex:onetime"))
			if got := s.sweep(); got["mailboxes"] != 2.0 || got["created"] != 1.0 {
				t.Errorf("when it can be read: %v", got)
			}
			if rows := list(t, s.syncd("status", "--json").out); len(rows) != 2 {
				t.Errorf("status: %v", rows)
			}
		})
	}
}

// heard is what a daemon says.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) count(word string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.text.String(), word)
}

func TestADaemonServesTheOthersAndReadsAGroupAgainLater(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 462})
	s.realRedis()
	bob := s.world.AddMailbox("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "group:" + s.world.AddGroup("bob@example.com") + ",alice@example.com"
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.world.Fault(simulator.Rule{Call: "ListMembers", Fault: simulator.Refuse(403, "Authorization_RequestDenied", "")})
	s.alice().Create(appointment(9, "@webex:onetime"))
	bob.Create(appointment(9, "@webex:onetime"))
	said := &heard{}
	cmd := s.command("run")
	cmd.Stderr = said
	s.must(cmd.Start())
	s.t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	s.until(func() error {
		if n := s.world.Count("ListMembers", ""); n < 3 || len(s.world.Live()) != 1 {
			return fmt.Errorf("the group was read %d times, %d meetings", n, len(s.world.Live()))
		}
		return nil
	}, "alice is served, and the group was tried again")
	s.wantStatus(strings.Split(s.env["SYNCD_MAILBOXES"], ",")[0], "parked", "credentials")
	if n := said.count("a group cannot be read"); n != 1 {
		t.Errorf("told %d times", n)
	}
	s.world.Heal()
	s.rest.Enrolled = append(s.rest.Enrolled, "bob@example.com")
	s.until(func() error { return s.world.Check(s.rest) }, "bob is served too")
	s.must(cmd.Process.Signal(syscall.SIGTERM))
	s.must(cmd.Wait())
	if n := said.count("the group can be read again"); n != 1 {
		t.Errorf("told %d times that it can be read", n)
	}
	if rows := list(t, s.syncd("status", "--json").out); len(rows) != 2 {
		t.Errorf("status: %v", rows)
	}
}

func TestGroupsAreReadAgainWithinAnHourAndNotInStep(t *testing.T) {
	t.Parallel()
	d := &daemon{engine: &engine{log: zerolog.Nop()}}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	groups := []string{"group:a", "group:b"}
	var g regroup
	if g.heard(d, nil, nil, now); g.due(now.AddDate(1, 0, 0)) {
		t.Error("there are none to read")
	}
	times := map[time.Time]bool{}
	for range 20 {
		g.heard(d, groups, nil, now)
		if times[g.at] = true; g.due(now.Add(45*time.Minute-time.Nanosecond)) || !g.due(now.Add(55*time.Minute)) {
			t.Errorf("read again after %s", g.at.Sub(now))
		}
	}
	if len(times) < 10 {
		t.Errorf("twenty daemons do it at %d times", len(times))
	}
	failed := []unread{{"group:b", delta.ErrAccess}}
	for _, pause := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
		if g.heard(d, groups, failed, now); g.at != now.Add(pause*time.Second) {
			t.Errorf("after a failure %s, want %d s", g.at.Sub(now), pause)
		}
	}
	if g.heard(d, groups, nil, now); g.due(now.Add(30 * time.Minute)) {
		t.Error("read soon though it can be read")
	}
	if g.heard(d, groups, failed, now); g.at != now.Add(groupsAgain) {
		t.Errorf("after the next failure %s", g.at.Sub(now))
	}
}

// idle is a daemon in the process of the test, which does nothing yet.
func (s *site) idle() *daemon {
	s.t.Helper()
	e, err := (&surroundings{ctx: s.t.Context(), out: io.Discard, err: io.Discard, environ: pairs(s.env)}).newEngine(true, false)
	s.must(err)
	s.t.Cleanup(func() { s.must(e.close()) })
	return newDaemon(e)
}

// inside is one that has enrolled whom the configuration names.
func (s *site) inside() *daemon {
	s.t.Helper()
	d := s.idle()
	s.looks(d, time.Now())
	_, err := d.list(s.t.Context())
	s.must(err)
	return d
}

// serves lets a daemon work until the test ends, or until it is stopped.
func (s *site) serves(d *daemon) (stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	front := newFront(listener, d.log)
	ctx, cancel := context.WithCancel(s.t.Context())
	var serving sync.WaitGroup
	serving.Go(func() { d.serve(ctx, front); front.close() })
	return func() { cancel(); serving.Wait() }
}

// looks lets a daemon look up whom the configuration names, if it is time for that, and note what came of it.
func (s *site) looks(d *daemon, now time.Time) {
	s.t.Helper()
	s.must(d.enrollAnew(s.t.Context(), now))
	if d.looking != nil {
		d.lookups.Wait()
		s.must(d.enrollAnew(s.t.Context(), now))
	}
}

// enrolls wants a daemon to serve some mailboxes.
func (s *site) enrolls(d *daemon, what string, want ...string) {
	s.t.Helper()
	_, err := d.list(s.t.Context())
	s.must(err)
	var got []string
	for _, m := range *d.listed.Load() {
		got = append(got, strings.TrimSuffix(m.Address, "@example.com"))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestWhoJoinsAGroupIsEnrolledAtItsNextRead(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 466})
	s.realRedis()
	s.world.AddMailbox("bob@example.com")
	s.world.AddMailbox("carol@example.com")
	group := s.world.AddGroup("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,group:" + group
	d := s.inside()
	reads := func(after time.Duration, want int) {
		t.Helper()
		before := s.world.Count("ListMembers", "")
		s.looks(d, time.Now().Add(after))
		if got := s.world.Count("ListMembers", "") - before; got != want {
			t.Errorf("after %s read %d times, want %d", after, got, want)
		}
	}
	s.enrolls(d, "at the start", "alice", "bob")
	s.world.SetGroup(group, "bob@example.com", "carol@example.com")
	reads(44*time.Minute, 0)
	s.enrolls(d, "before the next read", "alice", "bob")
	reads(time.Hour, 1)
	s.enrolls(d, "carol joined", "alice", "bob", "carol")
	reads(time.Hour, 0)
	s.world.SetGroup(group, "carol@example.com")
	for _, name := range []string{"alice", "carol"} {
		if got := s.syncd("unenroll", name+"@example.com"); got.code != 0 {
			t.Errorf("%+v", got)
		}
	}
	s.enrolls(d, "unenrolled by hand", "bob")
	reads(2*time.Hour, 1)
	s.enrolls(d, "who left stays, who is in it comes back, and who is named does with the next start", "bob", "carol")
	s.world.Fault(simulator.Rule{Call: "ListMembers", Fault: simulator.Refuse(403, "Authorization_RequestDenied", "")})
	reads(3*time.Hour, 1)
	s.enrolls(d, "it cannot be read", "bob", "carol")
	s.wantStatus("group:"+group, "parked", "credentials")
	reads(3*time.Hour+2*time.Second, 0)
	s.world.Heal()
	reads(3*time.Hour+groupsAgain+time.Second, 1)
	if rows := list(t, s.syncd("status", "--json").out); len(rows) != 2 {
		t.Errorf("status: %v", rows)
	}
}

func TestARunningDaemonServesWhoJoinedAGroup(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 467})
	s.realRedis()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	bob := s.world.AddMailbox("bob@example.com")
	group := s.world.AddGroup("alice@example.com")
	s.env["SYNCD_MAILBOXES"] = "group:" + group
	d := s.inside()
	s.world.SetGroup(group, "alice@example.com", "bob@example.com")
	s.enrolls(d, "before the next read", "alice")
	if wait := time.Until(d.groups.at); wait < 40*time.Minute || wait > time.Hour {
		t.Fatalf("read again in %s", wait)
	}
	d.groups.at = time.Now() // in place of an hour
	defer s.serves(d)()
	s.alice().Create(appointment(9, "@webex:onetime"))
	bob.Create(appointment(9, "@webex:onetime"))
	s.rest.Enrolled = append(s.rest.Enrolled, "bob@example.com")
	s.until(func() error { return s.world.Check(s.rest) }, "bob, who joined, is served too")
}

// Nor do those who are served already wait for the directory's answer about a newcomer.
func TestALookUpThatIsNotAnsweredKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	for _, newcomer := range []string{"bob@example.com", "a group"} {
		t.Run(newcomer, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 468})
			s.realRedis()
			s.env["SYNCD_SWEEP"] = "@every 1s"
			s.sweep()
			s.world.AddMailbox("bob@example.com")
			name := newcomer
			if newcomer == "a group" {
				name = "group:" + s.world.AddGroup("bob@example.com")
			}
			s.env["SYNCD_MAILBOXES"] = name + ",alice@example.com"
			asked, answer := make(chan struct{}, 10), make(chan struct{})
			s.world.OnRequest(func(q simulator.Request) {
				if q.Call == "GetUser" && q.Mailbox == "bob@example.com" || q.Call == "ListMembers" {
					asked <- struct{}{}
					<-answer
				}
			})
			stop := s.serves(s.idle())
			<-asked
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.rest.Enrolled = []string{"alice@example.com"}
			s.until(func() error { return s.world.Check(s.rest) }, "alice is served meanwhile")
			close(answer)
			s.until(func() error {
				if list := s.syncd("mailboxes", "--json").out; !strings.Contains(list, "bob@example.com") {
					return errors.New(list)
				}
				return nil
			}, "bob is enrolled once there is an answer")
			stop()
		})
	}
}

func TestALookUpThatFailsConcernsThatMailboxOnly(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		fault  simulator.Fault
		status string
	}{
		"closed":    {simulator.Refuse(403, "Authorization_RequestDenied", ""), "syncing credentials"},
		"down":      {simulator.Refuse(503, "", ""), "syncing unreachable"},
		"throttled": {simulator.Refuse(429, "", "120"), "syncing throttled"},
		"not there": {simulator.Refuse(404, "Request_ResourceNotFound", ""), "parked no-mailbox"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 463})
			redis := s.realRedis()
			s.world.AddMailbox("bob@example.com")
			s.alice().Create(appointment(12, "@webex:onetime"))
			s.sweep() // whoever has to be looked up after bob is throttled with him
			s.env["SYNCD_MAILBOXES"] = "bob@example.com,alice@example.com"
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.world.Fault(simulator.Rule{Call: "*User*", Match: func(r simulator.Request) bool { return r.Mailbox != "alice@example.com" }, Fault: c.fault})
			for _, created := range []float64{1, 0} {
				got := s.syncd("sweep", "--json")
				report := object(t, got.out)
				if got.code != exitFailed || report["failed"] != 1.0 || report["mailboxes"] != 2.0 || report["created"] != created {
					t.Errorf("exit code %d, %v\n%s", got.code, report, got.err)
				}
			}
			states := map[any]string{}
			for _, m := range list(t, s.syncd("status", "--json").out) {
				states[m["mailbox"]] = fmt.Sprint(m["state"], " ", m["reason"])
			}
			if want := map[any]string{"alice@example.com": "ok ", "bob@example.com": c.status}; !maps.Equal(states, want) {
				t.Errorf("states %v, want %v", states, want)
			}
			s.world.Heal()
			redis.CLI("DEL", "syncd:directory:next_at") // as above
			if got := s.sweep(); got["failed"] != 0.0 {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestARefusedApplicationIsReportedForEachMailboxThatIsToBeLookedUp(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 465})
	s.world.AddMailbox("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "bob@example.com,alice@example.com"
	s.world.Fault(simulator.Rule{Call: "Token", Fault: simulator.Refuse(401, "invalid_client", "")})
	got := s.syncd("sweep", "--json")
	if report := object(t, got.out); got.code != exitFailed || report["failed"] != 2.0 || report["reasons"].(map[string]any)["credentials"] != 2.0 {
		t.Errorf("exit code %d, %v", got.code, report)
	}
}

func TestWhereTheDirectoryRefusesEverybodyMostAreNotAskedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 464})
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("m%d@example.com", i))
		s.world.AddMailbox(names[i])
	}
	s.env["SYNCD_MAILBOXES"], s.env["SYNCD_LEASE_TTL"] = strings.Join(names, ","), "30s"
	s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read")
	got := s.syncd("sweep", "--json")
	if report := object(t, got.out); got.code != exitFailed || report["failed"] != 40.0 || report["reasons"].(map[string]any)["credentials"] != 40.0 {
		t.Errorf("exit code %d, %v", got.code, report)
	}
	if n := s.world.Count("GetUser", ""); n < doorsLeast || n > 3*doorsLeast {
		t.Errorf("%d were asked for", n)
	}
	s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read", "User.Read.All")
	s.sweep()
}

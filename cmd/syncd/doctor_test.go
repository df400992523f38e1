package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"syncd/simulator"
)

// checkup is what `syncd doctor --json` printed.
type checkup struct {
	t      testing.TB
	OK     bool
	Checks []finding
	code   int
	raw    string
}

func (s *site) doctor(args ...string) checkup {
	s.t.Helper()
	return s.checkup(s.syncd(append([]string{"doctor", "--json"}, args...)...))
}

func (s *site) checkup(got outcome) checkup {
	s.t.Helper()
	c := checkup{t: s.t, code: got.code, raw: got.out + got.err}
	if err := json.Unmarshal([]byte(got.out), &c); err != nil {
		s.t.Fatalf("%v in %+v", err, got)
	}
	return c
}

func (c checkup) find(check string) finding {
	for _, f := range c.Checks {
		if f.Check == check {
			return f
		}
	}
	c.t.Errorf("no check %q in %s", check, c.raw)
	return finding{}
}

// want checks one line.
func (c checkup) want(check, status, text string) {
	c.t.Helper()
	f := c.find(check)
	if f.Status != status || !strings.Contains(f.Detail+" | "+f.Do, text) || status == checkFailed && f.Do == "" {
		c.t.Errorf("%s is %s: %s | %s; want %s with %q", check, f.Status, f.Detail, f.Do, status, text)
	}
}

// fails wants one check to have failed, and none but it and those that rest upon it.
func (c checkup) fails(check, text string, others ...string) {
	c.t.Helper()
	c.want(check, checkFailed, text)
	for _, f := range c.Checks {
		if f.Status == checkFailed && f.Check != check && !contains(others, f.Check) {
			c.t.Errorf("so has %s: %s", f.Check, f.Detail)
		}
	}
	if c.code != exitFailed || c.OK {
		c.t.Errorf("exit code %d, ok %v", c.code, c.OK)
	}
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}

func TestTheDoctorFindsNothingWhereAllIsWellAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 401})
	s.realRedis()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.world.AddMailbox("outside@example.com").Deny()
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,group:" + s.world.AddGroup("alice@example.com")
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	s.daemon() // which must not act on the test event
	seenByDaemon := make(chan struct{})
	var once sync.Once
	held := make(chan struct{})
	s.world.OnRequest(func(r simulator.Request) {
		if r.Call == "DeleteEvent" { // not before the daemon has swept twice
			<-held
		}
	})
	made, sweeps := false, 0
	var mu sync.Mutex
	s.world.OnAnswer(func(r simulator.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Call == "CreateEvent":
			made = true
		case made && strings.HasPrefix(r.Call, "Delta"):
			if sweeps++; sweeps == 3 {
				once.Do(func() { close(held); close(seenByDaemon) })
			}
		}
	})
	got := s.doctor("--mailbox", "alice@example.com", "--outside", "outside@example.com")
	<-seenByDaemon
	s.world.Unhook()
	if got.code != 0 || !got.OK {
		t.Errorf("exit code %d\n%s", got.code, got.raw)
	}
	for _, f := range got.Checks {
		if f.Status == checkFailed || f.Status == checkSkipped && f.Check != "sign-ins" {
			t.Errorf("%+v", f)
		}
	}
	got.want("mailbox scope", checkOK, "outside@example.com answers 403")
	got.want("redis", checkOK, "noeviction")
	got.want("certificate", checkOK, "expires on "+time.Now().AddDate(1, 0, 0).UTC().Format("2006-")) // the test's lives for a year
	for call, want := range map[string]int{"CreateEvent": 1, "DeleteEvent": 1, "CreateMeeting": 1} {
		if n := s.world.Count(call, ""); n != want {
			t.Errorf("%d %s", n, call)
		}
	}
	if events := s.alice().Events(); len(events) != 1 {
		t.Errorf("%d events are there", len(events))
	}
	s.world.Audit(t, s.rest)
	var shown seen
	shown.add("the doctor", got.raw)
	shown.search(t, append(s.world.Secrets(), "guest@example.org", "Planning"))

	plain := s.syncd("doctor")
	if plain.code != 0 || strings.Count(plain.out, "\n") != len(got.Checks)+1 || !strings.Contains(plain.out, "--outside") {
		t.Errorf("%+v", plain)
	}
}

func TestTheDoctorSeesAMailboxThatShouldBeClosedAndIsOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 402})
	s.world.AddMailbox("open@example.com")
	s.doctor("--outside", "open@example.com").fails("mailbox scope", "grants add up")
	s.doctor("--outside", "nobody@example.com").fails("mailbox scope", "name a mailbox that exists")
	c := s.doctor()
	c.want("mailbox scope", checkSkipped, "--outside")
	c.want("test event", checkSkipped, "--mailbox")
	if c.code != 0 || s.world.Count("CreateEvent", "") != 0 {
		t.Errorf("%s", c.raw)
	}
}

func TestTheTestEventGoesWhateverHappensMeanwhile(t *testing.T) {
	t.Parallel()
	try := func(name string, prepare func(*site), judge func(*site, checkup)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 403})
			prepare(s)
			cmd := s.command("doctor", "--json", "--mailbox", "alice@example.com")
			started := make(chan struct{})
			s.world.OnAnswer(func(r simulator.Request) {
				if name == "cut off" && r.Call == "CreateEvent" {
					<-started
					_ = cmd.Process.Signal(syscall.SIGTERM)
				}
			})
			c := s.checkup(s.finish(cmd, started))
			s.world.Heal()
			judge(s, c)
			s.world.Audit(t, s.rest)
		})
	}
	gone := func(s *site) {
		s.t.Helper()
		if events := s.alice().Events(); len(events) != 0 {
			s.t.Errorf("%d events were left", len(events))
		}
	}
	fault := func(call string, times int, f simulator.Fault) func(*site) {
		return func(s *site) { s.world.Fault(simulator.Rule{Call: call, Times: times, Fault: f}) }
	}
	try("cut off", func(s *site) { fault("CreateEvent", 1, simulator.Slow(time.Second))(s) }, func(s *site, c checkup) {
		gone(s)
		if c.code != exitFailed || s.world.Count("CreateEvent", "") != 1 || c.OK {
			s.t.Errorf("%s", c.raw)
		}
	})
	try("the answer to its making is lost", fault("CreateEvent", 1, simulator.Unheard()), func(s *site, c checkup) {
		gone(s)
		c.fails("test event", "making an event")
	})
	try("it cannot be patched", fault("PatchEvent", 0, simulator.Refuse(400, "ErrorInvalidRequest", "")), func(s *site, c checkup) {
		gone(s)
		c.fails("test event", "patching the event")
	})
	try("what is written is not kept", fault("PatchEvent", 0, simulator.Answer(200, http.Header{"Content-Type": {"application/json"}}, `{"id":"x"}`)), func(s *site, c checkup) {
		gone(s)
		c.fails("test event", "does not show the extended property")
	})
	try("the answer to its removal is lost", fault("DeleteEvent", 1, simulator.Unheard()), func(s *site, c checkup) {
		gone(s)
		if c.code != 0 {
			s.t.Errorf("%s", c.raw)
		}
	})
	try("it cannot be removed", fault("DeleteEvent", 0, simulator.Refuse(400, "ErrorInvalidRequest", "")), func(s *site, c checkup) {
		events := s.alice().Events()
		if len(events) != 1 {
			s.t.Fatalf("%d events", len(events))
		}
		c.fails("test event", "may be left in alice@example.com")
		c.want("test event", checkFailed, events[0].Start.Format(time.RFC3339))
		c.want("test event", checkFailed, "delete it by hand")
	})
	try("somebody touches it", func(s *site) {
		var once sync.Once
		s.world.OnRequest(func(r simulator.Request) {
			if r.Call == "PatchEvent" {
				once.Do(func() {
					s.must(s.alice().Edit(s.alice().Events()[0].ID, func(d *simulator.Draft) { d.Subject = "Mine" }))
				})
			}
		})
	}, func(s *site, c checkup) {
		gone(s)
		if n := s.world.Count("PatchEvent", ""); c.code != 0 || n != 2 {
			s.t.Errorf("%d PATCHes\n%s", n, c.raw)
		}
	})
}

func TestTheDoctorInIndividualModeLooksAtTheSignIn(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 404})
	s.signIn("alice@example.com")
	c := s.doctor("--mailbox", "alice@example.com", "--outside", "alice@example.com")
	c.want("certificate", checkSkipped, "only those who signed in")
	c.want("sign-ins", checkOK, "served as their owners: 1")
	c.want("permission for calendars", checkOK, "its owner's sign-in has it")
	c.want("test event", checkOK, "made, patched and removed")
	c.want("mailbox scope", checkSkipped, "people's tokens")
	if c.code != 0 {
		t.Errorf("%s", c.raw)
	}
	s.doctor().want("permission for calendars", checkOK, "its owner's sign-in has it")
	s.world.RevokeUser("alice@example.com")
	s.world.ExpireTokens(simulator.Graph)
	s.doctor().fails("permission to find mailboxes", "syncd login alice@example.com", "permission for calendars", "permission for mailbox settings")
}

func TestTheDoctorEndsWithTwoWhereTheConfigurationIsWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{})
	s.env["SYNCD_TENANT_ID"] = ""
	if got := s.syncd("doctor"); got.code != exitUsage || !strings.Contains(got.err, "tenant_id") {
		t.Errorf("%+v", got)
	}
	if got := s.syncd("doctor", "--nonsense"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
	for _, flag := range []string{"--mailbox", "--outside"} {
		if got := s.syncd("doctor", flag, "mailto:alice@example.com"); got.code != exitUsage || !strings.Contains(got.err, `"mailto:alice@example.com" is no address`) {
			t.Errorf("%+v", got)
		}
	}
}

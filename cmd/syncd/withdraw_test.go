package main

import (
	"strings"
	"syscall"
	"testing"

	"syncd/simulator"
)

func TestUnenrollWithdrawTakesEverythingOutAndSaysHowMuch(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 71})
	redis := s.realRedis()
	one := s.alice().Create(appointment(9, "@webex:onetime"))
	s.alice().Create(appointment(10, "@webex"))
	s.alice().Create(appointment(11, "Room 4"))
	s.sweep()
	plan := s.syncd("unenroll", "--withdraw", "--plan", "alice@example.com")
	if plan.code != 0 || !strings.Contains(plan.out, "2 events, at most 4 mails; nothing was written") || len(s.world.Live()) != 1 {
		t.Errorf("%+v", plan)
	}
	s.env["SYNCD_MAILBOXES"] = "" // which enrolled it
	s.alice().Withdrawn(true)
	got := s.syncd("unenroll", "--withdraw", "ALICE@example.com")
	if got.code != 0 || !strings.Contains(got.out, "join details taken out of 2 events (4 mails), 1 meetings deleted, 0 events waiting") {
		t.Errorf("%+v", got)
	}
	if e, _ := s.alice().Event(one.ID); strings.Contains(e.Body, "webex") || len(s.world.Live()) != 0 {
		t.Errorf("left: %s, %d meetings", e.Body, len(s.world.Live()))
	}
	if left := redis.CLI("HGETALL", "syncd:mailboxes"); strings.TrimSpace(left) != "" {
		t.Errorf("enrolled: %s", left)
	}
	if got := s.syncd("unenroll", "--withdraw", "alice@example.com"); got.code != 0 || !strings.Contains(got.out, "taken out of 0 events") {
		t.Errorf("said again: %+v", got)
	}
	if got := s.syncd("unenroll", "--withdraw", "ghost@example.com"); got.code != 1 || !strings.Contains(got.err, "ghost@example.com") {
		t.Errorf("a mailbox that does not exist: %+v", got)
	}
	if got := s.syncd("unenroll", "--plan", "alice@example.com"); got.code != 2 {
		t.Errorf("--plan alone: %+v", got)
	}
	if err := s.world.CheckAlways(); err != nil {
		t.Error(err)
	}
}

func TestPlainUnenrollKeepsMeetingsAndJoinDetails(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 72})
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	if got := s.syncd("unenroll", "alice@example.com"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	s.world.Audit(t, s.rest)
	s.world.ClearMails()
	if again := s.sweep(); again["patched"] != 0.0 || again["created"] != 0.0 { // the configuration enrolls it again
		t.Errorf("%v", again)
	}
	if len(s.world.Mails()) != 0 {
		t.Errorf("%d mails", len(s.world.Mails()))
	}
}

func TestAWithdrawalBesideADaemonStaysDone(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 73})
	s.env["SYNCD_SWEEP"] = "@every 1s"
	daemon := s.daemon()
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.until(func() error { return s.world.Check(s.rest) }, "the meeting is made")
	s.alice().Withdrawn(true)
	if got := s.syncd("unenroll", "--withdraw", "--anyway", "alice@example.com"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = daemon.Wait()
	if n := len(s.world.Live()); n != 0 {
		t.Errorf("%d meetings are back", n)
	}
}

package main

import (
	"bufio"
	"strings"
	"syscall"
	"testing"

	"syncd/simulator"
)

func TestAMailboxIsNamedOnceAndNeverByAnEmptyWord(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 431})
	s.world.AddMailbox("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,bob@example.com"
	for _, command := range []string{
		"sweep --mailbox=", "sweep -m alice@example.com --mailbox=", "sweep --mailbox=alice@example.com,", "resync =", "status =", "cursors =", "explain = x", "enroll =",
		"unenroll =", "unenroll --withdraw =", "resync --all alice@example.com", "resync --all --rewrite alice@example.com",
	} {
		words := strings.Fields(command)
		for i, word := range words {
			if word == "=" {
				words[i] = ""
			}
		}
		if got := s.syncd(words...); got.code != exitUsage || got.out != "" || got.err == "" {
			t.Errorf("%s: %+v", command, got)
		}
	}
	if n := s.world.Count("*", ""); n != 0 {
		t.Errorf("%d requests", n)
	}
	got := s.sweep("-m", "alice@example.com", "--mailbox", "ALICE@Example.com", "-m", s.alice().ID())
	if got["mailboxes"] != 1.0 {
		t.Errorf("one mailbox, named three times: %v", got)
	}
	if got := s.sweep("-m", "alice@example.com,bob@example.com"); got["mailboxes"] != 2.0 {
		t.Errorf("two mailboxes in one word: %v", got)
	}
	if shown := s.syncd("status", "--json", "alice@example.com", "Alice@example.com"); len(list(t, shown.out)) != 1 {
		t.Errorf("status of one, named twice: %s", shown.out)
	}
}

func TestWhoIsNotEnrolledCannotBeUnenrolled(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 432})
	s.sweep()
	for _, words := range [][]string{{"unenroll", "nobody@example.com"}, {"status", "nobody@example.com"}, {"resync", "nobody@example.com"}} {
		if got := s.syncd(words...); got.code != exitUsage || !strings.Contains(got.err, "nobody@example.com") {
			t.Errorf("%v: %+v", words, got)
		}
	}
	got := s.syncd("unenroll", "alice@example.com", "nobody@example.com") // the others are served
	if got.code != exitUsage || got.out != "unenrolled alice@example.com\n" {
		t.Errorf("%+v", got)
	}
}

func TestWhoWaitsForAResyncThatNobodyServesIsToldSo(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 438})
	s.sweep()
	cmd := s.command("resync", "--all", "--wait")
	said, err := cmd.StderrPipe()
	s.must(err)
	s.must(cmd.Start())
	line, _ := bufio.NewReader(said).ReadString('\n')
	s.must(cmd.Process.Signal(syscall.SIGTERM))
	if err := cmd.Wait(); !strings.Contains(line, "is a daemon running") || err == nil {
		t.Errorf("it says %q, and ends with %v", line, err)
	}
}

func TestAMailboxMayBeNamedByItsDirectoryID(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 433})
	const nobody = "99999999-0000-4000-8000-000000000000"
	id := s.alice().ID()
	s.env["SYNCD_MAILBOXES"] = strings.ToUpper(id) + "," + nobody
	s.alice().Create(appointment(9, "@webex:onetime"))
	if got := s.syncd("sweep", "--json"); got.code != exitFailed || object(t, got.out)["created"] != 1.0 {
		t.Errorf("%+v", got)
	}
	wantRow := func(when string) {
		t.Helper()
		rows := map[any]any{}
		for _, row := range list(t, s.syncd("mailboxes", "--json").out) {
			rows[row["mailbox"]] = row["id"]
		}
		if rows["alice@example.com"] != id || rows[nobody] != "" || len(rows) != 2 {
			t.Errorf("%s: %v", when, rows)
		}
	}
	wantRow("by the configuration")
	if got := s.syncd("enroll", id); got.code != 0 || !strings.HasPrefix(got.out, "enrolled alice@example.com, which is the address of "+id) {
		t.Errorf("%+v", got)
	}
	wantRow("enrolled once more")
	s.syncd("sweep")
	wantRow("after another sweep")
	if got := s.statusOf(nobody); got["state"] != "parked" || got["reason"] != "no-mailbox" {
		t.Errorf("who is not there: %v", got)
	}
	s.world.Audit(t, s.rest)
}

func TestADryRunSeesTheMembersOfAGroupThatAreNotEnrolledYet(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 434})
	s.world.AddMailbox("bob@example.com")
	s.env["SYNCD_MAILBOXES"] = "group:" + s.world.AddGroup("alice@example.com", "bob@example.com") + ",alice@example.com"
	s.alice().Create(appointment(9, "@webex:onetime"))
	got := s.sweep("--plan")
	if plan, ok := got["plan"].([]any); !ok || len(plan) != 1 || got["mailboxes"] != 2.0 {
		t.Errorf("%v", got)
	}
}

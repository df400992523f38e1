package main

import (
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"syncd/delta"
	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// byHand is a site with nobody in the configuration, and with some enrolled by hand.
func byHand(t *testing.T, seed uint64, names ...string) (*site, *redistest.Server) {
	t.Helper()
	s := newSite(t, simulator.Options{Seed: seed})
	redis := s.realRedis()
	s.dave()
	s.env["SYNCD_MAILBOXES"] = ""
	for _, name := range names {
		if got := s.syncd("enroll", name); got.code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	return s, redis
}

func (s *site) names() string {
	s.t.Helper()
	var names []string
	for _, row := range list(s.t, s.syncd("mailboxes", "--json").out) {
		names = append(names, row["mailbox"].(string))
	}
	return strings.Join(names, " ")
}

func TestWhoWasEnrolledByHandIsEnrolledAgainAfterRedisWasEmptied(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"redis", "embedded"} {
		for _, swept := range []bool{false, true} {
			t.Run(store, func(t *testing.T) {
				t.Parallel()
				s := newSite(t, simulator.Options{Seed: 481})
				empty := func() { s.must(os.Remove(s.path("state/redis.snapshot"))) }
				if store == "redis" {
					redis := s.realRedis()
					empty = func() { redis.CLI("FLUSHALL") }
				}
				dave := s.dave()
				s.env["SYNCD_MAILBOXES"] = ""
				for _, name := range []string{"alice@example.com", "dave.alias@example.com"} {
					s.syncd("enroll", name)
				}
				if swept {
					s.sweep()
				}
				if info, err := os.Stat(s.path("state/enrolled")); err != nil || info.Mode() != fs.FileMode(0o600) {
					t.Fatalf("%v, %v", info, err)
				}
				empty()
				dave.Create(appointment(9, "@webex:onetime"))
				if got := s.sweep("--plan"); got["mailboxes"] != 2.0 || len(got["plan"].([]any)) != 1 {
					t.Errorf("a plan: %v", got)
				}
				if got := s.names(); got != "" {
					t.Errorf("a plan enrolled %s", got)
				}
				got := s.syncd("sweep", "--json")
				if report := object(t, got.out); got.code != 0 || report["mailboxes"] != 2.0 || report["created"] != 1.0 {
					t.Errorf("%+v", got)
				}
				if !strings.Contains(got.err, `"mailboxes":2`) || !strings.Contains(got.err, "is enrolled again") {
					t.Errorf("the log does not say how many: %s", got.err)
				}
				if got := s.syncd("status", "dave.alias@example.com"); got.code != 0 {
					t.Errorf("the alias is lost: %+v", got)
				}
				if got := s.syncd("sweep"); got.code != 0 || strings.Contains(got.err, "again") {
					t.Errorf("another sweep: %+v", got)
				}
			})
		}
	}
}

func TestWhoWasUnenrolledDoesNotComeBack(t *testing.T) {
	t.Parallel()
	s, redis := byHand(t, 482, "alice@example.com", "dave.alias@example.com")
	s.sweep()
	redis.CLI("FLUSHALL")
	if got := s.syncd("unenroll", "alice@example.com"); got.code != 0 { // before anybody noticed
		t.Errorf("%+v", got)
	}
	s.sweep()
	if got := s.names(); got != "dave@example.com" {
		t.Errorf("enrolled: %s", got)
	}
	if got := s.syncd("unenroll", "dave.alias@example.com"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	redis.CLI("FLUSHALL")
	got := s.syncd("sweep", "--json")
	if got.code != 0 || object(t, got.out)["mailboxes"] != 0.0 || !strings.Contains(got.err, "no mailbox is enrolled") || !strings.Contains(got.err, "was emptied") {
		t.Errorf("%+v", got)
	}
	if got := s.syncd("sweep"); !strings.Contains(got.err, "no mailbox is enrolled") || strings.Contains(got.err, "was emptied") {
		t.Errorf("once more: %+v", got)
	}
}

// A machine hears of what another one did; its copy is as good as that one's.
func TestEveryMachineKeepsItsCopyAndAnotherTenantsIsNone(t *testing.T) {
	t.Parallel()
	s, redis := byHand(t, 483, "alice@example.com")
	s.sweep()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.elsewhere("b")
	daemon := s.daemon()
	bs := roster{path: s.path("b/enrolled"), tenant: s.world.Tenant()}
	knows := func(want string) func() error {
		return func() error {
			list, err := bs.read()
			var names []string
			for _, m := range list.mailboxes {
				names = append(names, m.Address)
			}
			if strings.Join(names, " ") != want {
				return errNotYet
			}
			return err
		}
	}
	s.until(knows("alice@example.com"), "the other machine has a copy")
	s.env["SYNCD_STATE_DIR"] = s.path("state")
	s.syncd("enroll", "dave@example.com")
	s.until(knows("alice@example.com dave@example.com"), "it heard of who came")
	s.syncd("unenroll", "dave@example.com")
	s.until(knows("alice@example.com"), "it heard of who left")
	s.must(daemon.Process.Signal(syscall.SIGTERM))
	s.must(daemon.Wait())
	redis.CLI("FLUSHALL")
	s.elsewhere("b")
	s.sweep()
	if got := s.names(); got != "alice@example.com" {
		t.Errorf("enrolled: %s", got)
	}
	redis.CLI("FLUSHALL")
	raw, err := os.ReadFile(bs.path)
	s.must(err)
	s.must(os.WriteFile(bs.path, []byte(strings.Replace(string(raw), s.world.Tenant(), "another", 1)), 0o600))
	if got := s.syncd("sweep"); got.code != exitUsage || !strings.Contains(got.err, `was "another"`) {
		t.Errorf("the state folder is another tenant's: %+v", got)
	}
	if got := strings.TrimSpace(redis.CLI("KEYS", "*")); strings.Contains(got, "mailboxes") || strings.Contains(got, "key") {
		t.Errorf("written: %s", got)
	}
}

func TestADaemonThatIsStartedOnAnEmptiedRedisServesWhoWasEnrolled(t *testing.T) {
	t.Parallel()
	s, redis := byHand(t, 484, "alice@example.com")
	s.env["SYNCD_SWEEP"] = "@every 1s"
	redis.CLI("FLUSHALL")
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.daemon()
	s.until(func() error { return s.world.Check(s.rest) }, "alice is served")
}

func TestARosterIsWrittenOnlyWhenItIsAnotherOne(t *testing.T) {
	r := roster{path: t.TempDir() + "/enrolled", tenant: "T"}
	write := func(list rosterList) os.FileInfo {
		t.Helper()
		if err := r.write(list); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(r.path)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	odd := rosterList{[]delta.Mailbox{{Address: "b", ID: "2"}, {Address: "a"}, {Address: "x\ty", ID: "3"}, {Address: "x\ny", ID: "4"}}, map[string]string{"c": "2"}}
	first := write(odd)
	if again := write(odd); !os.SameFile(first, again) {
		t.Error("the same one was written anew")
	}
	raw, _ := os.ReadFile(r.path)
	if want := "syncd enrolled 1 t\nalias\tc\t2\nmailbox\ta\t\nmailbox\tb\t2\n"; string(raw) != want {
		t.Errorf("%q, want %q", raw, want)
	}
	if other := write(rosterList{}); os.SameFile(first, other) {
		t.Error("another one was not written")
	}
	list, err := roster{path: t.TempDir()}.read()
	if err == nil {
		t.Errorf("a folder in its place: %v", list)
	}
}

func TestADamagedListOfWhoWasEnrolledIsToldOf(t *testing.T) {
	t.Parallel()
	s, redis := byHand(t, 487, "alice@example.com", "dave@example.com")
	whole, err := os.ReadFile(s.path("state/enrolled"))
	s.must(err)
	half, _, _ := strings.Cut(string(whole), "\tdave")
	for text, left := range map[string]string{"": "", "garbage": "", half: "alice@example.com", strings.Replace(string(whole), "\tdave@", " dave@", 1): "alice@example.com"} {
		s.must(os.WriteFile(s.path("state/enrolled"), []byte(text), 0o600))
		redis.CLI("FLUSHALL")
		got := s.syncd("sweep", "--json")
		if got.code != 0 || strings.Count(got.err, "is damaged") == 0 || s.names() != left {
			t.Errorf("%q: %+v, enrolled are %q", text, got, s.names())
		}
		if kept, err := os.ReadFile(s.path("state/enrolled.damaged")); err != nil || string(kept) != text {
			t.Errorf("%q: kept is %q, %v", text, kept, err)
		}
	}
}

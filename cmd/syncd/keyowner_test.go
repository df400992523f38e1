package main

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// refusedKey wants a command to be refused since Redis belongs to another key.
func (s *site) refusedKey(what string, got outcome) {
	s.t.Helper()
	if got.code != exitUsage || got.out != "" {
		s.t.Errorf("%s: %+v", what, got)
	}
	for _, want := range []string{"redis belongs to another key", "key_file (SYNCD_KEY_FILE)", "copy the key file", "mails everybody"} {
		if !strings.Contains(got.err, want) {
			s.t.Errorf("%s does not say %q: %s", what, want, got.err)
		}
	}
}

func TestAProcessWithAnotherKeyIsRefusedAndWritesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 421})
	redis := s.realRedis()
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	noted := strings.TrimSpace(redis.CLI("GET", "syncd:key"))
	if raw, err := os.ReadFile(s.path("state/key")); err != nil || !regexp.MustCompile("^[0-9a-f]{32} "+regexp.QuoteMeta(strings.ToLower(s.world.Tenant()))+"$").MatchString(noted) || strings.Contains(string(raw), noted) {
		t.Errorf("noted %q, %v", noted, err)
	}
	writes := func() int { return s.world.Count("PatchEvent", "") + s.world.Count("*Meeting", "") }
	before, written := redis.CLI("DBSIZE"), writes()
	first := s.env["SYNCD_STATE_DIR"]
	s.env["SYNCD_STATE_DIR"] = s.path("other")
	for _, command := range [][]string{{"sweep"}, {"sweep", "--plan"}, {"run"}, {"enroll", "alice@example.com"}, {"unenroll", "--withdraw", "alice@example.com"}, {"resync", "--all", "--rewrite"}, {"login", "alice@example.com"}, {"explain", "alice@example.com", "x"}} {
		s.refusedKey(strings.Join(command, " "), s.syncd(command...))
		if _, err := os.Stat(s.path("other/key")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v made a key file: %v", command, err)
		}
	}
	got := s.doctor()
	got.want("key file", checkFailed, "redis belongs to another key")
	if got.code != exitFailed {
		t.Errorf("the doctor: %d", got.code)
	}
	redis2 := s.env["SYNCD_REDIS_URL"]
	s.env["SYNCD_REDIS_URL"] = "embedded"
	if got := s.syncd("enroll", "alice@example.com"); got.code != 0 { // makes a key
		t.Fatalf("%+v", got)
	}
	s.env["SYNCD_REDIS_URL"] = redis2
	s.refusedKey("sweep with a key of its own", s.syncd("sweep"))
	if n := writes(); n != written {
		t.Errorf("%d writes, of which %d were its owner's", n, written)
	}
	if now := redis.CLI("DBSIZE"); now != before || strings.TrimSpace(redis.CLI("GET", "syncd:key")) != noted {
		t.Errorf("%s keys, before %s", now, before)
	}
	if got := s.syncd("status", "--json"); got.code != 0 || len(list(t, got.out)) != 1 {
		t.Errorf("status needs no key: %+v", got)
	}
	s.env["SYNCD_STATE_DIR"] = first
	s.sweep()
	s.world.Audit(t, s.rest)

	redis.CLI("DEL", "syncd:key") // as the message says for a key that is lost
	s.env["SYNCD_STATE_DIR"] = s.path("other")
	s.sweep()
	s.env["SYNCD_STATE_DIR"] = first
	s.refusedKey("the first one then", s.syncd("sweep"))
}

func TestADryRunNotesNoKey(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 422})
	redis := s.realRedis()
	s.sweep("--plan")
	if n := strings.TrimSpace(redis.CLI("DBSIZE")); n != "0" {
		t.Errorf("%s keys: %s", n, redis.CLI("KEYS", "*"))
	}
	if _, err := os.Stat(s.path("state")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("state folder: %v", err)
	}
	s.sweep()
	s.sweep("--plan")
}

func TestTheEmbeddedStoreBelongsToItsKeyToo(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 423})
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	s.must(os.Rename(s.path("state/key"), s.path("key")))
	s.refusedKey("without its key", s.syncd("sweep"))
	if got := s.syncd("sweep", "--plan"); got.code != exitUsage || !strings.Contains(got.err, "redis.sock DEL syncd:key") || !strings.Contains(got.err, "is not there") {
		t.Errorf("%+v", got)
	}
	s.must(os.Rename(s.path("key"), s.path("state/key")))
	if got := s.sweep(); got["patched"] != 0.0 {
		t.Errorf("%v", got)
	}
	s.world.Audit(t, s.rest)

	s.must(os.Remove(s.path("state/key"))) // lost for good: as the message says
	waiting := s.command("resync", "--all", "--wait")
	s.must(waiting.Start())
	redistest.Eventually(t, "the store is open", func() error {
		_, err := os.Stat(s.path("state/redis.sock"))
		return err
	})
	if said := redistest.CLI(t, "-s", s.path("state/redis.sock"), "DEL", "syncd:key"); strings.TrimSpace(said) != "1" {
		t.Errorf("redis-cli: %s", said)
	}
	s.must(waiting.Process.Signal(syscall.SIGTERM))
	_ = waiting.Wait()
	if got := s.sweep(); got["patched"] != 1.0 || got["created"] != 0.0 {
		t.Errorf("with a new key: %v", got)
	}
	if n := len(s.world.Live()); n != 1 {
		t.Errorf("%d meetings", n)
	}
}

func TestADaemonWhoseRedisWasTakenByAnotherKeySweepsNoMore(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 424, 0, 3)
	f.env["SYNCD_LISTEN"] = freeAddress(t)
	f.daemons = append(f.daemons, f.start())
	f.alice().Create(appointment(9, "@webex:onetime"))
	f.settle("the start")
	f.redis.CLI("EVAL", "redis.call('FLUSHALL') redis.call('SET', 'syncd:key', 'of another') return redis.call('ZADD', 'syncd:due:0', 1, 'theirs')", "0")
	f.eventually("it is not ready", func() bool {
		status, body := f.get("/readyz")
		return status == 503 && strings.Contains(body, "redis belongs to another key")
	})
	f.eventually("the log says so", func() bool { return strings.Contains(f.logged(), "redis belongs to another key") })
	f.quiet(4 * time.Second) // it would sweep every second
	if got := f.redis.CLI("ZSCORE", "syncd:due:0", "theirs") + f.redis.CLI("KEYS", "*"); strings.TrimSpace(got) != "1\nsyncd:key\nsyncd:due:0" && strings.TrimSpace(got) != "1\nsyncd:due:0\nsyncd:key" {
		t.Errorf("it wrote into the other's: %s", got)
	}
	f.redis.CLI("FLUSHALL")
	f.alice().Create(appointment(11, "@webex:onetime"))
	f.settle("Redis was emptied once more")
	f.eventually("it is ready again", func() bool { status, _ := f.get("/readyz"); return status == 200 })
	if f.redis.CLI("GET", "syncd:key") == "" {
		t.Error("Redis belongs to nobody")
	}
}

// quiet waits until nothing is asked for some time.
func (f *fleet) quiet(most time.Duration) {
	f.t.Helper()
	deadline := time.After(3 * time.Minute)
	for {
		select {
		case <-f.answers:
		case <-time.After(most):
			return
		case <-deadline:
			f.t.Fatalf("it does not stop asking\n%s", f.logged())
		}
	}
}

func TestTheTenantsNameMayBeWrittenInOtherLettersAndNotBeAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 426})
	redis := s.realRedis()
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	writes := func() int { return s.world.Count("PatchEvent", "") + s.world.Count("*Meeting", "") }
	before, was := writes(), s.env["SYNCD_TENANT_ID"]
	s.env["SYNCD_TENANT_ID"] = strings.ToUpper(was)
	for _, lose := range []bool{false, true} {
		if lose {
			redis.CLI("FLUSHALL")
		}
		s.syncd("resync", "--all")
		if got := s.syncd("sweep", "--json"); got.code != 0 || writes() != before {
			t.Errorf("in capitals: %d writes, %+v", writes()-before, got)
		}
	}
	for _, name := range []string{"example.onmicrosoft.com", "0a1b2c3d-0000-4000-8000-00000000000a"} {
		s.env["SYNCD_TENANT_ID"] = name
		for _, lose := range []bool{false, true} {
			if lose {
				redis.CLI("FLUSHALL")
			}
			for _, command := range [][]string{{"sweep"}, {"sweep", "--plan"}, {"run"}, {"enroll", "alice@example.com"}} {
				got := s.syncd(command...)
				if got.code != exitUsage || !strings.Contains(got.err, "tenant_id (SYNCD_TENANT_ID)") || !strings.Contains(got.err, strings.ToLower(was)) || writes() != before {
					t.Errorf("%s, lost %v, %v: %+v", name, lose, command, got)
				}
			}
		}
		s.env["SYNCD_TENANT_ID"] = was
		s.sweep()
	}
	for _, name := range []string{"common", "Organizations"} {
		s.env["SYNCD_TENANT_ID"] = name
		if got := s.syncd("sweep"); got.code != exitUsage || !strings.Contains(got.err, "is no tenant") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

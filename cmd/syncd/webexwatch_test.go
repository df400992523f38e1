package main

import (
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"syncd/simulator"
)

func TestTwoProcessesAtOnceRefreshTheWebexTokenOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 81, Quirks: simulator.Quirks{DropOldToken: true}})
	redis := s.realRedis()
	s.world.AddMailbox("bo@example.com").Create(appointment(9, "@webex:onetime"))
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,bo@example.com"
	s.rest.Enrolled = append(s.rest.Enrolled, "bo@example.com")
	for _, name := range []string{"alice@example.com", "bo@example.com"} {
		if got := s.syncd("enroll", name); got.code != 0 {
			t.Fatalf("%+v", got)
		}
	}
	s.world.Fault(simulator.Rule{Call: "AccessToken", Fault: simulator.Slow(time.Second)})
	var both sync.WaitGroup
	for i, name := range []string{"alice@example.com", "bo@example.com"} {
		cmd := s.command("sweep", "--mailbox", name)
		cmd.Env = append(cmd.Env, "SYNCD_STATE_DIR="+s.path("state"+string(rune('a'+i))), "SYNCD_KEY_FILE="+s.path("state/key"))
		both.Go(func() {
			if got := s.finish(cmd, nil); got.code != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
	both.Wait()
	if n := s.world.Count("AccessToken", ""); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	s.world.Audit(t, s.rest)
	_, secret, refresh := "", s.env["SYNCD_WEBEX_CLIENT_SECRET"], s.env["SYNCD_WEBEX_REFRESH_TOKEN"]
	for _, kept := range []string{redis.CLI("GET", "syncd:webex:token"), redis.CLI("HGETALL", "syncd:webex:refresh")} {
		if kept == "" || strings.Contains(kept, "canary") || strings.Contains(kept, secret) || strings.Contains(kept, refresh) {
			t.Errorf("in Redis: %s", kept)
		}
	}
	// Redis is lost, and so is the token that the portal gave: the file in the state folder has the one that lives.
	redis.CLI("FLUSHALL")
	s.env["SYNCD_STATE_DIR"], s.env["SYNCD_KEY_FILE"] = s.path("statea"), s.path("state/key")
	if _, err := os.Stat(s.path("statea/webex-token")); err != nil {
		s.env["SYNCD_STATE_DIR"] = s.path("stateb")
	}
	s.sweep()
	if n := s.world.Count("AccessToken", ""); n != 1 {
		t.Errorf("%d refreshes after Redis was lost", n)
	}
}

func TestATokenThatDiesSoonOrIsRefusedIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 82})
	redis := s.realRedis()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.env["SYNCD_LISTEN"] = freeAddress(t)
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.daemon()
	s.until(func() error { return s.world.Check(s.rest) }, "the daemon serves")
	s.ready(200, "ready\n")
	redis.CLI("HSET", "syncd:webex:refresh", "expires", time.Now().Add(30*24*time.Hour+time.Hour).UTC().Format(time.RFC3339))
	s.ready(200, "ready\n")
	redis.CLI("HSET", "syncd:webex:refresh", "expires", time.Now().Add(29*24*time.Hour+time.Hour).UTC().Format(time.RFC3339))
	s.ready(200, "(29 days)")
	if got := s.syncd("status"); got.code != 0 || !strings.Contains(got.err, "(29 days)") {
		t.Errorf("%+v", got)
	}
	yesterday := time.Now().Add(-24 * time.Hour).UTC()
	redis.CLI("HSET", "syncd:webex:refresh", "expires", yesterday.Format(time.RFC3339))
	s.ready(200, "died on "+yesterday.Format(time.DateOnly)+": authorise")
	redis.CLI("HSET", "syncd:webex:refresh", "refused", "yes")
	s.ready(503, "authorise the Service App again")
	if got := s.syncd("status", "--json"); got.code != 0 || !strings.Contains(got.err, "authorise the Service App again") || len(list(t, got.out)) != 1 {
		t.Errorf("%+v", got)
	}
}

// ready asks the daemon whether it can work.
func (s *site) ready(status int, want string) {
	s.t.Helper()
	answer, err := http.Get("http://" + s.env["SYNCD_LISTEN"] + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != status || !strings.Contains(string(text), want) {
		s.t.Errorf("/readyz says %d %s, want %d and %q", answer.StatusCode, text, status, want)
	}
}

func TestACertificateThatEndsSoonIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 83})
	s.realRedis()
	s.env["SYNCD_SWEEP"], s.env["SYNCD_LISTEN"] = "@every 1s", freeAddress(t)
	ends := time.Now().Add(9*24*time.Hour + time.Hour)
	s.installs(certificateFor(t, time.Now().Add(-time.Hour), ends, true))
	hook := s.path("hook.pem")
	s.must(os.WriteFile(hook, certificateFor(t, time.Now().Add(-time.Hour), ends.Add(5*24*time.Hour), true), 0o600))
	listen := freeAddress(t)
	s.env["SYNCD_NOTIFICATION_URL"], s.env["SYNCD_WEBHOOK_LISTEN"], s.env["SYNCD_WEBHOOK_CERTIFICATE"] = "https://"+listen+"/graph", listen, hook
	s.alice().Create(appointment(9, "@webex:onetime"))
	said := &heard{}
	daemon := s.command("run")
	daemon.Stderr = said
	s.must(daemon.Start())
	t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
	})
	s.until(func() error {
		if said.count("(9 days)") == 0 {
			return errNotYet
		}
		return nil
	}, "the log tells of it")
	s.until(func() error { return s.world.Check(s.rest) }, "the daemon serves")
	s.ready(200, "ready\n")
	for _, want := range []string{"SYNCD_CLIENT_CERTIFICATE", "expires on " + ends.Format(time.DateOnly) + " (9 days), and no mailbox", "SYNCD_WEBHOOK_CERTIFICATE", "(14 days), and Graph sends no"} {
		s.ready(200, want)
		if got := s.syncd("status"); got.code != 0 || !strings.Contains(got.err, want) {
			t.Errorf("no %q in %+v", want, got)
		}
	}
	s.installs(certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(31*24*time.Hour), true))
	if got := s.syncd("status"); strings.Contains(got.err, "SYNCD_CLIENT_CERTIFICATE") {
		t.Errorf("a new one: %s", got.err)
	}
	s.must(os.Remove(hook))
	s.ready(200, "Graph sends no notifications meanwhile")
	s.must(os.WriteFile(s.env["SYNCD_CLIENT_CERTIFICATE"], []byte("no PEM"), 0o600))
	s.ready(200, "no mailbox is served once the token in hand is over")
	s.ready(200, "it is no PEM")
	if got := s.syncd("status"); got.code != 0 || strings.Contains(got.err, "token in hand") {
		t.Errorf("somebody else need not read it: %+v", got)
	}
}

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
	s.sweep()
	s.daemon()
	s.until(func() error { return s.world.Check(s.rest) }, "the daemon is there")
	ready := func(status int, want string) {
		t.Helper()
		answer, err := http.Get("http://" + s.env["SYNCD_LISTEN"] + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != status || !strings.Contains(string(text), want) {
			t.Errorf("/readyz says %d %s, want %d and %q", answer.StatusCode, text, status, want)
		}
	}
	ready(200, "ready\n")
	redis.CLI("HSET", "syncd:webex:refresh", "expires", time.Now().Add(30*24*time.Hour+time.Hour).UTC().Format(time.RFC3339))
	ready(200, "ready\n")
	redis.CLI("HSET", "syncd:webex:refresh", "expires", time.Now().Add(29*24*time.Hour+time.Hour).UTC().Format(time.RFC3339))
	ready(200, "(29 days)")
	if got := s.syncd("status"); got.code != 0 || !strings.Contains(got.err, "(29 days)") {
		t.Errorf("%+v", got)
	}
	redis.CLI("HSET", "syncd:webex:refresh", "refused", "yes")
	ready(503, "authorise the Service App again")
	if got := s.syncd("status", "--json"); got.code != 0 || !strings.Contains(got.err, "authorise the Service App again") || len(list(t, got.out)) != 1 {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"os"
	"strings"
	"testing"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// elsewhere makes the next commands run on another machine, which has the key file and a state folder of its own.
func (s *site) elsewhere(name string) {
	s.t.Helper()
	dir := s.path(name)
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		key, err := os.ReadFile(s.path("state/key"))
		s.must(err)
		s.must(os.Mkdir(dir, 0o700))
		s.must(os.WriteFile(dir+"/key", key, 0o600))
	}
	s.env["SYNCD_STATE_DIR"] = dir
}

// says holds when Redis answers a command with this.
func says(redis *redistest.Server, want string, command ...string) func() error {
	return func() error {
		if strings.TrimSpace(redis.CLI(command...)) != want {
			return errNotYet
		}
		return nil
	}
}

// Old refresh tokens are dead at once here, so that who has only the configured one has nothing.
var rotating = simulator.Quirks{DropOldToken: true}

func TestAMachineThatUsedTheTokenOnceHasItWhenRedisIsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 471, Quirks: rotating})
	redis := s.realRedis()
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	s.elsewhere("b")
	s.sweep("--plan")
	if _, err := os.Stat(s.path("b/webex-token")); !os.IsNotExist(err) {
		t.Errorf("a dry run keeps it: %v", err)
	}
	s.sweep() // an idle one
	raw, err := os.ReadFile(s.path("b/webex-token"))
	if err != nil || strings.TrimSpace(redis.CLI("GET", "syncd:webex:token")) != string(raw) {
		t.Fatalf("kept here: %s, %v", raw, err)
	}
	redis.CLI("FLUSHALL")
	s.must(os.RemoveAll(s.path("state"))) // and the machine that refreshed it
	s.alice().Create(appointment(10, "@webex:onetime"))
	if got := s.sweep(); got["created"] != 1.0 {
		t.Errorf("%v", got)
	}
	s.world.Audit(t, s.rest)
}

func TestAMachineThatHasTheTokenPutsItBackForTheOthers(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"sweep", "daemon", "sweep --plan"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 472, Quirks: rotating})
			redis := s.realRedis()
			s.env["SYNCD_SWEEP"] = "@every 1s"
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.sweep()
			if by == "daemon" {
				s.daemon()
				s.until(func() error {
					if s.world.Count("DeltaResume", "") < 3 {
						return errNotYet
					}
					return nil
				}, "the daemon serves")
			}
			redis.CLI("FLUSHALL")
			if by != "daemon" { // else that may be first
				s.elsewhere("b") // which never had it
				s.alice().Create(appointment(10, "@webex:onetime"))
				if got := s.syncd("sweep"); got.code != exitFailed {
					t.Errorf("%+v", got)
				}
			}
			s.env["SYNCD_STATE_DIR"] = s.path("state")
			switch by {
			case "sweep --plan":
				s.syncd("sweep", "--plan")
				if got := strings.TrimSpace(redis.CLI("EXISTS", "syncd:webex:token")); got != "0" {
					t.Error("a plan wrote")
				}
				return
			case "sweep":
				s.syncd("sweep", "-m", "alice@example.com")
			case "daemon":
				s.until(says(redis, "1", "EXISTS", "syncd:webex:token"), "it puts the token back")
			}
			before := s.world.Count("AccessToken", "")
			s.elsewhere("b")
			s.alice().Create(appointment(11, "@webex:onetime"))
			if got := s.syncd("sweep"); got.code != 0 {
				t.Errorf("%+v", got)
			}
			if _, err := os.Stat(s.path("b/webex-token")); err != nil {
				t.Error(err)
			}
			if n := s.world.Count("AccessToken", "") - before; n != 0 {
				t.Errorf("%d refreshes", n)
			}
			if got := s.syncd("status"); strings.Contains(got.err, "refuse") {
				t.Errorf("still shown as refused: %s", got.err)
			}
		})
	}
}

// Both were down while Redis was lost, and the one without a copy is started first: it notes that Webex refuses.
func TestAMachineThatComesLaterWithTheTokenEndsTheRefusal(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 473, Quirks: rotating})
	redis := s.realRedis()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.sweep()
	redis.CLI("FLUSHALL")
	s.alice().Create(appointment(10, "@webex:onetime"))
	s.elsewhere("b")
	s.daemon()
	s.until(says(redis, "yes", "HGET", "syncd:webex:refresh", "refused"), "it is refused")
	s.env["SYNCD_STATE_DIR"] = s.path("state")
	other := s.daemon()
	s.until(says(redis, "1", "EXISTS", "syncd:webex:token"), "the token is back")
	s.until(says(redis, "", "HGET", "syncd:webex:refresh", "refused"), "it is no longer shown as refused")
	s.must(other.Process.Kill()) // the first one is alone again, and had been refused a moment ago
	_ = other.Wait()
	live := len(s.world.Live())
	s.alice().Create(appointment(11, "@webex:onetime"))
	redis.CLI("XADD", "syncd:hints", "*", "mailbox", "alice@example.com") // else it waits for the minute that follows a refusal
	s.until(func() error {
		if len(s.world.Live()) == live {
			return errNotYet
		}
		return nil
	}, "the first one serves with it")
}

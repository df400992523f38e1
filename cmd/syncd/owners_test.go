package main

import (
	"os"
	"strings"
	"testing"

	"syncd/simulator"
)

func TestWhoIsSignedOutIsParkedUntilHeSignsInAgain(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"redis", "embedded"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := individual(t, simulator.Options{Seed: 305})
			if store == "redis" {
				s.realRedis()
			}
			s.env["SYNCD_SWEEP"] = "@every 1s"
			s.signIn("alice@example.com")
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.daemon()
			s.until(func() error { return s.world.Check(s.rest) }, "the daemon serves")
			s.world.RevokeUser("alice@example.com")
			s.world.ExpireTokens(simulator.Graph)
			s.until(func() error {
				if got := s.statusOf("alice@example.com"); got["state"] != "parked" || got["reason"] != "signed-out" {
					return errNotYet
				}
				return nil
			}, "it is parked")
			s.alice().Create(appointment(11, "@webex:onetime"))
			s.signIn("alice@example.com")
			s.until(func() error { return s.world.Check(s.rest) }, "it is served again, long before the hour is over")
			s.until(func() error { // the cursor moves last
				if got := s.statusOf("alice@example.com"); got["state"] != "ok" {
					return errNotYet
				}
				return nil
			}, "it is as before")
		})
	}
}

func TestATokenThatGraphDoesNotTakeAnyMoreIsRenewedByTheRefreshToken(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 306})
	s.signIn("alice@example.com")
	s.alice().Create(appointment(9, "@webex:onetime"))
	before := s.world.Count("Token", "")
	s.sweep()
	if n := s.world.Count("Token", "") - before; n != 0 {
		t.Errorf("the token that the sign-in gave was there, and %d were asked for", n)
	}
	s.world.ExpireTokens(simulator.Graph) // and MSAL's cache does not know
	s.alice().Create(appointment(10, "@webex:onetime"))
	s.sweep()
	s.sweep()
	if n := s.world.Count("Token", "") - before; n != 1 {
		t.Errorf("%d tokens", n)
	}
	s.world.Audit(t, s.rest)
}

func TestAnOwnersTokenServesHisMailboxInPlaceOfTheApplications(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 307})
	redis := s.realRedis()
	s.world.AddMailbox("bo@example.com").Create(appointment(9, "@webex:onetime"))
	s.env["SYNCD_MAILBOXES"] = "alice@example.com,bo@example.com"
	s.rest.Enrolled = append(s.rest.Enrolled, "bo@example.com")
	s.alice().Create(appointment(9, "@webex:onetime"))
	s.alice().Deny()  // to the application
	audit := func() { // which takes a closed mailbox for one that nobody serves
		t.Helper()
		s.alice().Restore()
		s.world.Audit(t, s.rest)
		s.alice().Deny()
	}
	if got := s.syncd("sweep"); got.code != exitFailed {
		t.Errorf("%+v", got)
	}
	s.wantStatus("alice@example.com", "parked", "access-denied")
	s.signIn("alice@example.com")
	s.sweep()
	audit()

	// Redis is lost: the state folder has it.
	redis.CLI("FLUSHALL")
	s.alice().Create(appointment(10, "@webex:onetime"))
	s.sweep()
	audit()

	// Taken back, the application is on its own again, on this machine and on every other.
	elsewhere := s.path("elsewhere")
	s.must(os.CopyFS(elsewhere, os.DirFS(s.path("state"))))
	s.must(os.Chmod(elsewhere+"/key", 0o600))
	if got := s.syncd("login", "alice@example.com", "--forget"); got.code != 0 || !strings.Contains(got.out, "alice@example.com is not signed in any more") {
		t.Errorf("%+v", got)
	}
	if got := s.syncd("login", "alice@example.com", "--forget"); got.code != exitFailed || !strings.Contains(got.err, "is not signed in") {
		t.Errorf("%+v", got)
	}
	for _, dir := range []string{s.path("state"), elsewhere} {
		s.env["SYNCD_STATE_DIR"] = dir
		if got := s.syncd("sweep"); got.code != exitFailed || !strings.Contains(got.err, "ErrorAccessDenied") {
			t.Errorf("%+v", got)
		}
		if _, err := os.Stat(dir + "/signins/" + s.alice().ID()); err == nil {
			t.Errorf("%s still has the sign-in", dir)
		}
	}
	if strings.Contains(redis.CLI("HGETALL", "syncd:signins"), "sealed") {
		t.Error("Redis still has the sign-in")
	}
}

func TestUnenrollingForgetsTheSignIn(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"unenroll", "alice@example.com"}, {"unenroll", "--withdraw", "alice@example.com"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			s := individual(t, simulator.Options{Seed: 308})
			redis := s.realRedis()
			delete(s.env, "SYNCD_MAILBOXES")
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.signIn("alice@example.com")
			s.sweep()
			if len(args) > 2 {
				s.alice().Withdrawn(true)
			}
			if got := s.syncd(args...); got.code != 0 {
				t.Fatalf("%+v", got)
			}
			if strings.Contains(redis.CLI("HGETALL", "syncd:signins"), "sealed") || strings.Contains(files(t, s.path("state/signins")), "sealed") {
				t.Error("the sign-in is kept")
			}
			s.sweep() // and does not enroll the mailbox again
			if got := s.syncd("mailboxes", "--json"); strings.TrimSpace(got.out) != "[]" {
				t.Errorf("%s", got.out)
			}
		})
	}
}

func TestASignInOfANewPersonWithAnOldAddressIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 309})
	if got := s.syncd("enroll", "alice@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	s.alice().Rename("alice.before@example.com")
	s.world.AddMailbox("alice@example.com", simulator.WithID("22222222-0000-4000-8000-000000000000"))
	l := s.login("alice@example.com")
	s.must(s.world.SignIn(l.code, "alice@example.com"))
	if got := l.ends(); got.code != exitFailed || !strings.Contains(got.err, "nothing was kept") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(s.path("state/signins")); err == nil {
		t.Error("something was kept")
	}
}

func TestPeopleWhoAreSignedOutAreNoFaultOfTheApplication(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 310})
	s.realRedis()
	var names []string
	for _, name := range []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"} {
		names = append(names, name)
		s.world.AddMailbox(name)
		s.signIn(name)
	}
	delete(s.env, "SYNCD_MAILBOXES")
	s.sweep()
	for _, name := range names {
		s.world.RevokeUser(name)
	}
	s.world.ExpireTokens(simulator.Graph)
	reasons := object(t, s.syncd("sweep", "--json").out)["reasons"].(map[string]any)
	if reasons["signed-out"] != 6.0 || reasons["application-refused"] != nil {
		t.Errorf("reasons %v", reasons)
	}
	for _, name := range names {
		s.wantStatus(name, "parked", "signed-out")
	}
}

func TestATokenThatGraphRefusesForGoodIsItsOwnersTrouble(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 311})
	s.signIn("alice@example.com")
	s.world.Fault(simulator.Rule{Call: "Delta*", Fault: simulator.Refuse(401, "InvalidAuthenticationToken", "")})
	if got := s.syncd("sweep"); got.code != exitFailed {
		t.Errorf("%+v", got)
	}
	s.wantStatus("alice@example.com", "parked", "signed-out")
	s.world.Heal()
	s.world.Fault(simulator.Rule{Call: "Token", Fault: simulator.Refuse(503, "temporarily_unavailable", "")})
	s.world.ExpireTokens(simulator.Graph)
	if got := s.syncd("sweep"); got.code != exitFailed {
		t.Errorf("%+v", got)
	}
	if got := s.statusOf("alice@example.com"); got["reason"] != "unreachable" {
		t.Errorf("an outage is %v", got)
	}
}

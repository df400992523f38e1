package webex

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// granted is a Service App in a world.
type granted struct {
	world               *simulator.World
	id, secret, refresh string
	vault               *safe
	warned              []error
}

func grantIn(options simulator.Options) *granted {
	g := &granted{world: simulator.New(options), vault: &safe{}}
	g.id, g.secret, g.refresh = g.world.ServiceApp()
	return g
}

// app is a process that begins now.
func (g *granted) app() *ServiceApp {
	return NewServiceApp(simulator.WebexURL+"/", g.id, g.secret, g.refresh, g.world.Transport(), g.vault, func(err error) { g.warned = append(g.warned, err) })
}

func (g *granted) asked() int { return g.world.Count("AccessToken", "") }

func want(t *testing.T, s *ServiceApp, refused string) string {
	t.Helper()
	token, err := s.Token(t.Context(), refused)
	if err != nil || token == "" || token == refused {
		t.Fatalf("token %q, %v", token, err)
	}
	return token
}

// pass lets time pass in a bubble.
func pass(d time.Duration) { <-time.After(d) }

func TestTheAnswerToARefreshIsReadAndKeptBeforeItIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{replies: []reply{ok(fixture(t, "oauth.refresh.200"), "")}}
		vault := &safe{}
		s := NewServiceApp(apiRoot, "app id", "a&secret", "first+refresh", w, vault, nil)
		if got := want(t, s, ""); got != "EXAMPLE_ACCESS" {
			t.Errorf("token %q", got)
		}
		if !strings.Contains(string(vault.stored), "EXAMPLE_REFRESH") || vault.writes != 1 {
			t.Errorf("stored %s", vault.stored)
		}
		if left := time.Until(vault.dies); left != 7775999*time.Second {
			t.Errorf("the refresh token lives for %s", left)
		}
		if w.sent[0] != "POST "+apiRoot+"/access_token" || w.bodies[0] != "client_id=app+id&client_secret=a%26secret&grant_type=refresh_token&refresh_token=first%2Brefresh" {
			t.Errorf("asked %s with %s", w.sent[0], w.bodies[0])
		}
	})
}

func TestTokensAreRenewedAtHalfTheirLifeAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grantIn(simulator.Options{Seed: 1})
		s := g.app()
		first := want(t, s, "")
		pass(6 * 24 * time.Hour)
		if again := want(t, s, ""); again != first || g.asked() != 1 {
			t.Errorf("renewed early: asked %d times", g.asked())
		}
		pass(2 * 24 * time.Hour)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { _, _ = s.Token(t.Context(), "") })
		}
		all.Wait()
		if again := want(t, s, ""); again == first || g.asked() != 2 {
			t.Errorf("20 callers asked %d times in all", g.asked())
		}
		if next := g.app(); want(t, next, "") == first || g.asked() != 2 {
			t.Errorf("a restart asked again")
		}
	})
}

func TestARefusedTokenIsReplacedAndTheCallGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grantIn(simulator.Options{Seed: 2})
		g.world.AddMailbox("alice@example.com")
		client, err := New(simulator.WebexURL, g.world.Transport(), g.app())
		if err != nil {
			t.Fatal(err)
		}
		g.world.Fault(simulator.Rule{Call: "PersonalRoom*", Nth: 2, Fault: simulator.Refuse(http.StatusUnauthorized, "expired", "")})
		for range 3 {
			if _, err := client.Room(t.Context(), "alice@example.com"); err != nil {
				t.Fatal(err)
			}
		}
		if g.asked() != 2 {
			t.Errorf("asked for a token %d times, want 2", g.asked())
		}
	})
}

func TestATokenThatAnotherProcessRenewedIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grantIn(simulator.Options{Seed: 3, Quirks: simulator.Quirks{DropOldToken: true}})
		one, other := g.app(), g.app()
		want(t, one, "")
		want(t, other, "")
		pass(8 * 24 * time.Hour)
		renewed := want(t, one, "") // with it died the refresh token that the other knows
		if got := want(t, other, ""); got != renewed || g.asked() != 2 {
			t.Errorf("asked %d times", g.asked())
		}
	})
}

func TestANewlyConfiguredRefreshTokenWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grantIn(simulator.Options{Seed: 4})
		want(t, g.app(), "")
		g.world.RevokeServiceApp(g.id)
		g.id, g.secret, g.refresh = g.world.ServiceApp() // authorised again
		if want(t, g.app(), ""); g.asked() != 2 {
			t.Errorf("asked %d times", g.asked())
		}
	})
}

func TestATokenThatCannotBeStoredIsNotUsedUntilItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := grantIn(simulator.Options{Seed: 5, Quirks: simulator.Quirks{DropOldToken: true}})
		s := g.app()
		want(t, s, "")
		pass(13 * 24 * time.Hour)
		kept := string(g.vault.stored)
		full := &refusingVault{safe: g.vault}
		s.vault = full
		if token, err := s.Token(t.Context(), ""); err != nil { // the old one works for another day
			t.Errorf("%q, %v", token, err)
		}
		if len(g.warned) == 0 || string(g.vault.stored) != kept {
			t.Errorf("warned of %v", g.warned)
		}
		pass(2 * 24 * time.Hour)
		if token, err := s.Token(t.Context(), ""); err == nil {
			t.Errorf("%q is used and not stored", token)
		}
		full.works = true
		pass(time.Minute)
		if want(t, s, ""); string(g.vault.stored) == kept {
			t.Error("it is not stored now")
		}
		if want(t, g.app(), ""); t.Failed() {
			t.Log(g.warned)
		}
	})
}

// refusingVault can be read and not written.
type refusingVault struct {
	*safe
	works bool
}

func (v *refusingVault) StoreToken(ctx context.Context, tokens []byte) error {
	if !v.works {
		return errors.New("disk full")
	}
	return v.safe.StoreToken(ctx, tokens)
}

func TestARefusedRefreshNamesItsCureAndAnOutageIsWaitedOut(t *testing.T) {
	html := simulator.HTML(http.StatusOK)
	for name, test := range map[string]struct {
		fault simulator.Fault
		want  error
		says  string
	}{
		"400":       {simulator.Refuse(400, "invalid_grant", ""), delta.ErrCredentials, "authorise the Service App again"},
		"401":       {simulator.Refuse(401, "invalid_client", ""), delta.ErrCredentials, "webex_refresh_token"},
		"500":       {simulator.Refuse(500, "trouble", ""), delta.ErrTrouble, "500"},
		"429":       {simulator.Refuse(429, "slow", "3"), delta.ErrTrouble, "429"},
		"redirect":  {simulator.Redirect(simulator.ForeignURL), delta.ErrTrouble, "302"},
		"HTML":      {html, delta.ErrTrouble, "cannot be read"},
		"lost":      {simulator.Lose(), delta.ErrTrouble, ""},
		"cut":       {simulator.Truncate(), delta.ErrTrouble, "cannot be read"},
		"no tokens": {simulator.Answer(200, http.Header{"Content-Type": {"application/json"}}, `{}`), delta.ErrTrouble, "cannot be read"},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := grantIn(simulator.Options{Seed: 6})
			s := g.app()
			g.world.Fault(simulator.Rule{Call: "AccessToken", Fault: test.fault})
			token, err := s.Token(t.Context(), "")
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) || token != "" {
				t.Errorf("%s: %q, %v", name, token, err)
			}
			for _, secret := range g.world.Secrets() {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s: the error shows a secret: %v", name, err)
				}
			}
			asked := g.asked()
			for range 50 {
				_, _ = s.Token(t.Context(), "")
			}
			if g.asked() != asked {
				t.Errorf("%s: every caller asks again", name)
			}
			g.world.Heal()
			pass(time.Minute)
			first := want(t, s, "")
			pass(8 * 24 * time.Hour)
			g.world.Fault(simulator.Rule{Call: "AccessToken", Fault: test.fault})
			if again := want(t, s, ""); again != first || len(g.warned) == 0 {
				t.Errorf("%s: the old token works still; warned of %v", name, g.warned)
			}
			next := g.app()
			for range 2 {
				if again := want(t, next, ""); again != first {
					t.Errorf("%s: another token for a process that begins now", name)
				}
			}
			if err := g.world.CheckAlways(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestAFixedTokenThatIsRefusedIsTheOperatorsBusiness(t *testing.T) {
	if token, err := FixedToken("t").Token(t.Context(), ""); token != "t" || err != nil {
		t.Error(token, err)
	}
	if token, err := FixedToken("t").Token(t.Context(), "t"); token != "" || !errors.Is(err, delta.ErrCredentials) || !strings.Contains(err.Error(), "webex_token") {
		t.Error(token, err)
	}
}

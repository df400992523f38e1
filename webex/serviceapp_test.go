package webex

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/rest"
	"syncd/simulator"
)

// shelf is a vault in memory that several daemons share.
type shelf struct {
	mu      sync.Mutex
	value   []byte
	turn    chan struct{}
	broken  error // of StoreToken
	stores  int
	older   []byte   // another copy
	kept    []string // what was to stand in all places
	lost    bool     // others had not had it
	expires time.Time
	refused bool
}

func newShelf() *shelf { return &shelf{turn: make(chan struct{}, 1)} }

func (s *shelf) LoadTokens(context.Context) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all [][]byte
	for _, value := range [][]byte{s.value, s.older} {
		if value != nil {
			all = append(all, value)
		}
	}
	return all, nil
}

// KeepToken is told what is kept.
func (s *shelf) KeepToken(_ context.Context, tokens []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, string(tokens))
	return s.lost, nil
}

func (s *shelf) StoreToken(_ context.Context, tokens []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.stores++
	s.value = tokens
	return nil
}

func (s *shelf) LockToken(context.Context, time.Duration) (func(), bool, error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, true, nil
	default:
		return nil, false, nil
	}
}

func (s *shelf) NoteToken(_ context.Context, expires time.Time, refused bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expires, s.refused = expires, refused
	return nil
}

// office is a Service App at a simulated Webex that kills old refresh tokens at once.
type office struct {
	*testing.T
	world               *simulator.World
	id, secret, refresh string
	shelf               *shelf
}

func inOffice(t *testing.T, test func(o *office)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o := &office{T: t, world: simulator.New(simulator.Options{Seed: 1, Quirks: simulator.Quirks{DropOldToken: true}}), shelf: newShelf()}
		o.id, o.secret, o.refresh = o.world.ServiceApp()
		test(o)
	})
}

// app is the token source of a new process.
func (o *office) app() *ServiceApp {
	return NewServiceApp(simulator.WebexURL, o.id, o.secret, o.refresh, o.world.Transport(), o.shelf, nil)
}

func (o *office) token(s *ServiceApp, refused string) string {
	o.Helper()
	token, err := s.Token(o.Context(), refused)
	if err != nil {
		o.Fatal(err)
	}
	return token
}

// pass lets time pass in the bubble.
func (o *office) pass(d time.Duration) { <-time.After(d) }

func (o *office) refreshes() int { return o.world.Count("AccessToken", "") }

func TestATokenIsRefreshedAtHalfItsLifeAndNotBefore(t *testing.T) {
	inOffice(t, func(o *office) {
		s := o.app()
		first := o.token(s, "")
		o.pass(6 * 24 * time.Hour)
		if o.token(s, "") != first || o.token(o.app(), "") != first || o.refreshes() != 1 {
			o.Errorf("%d refreshes in six days", o.refreshes())
		}
		o.pass(25 * time.Hour)
		second := o.token(s, "")
		if second == first || o.refreshes() != 2 || time.Until(o.shelf.expires) < 89*24*time.Hour {
			o.Errorf("%d refreshes after seven days, refresh token lives until %s", o.refreshes(), o.shelf.expires)
		}
		// A year of weekly use: the refresh token never dies.
		for range 52 {
			o.pass(7*24*time.Hour + time.Minute)
			o.token(s, "")
		}
		if o.refreshes() != 54 {
			o.Errorf("%d refreshes", o.refreshes())
		}
	})
}

func TestOfManyDaemonsOneRefreshesAndAllHaveTheGoodToken(t *testing.T) {
	inOffice(t, func(o *office) {
		o.world.Fault(simulator.Rule{Call: "AccessToken", Fault: simulator.Slow(3 * time.Second)})
		apps := []*ServiceApp{o.app(), o.app(), o.app(), o.app()}
		for round := 1; round <= 3; round++ {
			tokens := make([]string, len(apps))
			var all sync.WaitGroup
			for i, s := range apps {
				all.Go(func() { tokens[i], _ = s.Token(o.Context(), "") })
			}
			all.Wait()
			o.pass(time.Minute) // who used the old one meanwhile has looked again
			for i, s := range apps {
				tokens[i] = o.token(s, "")
				if tokens[i] != tokens[0] {
					o.Errorf("round %d: daemons use different tokens", round)
				}
			}
			if o.refreshes() != round {
				o.Errorf("%d refreshes for %d needs", o.refreshes(), round)
			}
			o.pass(7*24*time.Hour + time.Minute)
		}
	})
}

func TestATokenThatWasRefusedIsRefreshedOnceByAll(t *testing.T) {
	inOffice(t, func(o *office) {
		a, b := o.app(), o.app()
		dead := o.token(a, "")
		o.token(b, "")
		o.world.ExpireTokens(simulator.Webex)
		fresh := o.token(a, dead)
		if fresh == dead || o.token(b, dead) != fresh || o.refreshes() != 2 {
			o.Errorf("%d refreshes", o.refreshes())
		}
	})
}

func TestATokenThatCannotBeStoredIsNotUsedAndNotLost(t *testing.T) {
	inOffice(t, func(o *office) {
		s := o.app()
		first := o.token(s, "")
		o.pass(7*24*time.Hour + time.Minute)
		o.shelf.broken = errors.New("disk full")
		if got := o.token(s, ""); got != first {
			o.Error("a token is used that is stored nowhere")
		}
		o.pass(10 * time.Minute)
		if got := o.token(s, ""); got != first || o.refreshes() != 2 {
			o.Errorf("%d refreshes while nothing can be stored", o.refreshes())
		}
		o.shelf.broken = nil
		o.pass(10 * time.Minute)
		second := o.token(s, "")
		if second == first || o.refreshes() != 2 || o.token(o.app(), "") != second {
			o.Errorf("%d refreshes", o.refreshes())
		}
	})
}

func TestARefusedRefreshTokenIsTheOperatorsBusinessAndAnotherOneWins(t *testing.T) {
	inOffice(t, func(o *office) {
		s := o.app()
		o.token(s, "")
		o.world.RevokeServiceApp(o.id)
		o.pass(15 * 24 * time.Hour)
		_, err := s.Token(o.Context(), "")
		if !errors.Is(err, delta.ErrCredentials) || !strings.Contains(err.Error(), "authorise the Service App again") || strings.Contains(err.Error(), "canary") || !o.shelf.refused {
			o.Errorf("%v, shown %v", err, o.shelf.refused)
		}
		before := o.refreshes()
		for range 100 {
			_, _ = s.Token(o.Context(), "")
		}
		if n := o.refreshes() - before; n != 0 {
			o.Errorf("asked %d times more at once", n)
		}
		o.id, o.secret, o.refresh = o.world.ServiceApp()
		if o.token(o.app(), ""); o.shelf.refused {
			o.Error("still shown as refused")
		}
	})
}

func TestAnOldTokenOutOfABackupGivesWayToTheConfiguredOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := simulator.New(simulator.Options{Seed: 1}) // old refresh tokens live on here
		o := &office{T: t, world: world, shelf: newShelf()}
		o.id, o.secret, o.refresh = world.ServiceApp()
		o.token(o.app(), "")
		o.shelf.value = []byte(strings.Replace(string(o.shelf.value), `"refresh":"`, `"refresh":"x`, 1))
		o.pass(15 * 24 * time.Hour)
		o.token(o.app(), "")
	})
}

func TestAnOlderCopyIsTriedWhereWebexDoesNotTakeTheLaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := simulator.New(simulator.Options{Seed: 1, Quirks: simulator.Quirks{DropOldToken: true}}) // the configured one is dead
		o := &office{T: t, world: world, shelf: newShelf()}
		o.id, o.secret, o.refresh = world.ServiceApp()
		o.token(o.app(), "")
		good := o.shelf.value
		o.shelf.older, o.shelf.value = good, []byte(strings.Replace(string(good), `"refresh":"`, `"refresh":"x`, 1))
		o.pass(15 * 24 * time.Hour)
		before := o.refreshes()
		if o.token(o.app(), ""); o.refreshes()-before != 2 || o.shelf.refused {
			o.Errorf("%d refreshes", o.refreshes()-before)
		}
		// All are dead: each is tried once.
		o.shelf.older, o.shelf.value = o.shelf.value, []byte(strings.Replace(string(o.shelf.value), `"refresh":"`, `"refresh":"x`, 1))
		o.world.RevokeServiceApp(o.id)
		o.pass(15 * 24 * time.Hour)
		before = o.refreshes()
		_, err := o.app().Token(o.Context(), "")
		if !errors.Is(err, delta.ErrCredentials) || !strings.Contains(err.Error(), "authorise the Service App again") || o.refreshes()-before != 3 || !o.shelf.refused {
			o.Errorf("%d refreshes, %v", o.refreshes()-before, err)
		}
		if o.shelf.expires.IsZero() {
			o.Error("when the token dies is forgotten")
		}
	})
}

// Redis was emptied, this machine never had a copy, and while Webex refuses the configured token another machine brings its own.
func TestWhatAnotherMachineBringsWhileTheConfiguredTokenIsRefusedIsUsed(t *testing.T) {
	inOffice(t, func(o *office) {
		first := o.token(o.app(), "")
		kept := o.shelf.value
		o.shelf.value = nil
		o.world.Fault(simulator.Rule{Call: "AccessToken", Fault: simulator.Slow(2 * time.Second)})
		go func() {
			o.pass(time.Second)
			o.shelf.mu.Lock()
			defer o.shelf.mu.Unlock()
			o.shelf.value = kept
		}()
		if got := o.token(o.app(), ""); got != first || o.shelf.refused {
			o.Errorf("another token, or shown as refused: %v", o.shelf.refused)
		}
	})
}

func TestWhoWasRefusedUsesWhatAnotherMachineBringsAtOnce(t *testing.T) {
	inOffice(t, func(o *office) {
		first := o.token(o.app(), "")
		kept := o.shelf.value
		o.shelf.value = nil
		late := o.app()
		for range 3 {
			o.pass(time.Minute)
			if _, err := late.Token(o.Context(), ""); !errors.Is(err, delta.ErrCredentials) {
				o.Fatal(err)
			}
		}
		before := o.refreshes()
		o.shelf.value = kept
		if got := o.token(late, ""); got != first || o.refreshes() != before {
			o.Errorf("%q, and %d refreshes", got, o.refreshes()-before)
		}
		if got, err := late.Token(o.Context(), first); got == first {
			o.Errorf("a token is given that was refused, %v", err)
		}
	})
}

func TestATokenThatIsReadStandsInAllPlacesAndIsNotShownAsRefusedAnyMore(t *testing.T) {
	inOffice(t, func(o *office) {
		if err := o.app().Keep(o.Context()); err != nil || len(o.shelf.kept) != 0 {
			o.Errorf("there is none: %v, kept %d", err, len(o.shelf.kept))
		}
		o.token(o.app(), "")
		o.shelf.refused, o.shelf.expires = true, time.Time{} // says a machine that had no copy
		if err := o.app().Keep(o.Context()); err != nil || len(o.shelf.kept) != 1 || o.shelf.kept[0] != string(o.shelf.value) || !o.shelf.refused {
			o.Errorf("%v, kept %d, shown as refused %v", err, len(o.shelf.kept), o.shelf.refused)
		}
		o.shelf.lost = true
		if o.token(o.app(), ""); len(o.shelf.kept) != 2 || o.shelf.refused || o.shelf.expires.IsZero() {
			o.Errorf("kept %d, shown as refused %v", len(o.shelf.kept), o.shelf.refused)
		}
		other := o.app()
		other.refresh = "configured anew" // what came from another one is nobody's business
		if err := other.Keep(o.Context()); err != nil || len(o.shelf.kept) != 2 {
			o.Errorf("%v, kept %d", err, len(o.shelf.kept))
		}
	})
}

func TestTroubleAtTheTokenEndpointKeepsTheOldTokenInUse(t *testing.T) {
	inOffice(t, func(o *office) {
		var warned []error
		s := NewServiceApp(simulator.WebexURL, o.id, o.secret, o.refresh, o.world.Transport(), o.shelf, func(err error) { warned = append(warned, err) })
		first := o.token(s, "")
		for name, fault := range map[string]simulator.Fault{
			"503": simulator.Refuse(503, "", ""), "HTML": simulator.HTML(200), "lost": simulator.Lose(), "429": simulator.Refuse(429, "", "120"),
		} {
			o.pass(7*24*time.Hour + time.Minute)
			o.world.Fault(simulator.Rule{Call: "AccessToken", Fault: fault})
			warned = nil
			if got := o.token(s, ""); got != first || len(warned) != 1 {
				o.Errorf("%s: another token, %d warnings", name, len(warned))
			}
			o.world.Heal()
			o.pass(time.Hour)
			second := o.token(s, "")
			if second == first {
				o.Errorf("%s: not refreshed when it was over", name)
			}
			first = second
		}
	})
}

var _ rest.Tokens = (*ServiceApp)(nil)

func TestALifetimeThatIsNotSaidOrMakesNoSenseLastsForMoreThanOneRequest(t *testing.T) {
	for _, said := range []string{``, `,"expires_in":0`, `,"expires_in":-5`, `,"expires_in":1000000000000000000,"refresh_token_expires_in":9000000000000000000`} {
		g, err := readGrant(strings.NewReader(`{"access_token":"a"` + said + `}`))
		if left := time.Until(g.Expires); err != nil || left < 30*time.Minute || left > 400*24*time.Hour {
			t.Errorf("%q: lives for %v, %v", said, left, err)
		}
		if left := time.Until(g.RefreshExpires); !g.RefreshExpires.IsZero() && (left < 0 || left > 400*24*time.Hour) {
			t.Errorf("%q: the refresh token lives for %v", said, left)
		}
	}
}

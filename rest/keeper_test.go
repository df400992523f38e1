package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// issuer gives out tokens t1, t2, … for an hour, due after half of it.
type issuer struct {
	mu     sync.Mutex
	issued int
	asked  int
	fails  error         // given instead
	takes  time.Duration // before it answers
}

func (i *issuer) renew(ctx context.Context, _ string) (rest.Token, error) {
	i.mu.Lock()
	i.asked++
	fails, takes := i.fails, i.takes
	i.mu.Unlock()
	if err := rest.Wait(ctx, takes); err != nil {
		return rest.Token{}, err
	}
	if fails != nil {
		return rest.Token{}, fails
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.issued++
	now := time.Now()
	return rest.Token{Value: fmt.Sprintf("t%d", i.issued), Renew: now.Add(30 * time.Minute), Expires: now.Add(time.Hour)}, nil
}

func token(t *testing.T, k *rest.Keeper, refused, want string) {
	t.Helper()
	if got, err := k.Token(t.Context(), refused); err != nil || got != want {
		t.Errorf("token %q, %v; want %q", got, err, want)
	}
}

func TestATokenIsKeptUntilItIsDueAndThenRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		k := rest.NewKeeper(i.renew, nil)
		token(t, k, "", "t1")
		<-time.After(29 * time.Minute)
		token(t, k, "", "t1")
		<-time.After(2 * time.Minute)
		token(t, k, "", "t2")
	})
}

func TestARefusedTokenIsRenewedOnceForAHundredCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{takes: time.Second}
		k := rest.NewKeeper(i.renew, nil)
		token(t, k, "", "t1")
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() { token(t, k, "t1", "t2") })
		}
		callers.Wait()
		token(t, k, "t1", "t2") // one who comes late with the old one
		if i.asked != 2 {
			t.Errorf("%d renewals, want 2", i.asked)
		}
	})
}

func TestAFailedRenewalIsSharedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{takes: time.Second, fails: delta.ErrCredentials}
		k := rest.NewKeeper(i.renew, nil)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				_, err := k.Token(t.Context(), "")
				is(t, err, delta.ErrCredentials)
			})
		}
		callers.Wait()
		if i.asked != 1 {
			t.Errorf("asked %d times, want once", i.asked)
		}
		i.fails = nil
		<-time.After(time.Minute)
		token(t, k, "", "t1")
	})
}

func TestTroubleIsTriedThreeTimesAndThenLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{fails: delta.ErrTrouble}
		k := rest.NewKeeper(i.renew, nil)
		for range 10 {
			_, err := k.Token(t.Context(), "")
			is(t, err, delta.ErrTrouble)
		}
		if i.asked != 3 {
			t.Errorf("asked %d times, want 3", i.asked)
		}
	})
}

func TestRetryAfterOfTheTokenAddressIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		i := &issuer{fails: &delta.LaterError{At: began.Add(2 * time.Minute), Err: delta.ErrTrouble}}
		k := rest.NewKeeper(i.renew, nil)
		for time.Since(began) < 119*time.Second {
			_, err := k.Token(t.Context(), "")
			var later *delta.LaterError
			if !errors.As(err, &later) {
				t.Fatal(err)
			}
			<-time.After(10 * time.Second)
		}
		if i.asked != 1 {
			t.Errorf("asked %d times before Retry-After", i.asked)
		}
		i.fails = nil
		<-time.After(time.Second)
		token(t, k, "", "t1")
	})
}

func TestAShortRetryAfterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var asked []time.Duration
		k := rest.NewKeeper(func(context.Context, string) (rest.Token, error) {
			asked = append(asked, time.Since(began))
			if len(asked) == 1 {
				return rest.Token{}, &delta.LaterError{At: began.Add(7 * time.Second), Err: delta.ErrTrouble}
			}
			return rest.Token{Value: "t", Renew: began.Add(time.Hour), Expires: began.Add(time.Hour)}, nil
		}, nil)
		token(t, k, "", "t")
		if len(asked) != 2 || asked[1] < 7*time.Second {
			t.Errorf("asked at %v", asked)
		}
	})
}

func TestATokenThatStillWorksIsUsedWhileRenewalFails(t *testing.T) {
	for _, trouble := range []error{delta.ErrTrouble, delta.ErrCredentials} {
		synctest.Test(t, func(t *testing.T) {
			i := &issuer{}
			var warned []error
			k := rest.NewKeeper(i.renew, func(err error) { warned = append(warned, err) })
			token(t, k, "", "t1")
			i.fails = trouble
			<-time.After(31 * time.Minute)
			token(t, k, "", "t1")
			token(t, k, "", "t1")
			if len(warned) != 1 || !errors.Is(warned[0], trouble) {
				t.Errorf("warned of %v", warned)
			}
			if _, err := k.Token(t.Context(), "t1"); !errors.Is(err, trouble) { // refused: it does not work after all
				t.Errorf("error %v", err)
			}
			<-time.After(30 * time.Minute)
			_, err := k.Token(t.Context(), "")
			is(t, err, trouble)
		})
	}
}

func TestNobodyWaitsForARenewalWhileTheOldTokenWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		k := rest.NewKeeper(i.renew, nil)
		token(t, k, "", "t1")
		i.takes = time.Minute
		<-time.After(31 * time.Minute)
		var first sync.WaitGroup
		first.Go(func() { token(t, k, "", "t2") })
		synctest.Wait()
		began := time.Now()
		token(t, k, "", "t1")
		if time.Since(began) != 0 {
			t.Errorf("waited %s", time.Since(began))
		}
		first.Wait()
	})
}

func TestACallerMayGoAndTheOthersAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{takes: time.Minute}
		k := rest.NewKeeper(i.renew, nil)
		var callers sync.WaitGroup
		for n := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n+1)*time.Second)
			defer cancel()
			callers.Go(func() {
				_, err := k.Token(ctx, "")
				is(t, err, context.DeadlineExceeded)
			})
		}
		synctest.Wait()
		callers.Go(func() { token(t, k, "", "t1") })
		callers.Wait()
	})
}

func TestAVendorThatRefusesFreshTokensIsNotAskedForMoreAndMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{}
		k := rest.NewKeeper(i.renew, nil)
		v := &vendor{replies: []reply{says(401, "{}")}}
		c := newClient(t, v, k)
		for range 100 {
			_, err := get(t.Context(), c)
			is(t, err, delta.ErrCredentials)
		}
		if i.asked > 2 {
			t.Errorf("%d tokens were asked for", i.asked)
		}
		<-time.After(time.Minute)
		v.replies = []reply{says(401, "{}"), says(200, `{"name":"a"}`)}
		v.sent = nil
		if _, err := get(t.Context(), c); err != nil {
			t.Errorf("after a while: %v", err)
		}
	})
}

func TestA401RenewsTheTokenOnceAndManyCallsShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{takes: time.Second}
		k := rest.NewKeeper(i.renew, nil)
		token(t, k, "", "t1")
		v := &vendor{replies: []reply{says(200, `{"name":"a"}`)}}
		refusing := roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") == "Bearer t1" {
				return says(401, "{}")(r)
			}
			return v.RoundTrip(r)
		})
		c := newClient(t, refusing, k)
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if _, err := get(t.Context(), c); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if i.asked != 2 {
			t.Errorf("%d renewals, want one beside the first", i.asked-1)
		}
		if c.Requests() > 100 {
			t.Errorf("%d requests for 50 calls", c.Requests())
		}
	})
}

package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/rest"
)

func TestRetryAfterIsReadInEveryForm(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                               0,
		"0":                              0,
		"0.0":                            0,
		"-1":                             0,
		"-0.5":                           0,
		"soon":                           0,
		"inf":                            0,
		"Infinity":                       0,
		"NaN":                            0,
		"0x10":                           0,
		"1 2":                            0,
		"5":                              5 * time.Second,
		"30":                             rest.Patience, // which is waited for
		" 5 ":                            5 * time.Second,
		"2.128":                          2128 * time.Millisecond,
		"0.5":                            500 * time.Millisecond,
		"0.0001":                         time.Millisecond,
		"120":                            2 * time.Minute,
		"1e9":                            24 * time.Hour,
		"1000000000":                     24 * time.Hour,
		"99999999999999999999999999":     24 * time.Hour,
		"Sun, 01 Mar 2026 12:02:00 GMT":  2 * time.Minute,
		"Sunday, 01-Mar-26 12:02:00 GMT": 2 * time.Minute,
		"Sun Mar  1 12:02:00 2026":       2 * time.Minute,
		"Sun, 01 Mar 2026 11:59:00 GMT":  0,
		"Sun, 01 Mar 2099 12:00:00 GMT":  24 * time.Hour,
		"2026-03-01T12:02:00Z":           0,
	} {
		got := rest.RetryAfter(header, now)
		if got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestARetryAfterDateIsReadByTheVendorsOwnClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vendorNow := time.Now().Add(-time.Hour).UTC() // its clock is an hour behind ours
		v := &vendor{replies: []reply{
			says(429, "{}", "Date: "+vendorNow.Format(http.TimeFormat), "Retry-After: "+vendorNow.Add(10*time.Second).Format(http.TimeFormat)),
			says(200, `{"name":"a"}`),
		}}
		began := time.Now()
		if _, err := get(t.Context(), newClient(t, v, fixed("t"))); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited < 10*time.Second || waited > 11*time.Second {
			t.Errorf("waited %s, want 10s", waited)
		}
	})
}

func TestAReadIsRepeatedAfterTroubleThatMayPass(t *testing.T) {
	troubles := map[string]reply{
		"lost":             fails(fmt.Errorf("read: %w", errors.New("connection reset"))),
		"cut short":        cut(200, `{"name":"a"`),
		"cut after JSON":   cut(200, `{"name":"a"}`),
		"half of the JSON": says(200, `{"name":"a`),
		"HTML with 200":    says(200, "<html>sorry</html>", "Content-Type: text/html"),
		"HTML called JSON": says(200, "<html>sorry</html>"),
		"empty with 200":   says(200, ""),
		"nothing to read":  says(204, ""),
		"JSON and more":    says(200, `{"name":"a"}<html>`),
		"two answers":      says(200, `{"name":"a"}{"name":"b"}`),
		"named twice":      says(200, `{"name":"a","name":"b"}`),
		"byte order mark":  says(200, "\ufeff"+`{"name":"a"}`),
		"a list":           says(200, `[]`),
		"nothing but null": says(200, `null`),
		"500":              says(500, "{}"), "502": says(502, "<html>", "Content-Type: text/html"), "503": says(503, ""),
		"504": says(504, ""), "509": says(509, ""), "429": says(429, ""), "423": says(423, ""), "408": says(408, ""),
	}
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &vendor{replies: []reply{trouble, trouble, says(200, `{"name":"good"}`)}}
				answer, err := get(t.Context(), newClient(t, v, fixed("t")))
				if err != nil || answer.Name != "good" {
					t.Errorf("%+v, %v", answer, err)
				}
				if v.asked() != 3 {
					t.Errorf("asked %d times, want 3", v.asked())
				}
			})
		})
	}
}

func TestAReadThatFailsForGoodIsAskedFourTimesAndNoMore(t *testing.T) {
	for name, trouble := range map[string]reply{"503": says(503, ""), "lost": fails(errors.New("reset")), "cut": cut(200, "{")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := &vendor{replies: []reply{trouble}}
				began := time.Now()
				if _, err := get(t.Context(), newClient(t, v, fixed("t"))); err == nil {
					t.Error("no error")
				}
				if v.asked() != 4 {
					t.Errorf("asked %d times, want 4", v.asked())
				}
				if took := time.Since(began); took < time.Second || took > 10*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

func TestARefusalThatWillNotPassIsNotRepeated(t *testing.T) {
	for _, status := range []int{300, 301, 302, 304, 307, 308, 400, 403, 404, 405, 409, 410, 412, 413, 422, 501, 507} {
		v := &vendor{replies: []reply{says(status, "{}")}}
		if _, err := get(t.Context(), newClient(t, v, fixed("t"))); err == nil {
			t.Errorf("%d: no error", status)
		}
		if v.asked() != 1 {
			t.Errorf("%d: asked %d times, want once", status, v.asked())
		}
	}
}

func TestAWriteIsRepeatedOnlyWhereItWasNotBegun(t *testing.T) {
	for _, status := range []int{429, 423} {
		synctest.Test(t, func(t *testing.T) {
			v := &vendor{replies: []reply{says(status, "", "Retry-After: 2"), says(200, `{"name":"a"}`)}}
			if err := post(t.Context(), newClient(t, v, fixed("t"))); err != nil {
				t.Errorf("%d: %v", status, err)
			}
			if v.asked() != 2 {
				t.Fatalf("%d: asked %d times, want 2", status, v.asked())
			}
			if gap := v.sent[1].at.Sub(v.sent[0].at); gap < 2*time.Second {
				t.Errorf("%d: asked again after %s", status, gap)
			}
			if v.sent[1].body != v.sent[0].body || v.sent[1].body == "" {
				t.Errorf("%d: the second request has another body: %q", status, v.sent[1].body)
			}
		})
	}
}

func TestAWriteWithoutAClearAnswerIsUnclearAndNotRepeated(t *testing.T) {
	for name, trouble := range map[string]reply{
		"lost": fails(errors.New("reset")), "cut": cut(200, `{"name":`), "HTML": says(200, "<p>", "Content-Type: text/html"),
		"empty": says(200, ""), "cut JSON": says(200, `{"name":`), "null": says(200, "null"),
		"500": says(500, "{}"), "502": says(502, ""), "503": says(503, ""), "504": says(504, ""), "509": says(509, ""), "408": says(408, ""),
	} {
		for method, write := range map[string]func(context.Context, *rest.Client) error{"POST": post, "DELETE": remove} {
			if method == "DELETE" && (name == "empty" || name == "cut JSON" || name == "null") {
				continue // a deletion has no answer that matters
			}
			v := &vendor{replies: []reply{trouble}}
			err := write(t.Context(), newClient(t, v, fixed("t")))
			if !errors.Is(err, delta.ErrUnclear) {
				t.Errorf("%s %s: %v is not unclear", method, name, err)
			}
			if v.asked() != 1 {
				t.Errorf("%s %s: asked %d times", method, name, v.asked())
			}
		}
	}
}

func TestAWriteThatTheVendorCannotDoIsRefusedAndNotUnclear(t *testing.T) {
	for _, status := range []int{501, 507} {
		v := &vendor{replies: []reply{says(status, "{}")}}
		if err := post(t.Context(), newClient(t, v, fixed("t"))); err == nil || errors.Is(err, delta.ErrUnclear) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestALongRetryAfterIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{replies: []reply{says(429, "", "Retry-After: 31")}}
		began := time.Now()
		_, err := get(t.Context(), newClient(t, v, fixed("t")))
		var later *delta.LaterError
		if !errors.As(err, &later) || !later.At.After(began.Add(30*time.Second)) || later.At.After(began.Add(32*time.Second)) {
			t.Fatalf("%v", err)
		}
		is(t, err, delta.ErrThrottled)
		if time.Since(began) != 0 || v.asked() != 1 {
			t.Errorf("asked %d times in %s", v.asked(), time.Since(began))
		}
	})
}

func TestRetryAfterBindsTheOtherRequestsOfItsScopeToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{replies: []reply{says(429, "", "Retry-After: 60"), says(200, `{"name":"a"}`)}}
		c := newClient(t, v, fixed("t"))
		ask := func(scope string) error {
			var answer thing
			return c.Do(t.Context(), rest.Call{Method: "GET", URL: c.URL(nil, "x"), Scope: scope, Decode: rest.JSON(&answer)})
		}
		var later *delta.LaterError
		if err := ask("alice"); !errors.As(err, &later) {
			t.Fatal(err)
		}
		if err := ask("alice"); !errors.As(err, &later) {
			t.Errorf("a second request is not held back: %v", err)
		}
		if v.asked() != 1 {
			t.Errorf("%d requests went out before Retry-After had passed", v.asked()-1)
		}
		if err := ask("bob"); err != nil {
			t.Errorf("another scope is held back: %v", err)
		}
		<-time.After(time.Until(later.At) - 10*time.Second)
		began := time.Now()
		if err := ask("alice"); err != nil {
			t.Error(err)
		}
		if waited := time.Since(began); waited < 10*time.Second {
			t.Errorf("waited %s of the 10 s that were left", waited)
		}
	})
}

func TestRepeatsStayWithinABudgetWhileEverythingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{replies: []reply{says(503, "")}}
		c := newClient(t, v, fixed("t"))
		const calls = 300
		for range calls {
			_, _ = get(t.Context(), c)
		}
		if repeats := v.asked() - calls; repeats > calls/10 || repeats < 10 {
			t.Errorf("%d repeats of %d calls", repeats, calls)
		}
		v.replies = []reply{says(200, `{"name":"a"}`)}
		for range 100 {
			_, _ = get(t.Context(), c)
		}
		v.replies = []reply{says(503, "")}
		before := v.asked()
		_, _ = get(t.Context(), c)
		if v.asked()-before != 4 {
			t.Errorf("after good times a call is tried %d times, want 4", v.asked()-before)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vendor{replies: []reply{says(429, "", "Retry-After: 20")}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		_, err := get(ctx, newClient(t, v, fixed("t")))
		is(t, err, context.DeadlineExceeded)
		if time.Since(began) != 5*time.Second || v.asked() != 1 {
			t.Errorf("%s, %d requests", time.Since(began), v.asked())
		}
	})
}

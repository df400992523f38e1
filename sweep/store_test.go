package sweep_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/sweep"
)

// What the store tells a sweep, and what a sweep tells the next one through it.

func TestARecordOfALaterVersionIsLeftAloneAndTheOthersAreServed(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 61}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		single := alice.Create(draft("@webex:onetime")).ID
		d := later("@webex:onetime", 2)
		d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
		series := alice.Create(d).ID
		removed := alice.Create(later("@webex:onetime", 5)).ID
		r.sweep()
		const newer = `{"v":99,"of":{"another":"kind"}}`
		key := "syncd:{" + r.boxes[0].ID + "}:events"
		for _, id := range []string{single, series, removed} {
			r.must(r.redis.HSet(r.t.Context(), key, id, newer).Err())
		}
		r.must(alice.Edit(single, func(d *simulator.Draft) { d.Subject = "Another" }))
		days := alice.Dates(series, time.Now(), time.Now().Add(ahead))
		r.must(alice.EditOccurrence(series, days[2], func(d *simulator.Draft) { d.Subject = "Another" }))
		r.must(alice.Delete(removed))
		other := alice.Create(later("@webex:onetime", 3)).ID
		for range 3 {
			report, err := r.trySweep(r.t.Context())
			r.must(err)
			if report.Retrying == 0 || report.Reasons[delta.NewerRecord] == 0 || report.Updated+report.Deleted != 0 {
				r.t.Errorf("%+v", report)
			}
			r.pass(2 * time.Hour)
		}
		r.resync(0, false)
		_, err := r.trySweep(r.t.Context())
		r.must(err)
		if alice.Block(other) == "" || len(r.world.Live()) != 4 {
			r.t.Errorf("the other event has the block %q, and %d meetings live", alice.Block(other), len(r.world.Live()))
		}
		for _, id := range []string{single, series, removed} {
			if got := r.redis.HGet(r.t.Context(), key, id).Val(); got != newer {
				r.t.Errorf("the record became %s", got)
			}
		}
		waits, err := r.redis.ZScore(r.t.Context(), "syncd:{"+r.boxes[0].ID+"}:retry", single).Result()
		if err != nil || waits == 0 {
			r.t.Errorf("nobody will look at the event again: %v", err)
		}
	})
}

// Whoever waits in place may be killed meanwhile.
func TestAShortRetryAfterBindsTheNextProcessToo(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 62}, func(r *rig) {
		r.mailbox("alice@example.com")
		r.sweep()
		r.world.Fault(simulator.Rule{Call: "Delta*", Times: 1, Fault: simulator.Refuse(429, "ApplicationThrottled", "20")})
		ctx, kill := context.WithTimeout(r.t.Context(), 5*time.Second)
		defer kill()
		_, err := r.trySweep(ctx)
		if err == nil {
			r.t.Error("the sweep was not cut off")
		}
		r.start()
		r.expireLeases()
		r.world.ClearRequests()
		_, err = r.trySweep(r.t.Context())
		var later *delta.LaterError
		if !errors.As(err, &later) || later.At.Before(time.Now().Add(14*time.Second)) || r.world.Count("Delta*", "") != 0 {
			r.t.Errorf("after 5 of 20 seconds: %v, %d requests", err, r.world.Count("Delta*", ""))
		}
		if _, err := r.sweeper.Explain(r.t.Context(), r.boxes[0], "event"); !errors.As(err, &later) || r.world.Count("GetEvent", "") != 0 {
			r.t.Errorf("explain asks all the same: %v", err)
		}
		r.pass(16 * time.Second)
		r.quiet()
		if c := r.cursor(0); c.Reason != "" || !c.NextAt.IsZero() {
			r.t.Errorf("it is still waited for: %+v", c)
		}
	})
}

// The directory's limits are the tenant's, so whoever asks it about anybody is bound.
func TestARetryAfterOfTheDirectoryBindsOtherProcesses(t *testing.T) {
	for asked, later := range map[string]bool{"20": false, "120": true} {
		inBubble(t, simulator.Options{Seed: 65}, func(r *rig) {
			alice, bo := r.mailbox("alice@example.com"), r.mailbox("bo@example.com")
			alice.Create(draft("@webex:onetime"))
			r.world.Fault(simulator.Rule{Call: "GetUser", Times: 1, Fault: simulator.Refuse(429, "TooManyRequests", asked)})
			ctx, kill := context.WithTimeout(r.t.Context(), 5*time.Second)
			defer kill()
			_, _ = r.trySweep(ctx)
			r.pass(time.Until(ended(ctx)))
			bo.Create(draft("@webex:onetime"))
			r.start()
			r.expireLeases()
			began := time.Now()
			_, err := r.sweeper.Sweep(r.t.Context(), r.boxes[1])
			var wait *delta.LaterError
			if errors.As(err, &wait) != later || !later && time.Since(began) < 14*time.Second {
				r.t.Errorf("%s seconds: %v after %v", asked, err, time.Since(began))
			}
			r.must(r.world.CheckAlways())
			r.pass(2 * time.Minute)
			r.sweep()
			r.quiet()
		})
	}
}

// ended is when a context ends.
func ended(ctx context.Context) time.Time { at, _ := ctx.Deadline(); return at }

func TestAStoredLinkThatCannotBeFollowedIsAnErrorOnceAndThenAFullRound(t *testing.T) {
	for name, link := range map[string]string{"another host": "https://evil.example/v1.0/users/x/calendarView/delta?$deltatoken=x", "no link": "garbage"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 63}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				alice.Create(draft("@webex:onetime"))
				r.sweep()
				r.must(r.redis.HSet(r.t.Context(), "syncd:{"+r.boxes[0].ID+"}:cursor", "link", link).Err())
				r.world.ClearRequests()
				_, err := r.trySweep(r.t.Context())
				if !errors.Is(err, delta.ErrForeign) || sweep.ReasonOf(err) != delta.ForeignLink || r.world.Count("*", "") != 0 {
					r.t.Errorf("%v after %d requests", err, r.world.Count("*", ""))
				}
				r.quiet()
				if c := r.cursor(0); c.Generation != 2 || c.Link == "" {
					r.t.Errorf("%+v", c)
				}
			})
		})
	}
}

func TestWhatEndedASweepHasItsOwnReason(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 64}, func(r *rig) {
		r.mailbox("alice@example.com")
		r.sweep()
		ctx, stop := context.WithCancel(r.t.Context())
		r.world.OnRequest(func(simulator.Request) { stop() })
		if _, err := r.trySweep(ctx); sweep.ReasonOf(err) != delta.Stopped {
			r.t.Errorf("told to stop: %s, %v", sweep.ReasonOf(err), err)
		}
		r.world.Unhook()
		r.expireLeases()
		r.must(r.redis.LPush(r.t.Context(), "syncd:{"+r.boxes[0].ID+"}:retry", "a list").Err())
		if _, err := r.trySweep(r.t.Context()); sweep.ReasonOf(err) != delta.StoreRefused {
			r.t.Errorf("a key of another type: %s, %v", sweep.ReasonOf(err), err)
		}
	})
}

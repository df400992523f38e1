package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"syncd/schedules"
	"syncd/simulator"
)

// BenchmarkSavedToPatched is the time from when somebody saves an appointment with a keyword to the answer to the PATCH with the join
// details: a meeting was made at Webex in between. The daemon is a process of its own on a real Redis, the vendors are simulated
// behind real TLS, and need no time to speak of: Graph's own delays, of a notification above all, come on top. An op is one
// appointment in each mailbox, of which each figure is one of 200.
func BenchmarkSavedToPatched(b *testing.B) {
	const mailboxes = 200
	b.Run("hint", func(b *testing.B) {
		for b.Loop() {
			f := hooked(b, 51, mailboxes, nil)
			took := f.savedToPatched(50 * time.Millisecond)
			report(b, "", took, func(delay) time.Duration { return 0 })
		}
	})
	b.Run("sweep every 30s", func(b *testing.B) {
		const every = "@every 30s"
		schedule, err := schedules.Parse(every)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			f := newFleet(b, 52, 0, mailboxes)
			f.env["SYNCD_SWEEP"], f.env["SYNCD_LEASE_TTL"] = every, "30s"
			f.daemons = append(f.daemons, f.start())
			f.eventually("all had their first round", func() bool {
				return !slices.ContainsFunc(f.boxes, func(box *simulator.Mailbox) bool { return f.generation(box.Address()) != "1" })
			})
			took := f.savedToPatched(time.Millisecond)
			report(b, "", took, func(delay) time.Duration { return 0 })
			report(b, "after-due-", took, func(d delay) time.Duration { return schedule.Next(d.id, d.saved).Sub(d.saved) })
		}
	})
}

// delay is from when an appointment was saved until it was patched.
type delay struct {
	id             string // of the mailbox
	saved, patched time.Time
}

// report gives percentiles of what is left of delays after some time that is no fault of the daemon's.
func report(b *testing.B, name string, delays []delay, granted func(delay) time.Duration) {
	left := make([]time.Duration, len(delays))
	for i, d := range delays {
		left[i] = d.patched.Sub(d.saved) - granted(d)
	}
	slices.Sort(left)
	for unit, part := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(left[len(left)*part/100].Microseconds())/1000, name+unit)
	}
}

// savedToPatched saves an appointment in every mailbox, with pauses, and waits for all PATCHes.
func (f *fleet) savedToPatched(pause time.Duration) []delay {
	f.t.Helper()
	type patch struct {
		mailbox string
		at      time.Time
	}
	patches := make(chan patch, 100*len(f.boxes))
	f.world.OnAnswer(func(r simulator.Request) {
		if r.Call == "PatchEvent" && r.Status == http.StatusOK {
			patches <- patch{r.Mailbox, time.Now()}
		}
	})
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	open := map[string]delay{} // by address
	for _, box := range f.boxes {
		<-ticker.C
		open[box.Address()] = delay{id: box.ID(), saved: time.Now()}
		box.Create(appointment(9, "@webex:onetime"))
	}
	var done []delay
	patience := time.After(2 * time.Minute)
	for len(open) > 0 {
		select {
		case p := <-patches:
			if d, ok := open[p.mailbox]; ok {
				d.patched = p.at
				done = append(done, d)
				delete(open, p.mailbox)
			}
		case <-patience:
			f.t.Fatalf("%d are not patched\n%s", len(open), f.logged())
		}
	}
	return done
}

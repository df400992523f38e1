package sweep_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"syncd/simulator"
)

// busy makes a calendar with events in every stage, sweeps it, and lets people change all of them.
func busy(r *rig) {
	alice := r.mailbox("alice@example.com")
	make := func(hour int, location string) string {
		d := draft(location)
		d.Start, d.End = tomorrow(hour), tomorrow(hour+1)
		return alice.Create(d).ID
	}
	series := draft("@webex:onetime")
	series.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
	ids := []string{
		make(7, "@webex:onetime"), make(8, "@webex:onetime"), make(9, "@webex:onetime"), make(10, "@webex:onetime"),
		make(11, "@webex"), make(12, "@webex"), make(13, "@webex:onetime"), alice.Create(series).ID,
	}
	r.sweep()
	edit := func(id string, change func(*simulator.Draft)) {
		if err := alice.Edit(id, change); err != nil {
			r.t.Fatal(err)
		}
	}
	edit(ids[0], func(d *simulator.Draft) { d.Subject = "Renamed" })
	edit(ids[1], func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) })
	edit(ids[2], func(d *simulator.Draft) { d.Location = "Room 4" })
	edit(ids[3], func(d *simulator.Draft) { d.Location = "@webex:myroom" })
	edit(ids[4], func(d *simulator.Draft) { d.Location = "@webex:onetime" })
	if err := alice.Delete(ids[5]); err != nil {
		r.t.Fatal(err)
	}
	if err := alice.Delete(ids[6]); err != nil {
		r.t.Fatal(err)
	}
	edit(ids[7], func(d *simulator.Draft) { d.Subject = "Renamed series" })
	make(14, "@webex:onetime")
	make(15, "@webex")
	make(16, "nowhere")
}

// settled sweeps until there is nothing left to do, and audits the world.
func (r *rig) settled() {
	r.t.Helper()
	r.sweeper.Eager = true
	for range 6 {
		report, err := r.trySweep(r.t.Context())
		if err == nil && report.Changed == 0 && report.Retrying == 0 {
			break
		}
	}
	r.world.Audit(r.t, r.rest)
}

func TestACrashAfterAnyRemoteCallIsMadeGood(t *testing.T) {
	for _, lost := range []bool{false, true} {
		name := map[bool]string{false: "state kept", true: "state lost"}[lost]
		for n := 1; ; n++ {
			reached := true
			t.Run(fmt.Sprintf("%s, call %d", name, n), func(t *testing.T) {
				r := newRig(t, simulator.Options{Seed: uint64(n)})
				busy(r)
				ctx, crash := context.WithCancel(t.Context())
				defer crash()
				var calls atomic.Int64
				r.world.OnAnswer(func(simulator.Request) {
					if calls.Add(1) == int64(n) {
						crash()
					}
				})
				_, err := r.trySweep(ctx)
				r.world.Unhook()
				reached = err != nil
				if lost {
					r.redis.Kill()
					r.redis.Run()
				}
				r.start()
				r.expireLeases()
				r.settled()
			})
			if !reached {
				if n < 10 {
					t.Fatalf("the busy sweep took only %d calls", n)
				}
				break
			}
		}
	}
}

package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/simulator"
	"syncd/sweep"
)

// withdraw takes everything out of the first mailbox, as `syncd unenroll --withdraw` does.
func (r *rig) withdraw(ctx context.Context) (*sweep.Report, error) {
	r.sweeper.Policy.Withdraw = true
	defer func() { r.sweeper.Policy.Withdraw = false }()
	return r.sweeper.Sweep(ctx, r.boxes[0])
}

// leaver is a mailbox with everything in it that syncd makes.
type leaver struct {
	*rig
	alice  *simulator.Mailbox
	before map[string]string // event id → what a reader saw before syncd came
	own    simulator.Meeting // that alice has made at Webex by hand
}

func newLeaver(r *rig) *leaver {
	l := &leaver{rig: r, alice: r.mailbox("alice@example.com"), before: map[string]string{}}
	bo := r.mailbox("bo@example.com")
	bo.Create(draft("@webex:onetime"))
	series := draft("@webex:onetime")
	series.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
	id := l.alice.Create(series).ID
	days := l.alice.Dates(id, time.Now(), time.Now().Add(ahead))
	l.must(l.alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "Renamed" }))
	l.must(l.alice.EditOccurrence(id, days[2], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
	l.must(l.alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Body = "<p>bring cake</p>" + d.Body }))
	rooms := draft("@webex")
	rooms.Recurrence, rooms.Start, rooms.End = &simulator.Recurrence{Pattern: "daily", Count: 3}, tomorrow(5), tomorrow(6)
	l.alice.Create(rooms)
	var far, silent string
	for i, location := range []string{"@webex", "@webex:onetime", "Room 4; @meet", "@webex:onetime", "@webex:onetime", "Room 4"} {
		d := draft(location)
		d.Start, d.End = tomorrow(11+i), tomorrow(12+i)
		e := l.alice.Create(d)
		switch i {
		case 3:
			silent = e.ID
		case 4:
			far = e.ID
		}
	}
	for _, e := range l.alice.Events() {
		l.before[e.ID] = visible(e)
	}
	r.sweep()
	l.must(l.alice.Move(far, tomorrow(9).AddDate(0, 0, 300)))
	l.must(l.alice.DeleteBlock(silent))
	r.sweep()
	l.must(l.alice.DeleteBlock(silent))
	r.sweep()
	var err error
	l.own, err = r.world.HostMeeting("alice@example.com", "by hand", tomorrow(20), tomorrow(21))
	l.must(err)
	return l
}

// visible is what a reader sees of an event: location and text, join details and all.
func visible(e simulator.Event) string {
	var words string
	body := parser.Body{Content: e.Body, HTML: e.HTML}
	for _, block := range body.Blocks() {
		words += fmt.Sprint(block.Lines)
	}
	return e.Location + "\n" + body.VisibleText() + words
}

// gone wants the mailbox to be as it was before syncd came, and the other one, and what people made at Webex, untouched.
func (l *leaver) gone() {
	l.t.Helper()
	for _, e := range l.alice.Events() {
		if want, known := l.before[e.ID]; known && visible(e) != want {
			l.t.Errorf("%q at %q reads\n%s\nwant\n%s", e.Subject, e.Location, visible(e), want)
		}
	}
	for _, m := range l.world.Live() {
		if m.Host != "bo@example.com" && m.ID != l.own.ID {
			l.t.Errorf("left at Webex: %+v", m)
		}
	}
	if len(l.world.Live()) != 2 {
		l.t.Errorf("%d meetings are left, want bo's and the one made by hand", len(l.world.Live()))
	}
	if err := l.world.CheckAlways(); err != nil {
		l.t.Error(err)
	}
}

func TestAWithdrawnMailboxIsAsItWasBefore(t *testing.T) {
	for name, lost := range map[string]bool{"state kept": false, "state lost": true} {
		for _, link := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, link %v", name, link), func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 61, Exchange: simulator.Harsh}, func(r *rig) {
					r.sweeper.Policy.Link, r.rest.Link = link, link
					l := newLeaver(r)
					if lost {
						r.lose()
					}
					l.alice.Withdrawn(true)
					report, err := r.withdraw(r.t.Context())
					r.must(err)
					if report.Retrying != 0 || report.Created+report.Updated != 0 {
						r.t.Errorf("%+v", report)
					}
					l.gone()
				})
			})
		}
	}
}

func TestAWithdrawalThatIsCutOffGoesOnWhenSaidAgain(t *testing.T) {
	for n := 1; ; n += min(thin, 5) {
		reached := true
		t.Run(fmt.Sprintf("call %d", n), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
				l := newLeaver(r)
				l.alice.Withdrawn(true)
				ctx, crash := context.WithCancel(r.t.Context())
				defer crash()
				var calls atomic.Int64
				r.world.OnAnswer(func(simulator.Request) {
					if calls.Add(1) == int64(n) {
						crash()
					}
				})
				_, err := r.withdraw(ctx)
				r.world.Unhook()
				reached = err != nil
				r.start()
				r.expireLeases()
				// A daemon that comes by meanwhile puts nothing back.
				r.world.ClearRequests()
				if _, err := r.sweeper.Sweep(r.t.Context(), r.boxes[0]); !errors.Is(err, delta.ErrWithdrawing) {
					r.t.Errorf("a sweep meanwhile: %v", err)
				}
				if n := len(r.world.Requests()); n != 0 {
					r.t.Errorf("%d requests of a sweep meanwhile", n)
				}
				report, err := r.withdraw(r.t.Context())
				r.must(err)
				if report.Retrying != 0 {
					r.t.Errorf("%+v", report)
				}
				l.gone()
			})
		})
		if !reached {
			if n < 15 {
				t.Fatalf("the withdrawal took only %d calls", n)
			}
			return
		}
	}
}

func TestAWithdrawalIsPlannedWithoutAWriteAndTellsTheMails(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 62}, func(r *rig) {
		l := newLeaver(r)
		r.world.ClearRequests()
		r.sweeper.Policy.Withdraw = true
		planned, err := r.sweeper.Plan(r.t.Context(), r.boxes[0])
		r.must(err)
		for _, q := range r.world.Requests() {
			if q.Method != "GET" {
				r.t.Errorf("a plan sent %s", q.Call)
			}
		}
		if r.cursor(0).Reason != "" {
			r.t.Errorf("a plan left the cursor %+v", r.cursor(0))
		}
		r.world.ClearMails()
		l.alice.Withdrawn(true)
		done, err := r.withdraw(r.t.Context())
		r.must(err)
		mails := 0
		for _, m := range r.world.Mails() {
			mails += len(m.To)
		}
		// Occurrences that differ may lose the block together with their series, in one mail.
		if planned.Mails < done.Mails || planned.Mails > done.Mails+2 || done.Mails != mails || mails == 0 {
			r.t.Errorf("planned %d mails, counted %d, sent %d", planned.Mails, done.Mails, mails)
		}
		for _, p := range planned.Planned {
			if p.Reason != delta.Withdrawn {
				r.t.Errorf("planned %+v", p)
			}
		}
	})
}

func TestAWithdrawnMailboxThatIsEnrolledAgainGetsEverythingBack(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 63}, func(r *rig) {
		l := newLeaver(r)
		l.alice.Withdrawn(true)
		_, err := r.withdraw(r.t.Context())
		r.must(err)
		r.must(r.store.Unenroll(r.t.Context(), r.boxes[0]))
		// A daemon that has not heard of it yet.
		if _, err := r.sweeper.Sweep(r.t.Context(), r.boxes[0]); !errors.Is(err, delta.ErrWithdrawing) {
			r.t.Errorf("a late daemon: %v", err)
		}
		l.gone()
		r.pass(2 * time.Hour)
		if keys := r.redis.Keys(r.t.Context(), "syncd:{"+r.boxes[0].ID+"}:*").Val(); len(keys) > 1 { // the fence
			r.t.Errorf("left in Redis: %v", keys)
		}
		l.alice.Withdrawn(false)
		r.rest.To = time.Now().Add(ahead)
		r.must(r.store.Enroll(r.t.Context(), r.boxes[0]))
		r.sweep()
		r.quiet()
	})
}

// An event that was deleted while the store was lost is known by its meeting alone, and so is its space.
func TestTheSpaceOfAnEventThatIsGoneHearsOfAWithdrawal(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 99}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		alice.Create(draft("nowhere"))
		id := alice.Create(draft("@meet")).ID
		r.sweep()
		r.must(alice.Delete(id))
		r.lose()
		alice.Withdrawn(true)
		_, err := r.withdraw(r.t.Context())
		r.must(err)
		if s := r.space(); len(s.Messages) != 2 || s.Messages[1].Text != "This meeting is off." || len(r.world.Live()) != 0 {
			r.t.Errorf("%+v, %d meetings", s.Messages, len(r.world.Live()))
		}
	})
}

func TestAMailboxThatIsBeingSweptIsNotWithdrawn(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 64}, func(r *rig) {
		newLeaver(r)
		_, err := r.store.Claim(r.t.Context(), r.boxes[0])
		r.must(err)
		r.world.ClearRequests()
		if _, err := r.withdraw(r.t.Context()); !errors.Is(err, delta.ErrLeased) {
			r.t.Errorf("%v", err)
		}
		if n := len(r.world.Requests()); n != 0 {
			r.t.Errorf("%d requests", n)
		}
	})
}

func TestAMeetingUnderWayKeepsItsMailboxUntilItHasEnded(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 65}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		alice.Create(draft("@webex:onetime"))
		r.sweep()
		meeting := r.world.Live()[0].ID
		r.must(r.world.StartMeeting(meeting))
		alice.Withdrawn(true)
		report, err := r.withdraw(r.t.Context())
		r.must(err)
		if report.Retrying != 1 || report.RemovedBlocks != 1 {
			r.t.Errorf("%+v", report)
		}
		r.must(r.world.EndMeeting(meeting))
		if report, err = r.withdraw(r.t.Context()); err != nil || report.Retrying != 0 || report.Deleted != 1 {
			r.t.Errorf("%+v %v", report, err)
		}
	})
}

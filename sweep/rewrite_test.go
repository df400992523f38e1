package sweep_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/redisstore"
	"syncd/simulator"
)

// rewrite asks for join details to be written anew, as `syncd resync --rewrite` does.
func (r *rig) rewrite() {
	r.t.Helper()
	_, err := r.store.RequestRewrite(r.t.Context(), r.boxes[0].Address)
	r.must(err)
	_, _, err = r.store.TakeResyncs(r.t.Context(), redisstore.NamesOf(r.boxes))
	r.must(err)
}

// footed are the parts with a footer.
func footed(t testing.TB, text string) parser.Parts {
	t.Helper()
	parts := parser.DefaultParts()
	footer, err := parser.NewNotes("block_footer", map[string]string{"": text})
	if err != nil {
		t.Fatal(err)
	}
	parts.Footer = footer
	return parts
}

// template is a mailbox with meetings of every kind, swept, and the settings of the join details changed since.
func template(r *rig) *simulator.Mailbox {
	alice := r.mailbox("alice@example.com")
	series := draft("@webex:onetime")
	series.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 6}
	id := alice.Create(series).ID
	days := alice.Dates(id, time.Now(), time.Now().Add(ahead))
	r.must(alice.EditOccurrence(id, days[1], func(d *simulator.Draft) { d.Subject = "Renamed" }))
	r.must(alice.EditOccurrence(id, days[3], func(d *simulator.Draft) { d.Body = "<p>bring cake</p>" + d.Body }))
	for i, location := range []string{"@webex", "@webex:onetime", "Room 4; @meet", "Room 4"} {
		d := draft(location)
		d.Start, d.End = tomorrow(12+i), tomorrow(13+i)
		alice.Create(d)
	}
	r.sweep()
	r.quiet()
	r.sweeper.Parts = footed(r.t, "Meetings are <b>not recorded</b>.")
	r.sweeper.Language = "de_DE"
	return alice
}

func TestAChangedTemplateLanguageOrLocationSettingChangesNoEventThatIsThere(t *testing.T) {
	for name, event := range map[string]func(r *rig, alice *simulator.Mailbox){
		"a sweep":      func(*rig, *simulator.Mailbox) {},
		"a resync":     func(r *rig, _ *simulator.Mailbox) { r.resync(0, false) },
		"a new window": func(r *rig, _ *simulator.Mailbox) { r.pass(8 * 24 * time.Hour) },
		"a lost store": func(r *rig, _ *simulator.Mailbox) { r.lose() },
		"a lost link": func(r *rig, _ *simulator.Mailbox) {
			r.world.Fault(simulator.Rule{Call: "DeltaResume", Times: 1, Fault: simulator.Refuse(410, "", "")})
		},
		"a new process": func(r *rig, _ *simulator.Mailbox) { r.sweeper.Parts.Password = false },
		"other settings": func(r *rig, _ *simulator.Mailbox) {
			r.sweeper.Policy.Webex, r.sweeper.Policy.Meet = delta.OneTime, delta.MyRoom
		},
		"somebody renames": func(r *rig, alice *simulator.Mailbox) {
			for _, e := range alice.Events() {
				if e.Recurrence == nil && e.Type == "singleInstance" {
					r.must(alice.Edit(e.ID, func(d *simulator.Draft) { d.Subject += "!" }))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 66, Exchange: simulator.Harsh}, func(r *rig) {
				alice := template(r)
				r.sweeper.Policy.Link = true // the location is no event's, until it is written for another reason
				event(r, alice)
				r.world.ClearMails()
				for range 3 {
					if report, err := r.trySweep(r.t.Context()); err != nil || report.Patched != 0 {
						r.t.Errorf("%+v %v", report, err)
					}
					r.pass(30 * time.Hour)
				}
				for _, m := range r.world.Mails() {
					if m.By == simulator.Client {
						r.t.Errorf("a mail %+v", m)
					}
				}
			})
		})
	}
}

func TestARewriteChangesEachEventOnceAndSaysHowManyMailsThatIs(t *testing.T) {
	for _, link := range []bool{false, true} {
		t.Run(fmt.Sprintf("link %v", link), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 67, Exchange: simulator.Harsh}, func(r *rig) {
				alice := template(r)
				r.sweeper.Policy.Link, r.rest.Link = link, link
				r.sweeper.Policy.Rewrite = true
				r.world.ClearRequests()
				planned, err := r.sweeper.Plan(r.t.Context(), r.boxes[0])
				r.must(err)
				for _, q := range r.world.Requests() {
					if q.Method != "GET" {
						r.t.Errorf("a plan sent %s", q.Call)
					}
				}
				r.sweeper.Policy.Rewrite = false
				alice.Allow(1)
				r.rewrite()
				done := r.sweep()
				if done.Patched < 5 || done.Created+done.Deleted+done.Updated != 0 {
					r.t.Errorf("%+v", done)
				}
				if done.Mails > planned.Mails || planned.Mails > done.Mails+1 { // an occurrence may be told together with its series
					r.t.Errorf("planned %d mails, sent %d", planned.Mails, done.Mails)
				}
				for _, e := range alice.Events() {
					asks := strings.Contains(e.Location, "@")
					if asks != strings.Contains(e.Body, "not recorded") || asks != strings.Contains(e.Body, "Kennnummer") {
						r.t.Errorf("%q at %q: %s", e.Subject, e.Location, e.Body)
					}
				}
				r.quiet()
				r.rewrite()
				r.quiet()
			})
		})
	}
}

func TestARewriteThatIsCutOffGoesOnAndWritesNoEventTwice(t *testing.T) {
	for n := 1; ; n += min(thin, 5) {
		reached := true
		t.Run(fmt.Sprintf("call %d", n), func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: uint64(n)}, func(r *rig) {
				alice := template(r)
				parts, language := r.sweeper.Parts, r.sweeper.Language
				alice.Allow(1)
				r.rewrite()
				ctx, crash := context.WithCancel(r.t.Context())
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
				r.start()
				r.sweeper.Parts, r.sweeper.Language = parts, language
				r.expireLeases()
				r.settled()
				for _, e := range alice.Events() {
					if strings.Contains(e.Location, "@") && !strings.Contains(e.Body, "not recorded") {
						r.t.Errorf("%q at %q was not written", e.Subject, e.Location)
					}
				}
			})
		})
		if !reached {
			if n < 10 {
				t.Fatalf("the rewriting took only %d calls", n)
			}
			return
		}
	}
}

func TestARewriteLeavesAloneWhatAPersonTookOut(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 68}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		for range 2 {
			r.must(alice.DeleteBlock(id))
			r.sweep()
		}
		r.sweeper.Parts = footed(t, "new")
		r.rewrite()
		r.quiet()
	})
}

func TestALineTypedIntoTheBlockOutlivesARewrite(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 69}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		r.must(alice.Edit(id, func(d *simulator.Draft) {
			d.Body = strings.Replace(d.Body, "Meeting number", "bring cake<br>Meeting number", 1)
		}))
		r.sweep()
		r.sweeper.Parts = footed(t, "new")
		alice.Allow(1)
		r.rewrite()
		r.sweep()
		if e, _ := alice.Event(id); !strings.Contains(e.Body, "bring cake") || !strings.Contains(e.Body, "new") {
			r.t.Errorf("body %s", e.Body)
		}
		r.sweep() // what was in the block is in the agenda now
		r.rewrite()
		r.quiet()
	})
}

package sweep_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/simulator"
)

// withEachExchange runs a test with Exchange as it is and as it is at its worst.
func withEachExchange(t *testing.T, seed uint64, test func(r *rig, alice *simulator.Mailbox)) {
	t.Helper()
	for _, exchange := range []simulator.Harshness{simulator.Normal, simulator.Harsh} {
		inBubble(t, simulator.Options{Seed: seed, Exchange: exchange}, func(r *rig) { test(r, r.mailbox("alice@example.com")) })
	}
}

func (r *rig) body(m *simulator.Mailbox, id string) string {
	r.t.Helper()
	e, ok := m.Event(id)
	if !ok {
		r.t.Fatal("no such event")
	}
	return e.Body
}

// A window of Outlook that stays open while syncd writes saves the body it has.
func TestAnOlderBlockThatAClientSavesBackGivesWayToThePresentOne(t *testing.T) {
	for _, keywords := range [][2]string{{"@webex:onetime", "@webex:myroom"}, {"@webex:myroom", "@webex:onetime"}, {"@webex:onetime", "@meet"}} {
		withEachExchange(t, 61, func(r *rig, alice *simulator.Mailbox) {
			id := alice.Create(draft(keywords[0])).ID
			r.sweep()
			before := r.body(alice, id)
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = keywords[1] }))
			r.sweep()
			now := alice.Block(id)
			for again := range 4 { // it is saved with each edit, until the window is closed; a program would never end
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Body = before }))
				if again == 3 {
					if report := r.sweep(); report.Patched != 0 {
						r.t.Errorf("%v: no end: %+v", keywords, report)
					}
					break
				}
				if report := r.sweep(); report.Patched != 1 || report.Created+report.Deleted != 0 {
					r.t.Errorf("%v: %+v", keywords, report)
				}
				if got := alice.Block(id); got != now {
					r.t.Errorf("%v: shown is\n%s\nwant\n%s", keywords, got, now)
				}
				r.quiet()
			}
			// Once more, and the keyword out with it: nothing of the old block stays.
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Body, d.Location = before, "Room 4" }))
			r.sweep()
			if got := r.body(alice, id); strings.Contains(got, "ebex") || !strings.Contains(got, "cake") {
				r.t.Errorf("%v: left is\n%s", keywords, got)
			}
			r.quiet()
		})
	}
}

func TestWhatWasTypedIntoABlockThatIsNotRememberedStays(t *testing.T) {
	const typed = "Bring umbrellas"
	withEachExchange(t, 62, func(r *rig, alice *simulator.Mailbox) {
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Body = strings.Replace(d.Body, "[/Webex", typed+"<br>[/Webex", 1) }))
		r.sweep()
		before := r.body(alice, id)
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "Room 4" }))
		r.sweep()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Body = before }))
		for range 2 { // to the audit the block is the person's now
			r.must(r.sweepErr())
		}
		if got := r.body(alice, id); strings.Contains(got, "ebex") || strings.Count(got, typed) != 1 {
			r.t.Errorf("left is\n%s", got)
		}
	})
}

// A store that came from a backup names the meeting of that day; the event says which one it has.
func TestTheEventSaysWhichMeetingIsItsOwnWhereTheStoreIsOlder(t *testing.T) {
	withEachExchange(t, 63, func(r *rig, alice *simulator.Mailbox) {
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		restore := r.backup(alice)
		for _, keyword := range []string{"@webex:myroom", "@webex:onetime"} {
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = keyword }))
			r.sweep()
		}
		meeting, shown := r.world.Live()[0].ID, alice.Block(id)
		r.lose()
		restore()
		if report := r.sweep(); report.Created+report.Patched+report.Deleted != 0 {
			r.t.Errorf("%+v", report)
		}
		if live := r.world.Live(); len(live) != 1 || live[0].ID != meeting || alice.Block(id) != shown {
			r.t.Errorf("%+v", live)
		}
		r.resync(0, false)
		r.quiet()
	})
}

// backup gives a function that puts back what is remembered now of a mailbox: hashes and strings; nothing waits, and nothing is held.
func (r *rig) backup(m *simulator.Mailbox) (restore func()) {
	ctx, all := r.t.Context(), "syncd:{"+m.ID()+"}:*"
	hashes, texts, sets := map[string]map[string]string{}, map[string]string{}, map[string][]redis.Z{}
	for _, key := range r.redis.Keys(ctx, all).Val() {
		switch kind := r.redis.Type(ctx, key).Val(); kind {
		case "hash":
			hashes[key] = r.redis.HGetAll(ctx, key).Val()
		case "string":
			texts[key] = r.redis.Get(ctx, key).Val()
		case "zset":
			sets[key] = r.redis.ZRangeWithScores(ctx, key, 0, -1).Val()
		case "list": // the cursors of the past
		default:
			r.t.Fatalf("%s is a %s", key, kind)
		}
	}
	return func() {
		for key, value := range hashes {
			r.must(r.redis.HSet(ctx, key, value).Err())
		}
		for key, value := range texts {
			r.must(r.redis.Set(ctx, key, value, 0).Err())
		}
		for key, value := range sets {
			r.must(r.redis.ZAdd(ctx, key, value...).Err())
		}
	}
}

// The marker lines look odd, and somebody deletes one of them, or both.
func TestDetailsWithoutTheirMarkersAreStillOurs(t *testing.T) {
	begin, end := regexp.MustCompile(`\[Webex\s+\w+\]`), regexp.MustCompile(`\[/Webex\s+\w+\]`)
	for name, markers := range map[string][]*regexp.Regexp{"the first": {begin}, "the last": {end}, "both": {begin, end}} {
		for _, keyword := range []string{"@webex:onetime", "@webex"} {
			for _, lost := range []bool{false, true} {
				withEachExchange(t, 62, func(r *rig, alice *simulator.Mailbox) {
					d := draft(keyword)
					d.Body = "<p>bring cake</p>"
					id := alice.Create(d).ID
					r.sweep()
					links := func() int { return strings.Count(r.body(alice, id), "https://example.webex.com/") }
					shown := links()
					r.must(alice.Edit(id, func(d *simulator.Draft) {
						for _, marker := range markers {
							d.Body = marker.ReplaceAllLiteralString(d.Body, "")
						}
					}))
					if lost {
						r.lose()
						r.rest.Strangers = true
					}
					if report := r.sweep(); report.Patched+report.Updated != 0 || links() != shown {
						r.t.Errorf("%s, %s: %+v", name, keyword, report)
					}
					r.quiet()
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "@webex:space" }))
					if report := r.sweep(); report.Patched != 1 || report.Created != 1 {
						r.t.Errorf("%s, %s, another keyword: %+v", name, keyword, report)
					}
					r.quiet()
					if got := strings.Count(r.body(alice, id), "Meeting number"); got != 1 {
						r.t.Errorf("%s, %s, another keyword: %d sets of details", name, keyword, got)
					}
					r.must(alice.Edit(id, func(d *simulator.Draft) {
						for _, marker := range markers {
							d.Body = marker.ReplaceAllLiteralString(d.Body, "")
						}
						d.Location = "Room 4"
					}))
					r.sweep()
					if got := r.body(alice, id); strings.Contains(got, "webex") || !strings.Contains(got, "cake") {
						r.t.Errorf("%s, %s: left is\n%s", name, keyword, got)
					}
					r.quiet()
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = keyword }))
					if report := r.sweep(); report.Patched != 1 || links() != shown {
						r.t.Errorf("%s, %s: typed anew: %+v", name, keyword, report)
					}
					r.quiet()
				})
			}
		}
	}
}

// Of two meetings, the first of which no list showed yet after a crash, the one that is shown stays, though the store forgets which it was.
func TestTheMeetingThatIsShownStaysWhereTheStoreIsOlderAndThereAreTwo(t *testing.T) {
	for seed := range uint64(6) { // the ids differ, of which the lowest counts else
		inBubble(t, simulator.Options{Seed: seed, Quirks: simulator.Quirks{ListLag: time.Minute}}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			id := alice.Create(draft("@webex:onetime")).ID
			r.crashOn(func(q simulator.Request) bool { return q.Call == "CreateMeeting" })
			r.start()
			r.expireLeases()
			restore := r.backup(alice)
			_, err := r.trySweep(r.t.Context())
			r.must(err)
			shown := alice.Block(id)
			if len(r.world.Live()) != 2 || shown == "" {
				r.t.Fatalf("there were to be two meetings, one of them shown: %+v", r.world.Live())
			}
			r.lose()
			restore()
			r.pass(time.Hour)
			r.world.ClearMails()
			r.sweep()
			if alice.Block(id) != shown || len(r.world.Mails()) != 0 {
				r.t.Errorf("%d mails, and shown is %q, not %q", len(r.world.Mails()), alice.Block(id), shown)
			}
			r.quiet()
		})
	}
}

// What was written is known by the event's mark where the store forgot that it was: the link goes out of the location too, or gives way to
// that of the next meeting.
func TestTheLinkGoesOutOfTheLocationThoughTheStoreIsOlder(t *testing.T) {
	for what, change := range map[string]func(r *rig, alice *simulator.Mailbox, id string){
		"cancelled":       func(r *rig, alice *simulator.Mailbox, id string) { r.must(alice.Cancel(id)) },
		"deleted by host": func(r *rig, _ *simulator.Mailbox, _ string) { r.must(r.world.DeleteMeeting(r.world.Live()[0].ID)) },
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 93}, func(r *rig) {
				r.rest.Link, r.sweeper.Policy.Link = true, true
				alice := r.mailbox("alice@example.com")
				id := alice.Create(draft("@webex:onetime")).ID
				r.crashOn(func(q simulator.Request) bool { return q.Call == "CreateMeeting" })
				r.expireLeases()
				restore := r.backup(alice)
				r.sweep()
				r.lose()
				restore()
				change(r, alice, id)
				r.sweep()
				want := "@webex:onetime"
				if len(r.world.Live()) > 0 {
					want += " " + r.shownLink(alice, id)
				}
				if e, _ := alice.Event(id); e.Location != want {
					r.t.Errorf("location %q, want %q", e.Location, want)
				}
				r.quiet()
			})
		})
	}
}

// Who was cut off right after the PATCH mails nobody once more, though what he would write today reads otherwise.
func TestWhatIsShownStaysAsItIsWhereTheLanguageOrTheLayoutChangedMeanwhile(t *testing.T) {
	for _, keyword := range []string{"@webex:onetime", "@webex", "@meet:space"} {
		inBubble(t, simulator.Options{Seed: 95, Exchange: simulator.Harsh}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			id := alice.Create(draft(keyword)).ID
			r.crashOn(func(q simulator.Request) bool { return q.Call == "PatchEvent" })
			shown := alice.Block(id)
			alice.SetLanguage("de-DE")
			r.start()
			r.sweeper.Parts = footed(r.t, "Meetings are <b>not recorded</b>.")
			r.expireLeases()
			if report := r.sweep(); report.Patched != 0 || shown == "" || alice.Block(id) != shown {
				r.t.Errorf("%s: %+v, %q instead of %q", keyword, report, alice.Block(id), shown)
			}
			r.quiet()
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = "Renamed" }))
			r.sweep()
			r.must(alice.Cancel(id))
			r.sweep()
			if alice.Block(id) != "" {
				r.t.Errorf("%s: %q", keyword, alice.Block(id))
			}
			r.quiet()
		})
	}
}

// Nor does the link stay in the location where somebody took the block out, the store was lost, and the event was cancelled.
func TestTheLinkGoesOutOfTheLocationOfACancelledEventWithoutABlock(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 96}, func(r *rig) {
		r.rest.Link, r.sweeper.Policy.Link = true, true
		alice := r.mailbox("alice@example.com")
		alice.Create(draft("nowhere")) // an empty calendar would be looked at twice
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		r.must(alice.DeleteBlock(id))
		r.must(alice.Cancel(id))
		r.lose()
		r.sweep()
		if e, _ := alice.Event(id); e.Location != "@webex:onetime" || len(r.world.Live()) != 0 {
			r.t.Errorf("location %q, %d meetings", e.Location, len(r.world.Live()))
		}
		r.quiet()
	})
}

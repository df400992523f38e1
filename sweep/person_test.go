package sweep_test

import (
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/simulator"
)

// What a person does to join details, copies and conflicts.

func TestABlockTakenOutByHandComesBackOnceAndThenStaysOut(t *testing.T) {
	for _, keyword := range []string{"@webex", "@webex:onetime"} {
		inBubble(t, simulator.Options{Seed: 41, Exchange: simulator.Harsh}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			id := alice.Create(draft(keyword)).ID
			r.sweep()
			meeting := alice.Block(id)
			r.must(alice.DeleteBlock(id))
			if report := r.sweep(); report.Patched != 1 || report.Created != 0 || alice.Block(id) != meeting {
				r.t.Errorf("%s: first time: %+v", keyword, report)
			}
			r.must(alice.DeleteBlock(id))
			if report := r.sweep(); report.Patched != 0 || alice.Block(id) != "" {
				r.t.Errorf("%s: second time: %+v", keyword, report)
			}
			live := len(r.world.Live())
			// Also without a memory it stays out: the mark in the event knows.
			r.lose()
			r.quiet()
			if len(r.world.Live()) != live {
				r.t.Errorf("%s: the meeting did not stay", keyword)
			}
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "Room 4" }))
			r.sweep()
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = keyword }))
			if report := r.sweep(); report.Patched != 1 {
				r.t.Errorf("%s: typed anew: %+v", keyword, report)
			}
			r.quiet()
		})
	}
}

func TestAMeetingDeletedByItsHostIsMadeAgainOnce(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 42}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		r.sweep()
		rename := func(subject string) {
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = subject }))
		}
		r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
		rename("Once")
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("first time: %+v", report)
		}
		r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
		rename("Twice")
		if report := r.sweep(); report.Created != 0 || report.RemovedBlocks != 1 {
			r.t.Errorf("second time: %+v", report)
		}
		rename("Thrice")
		r.quiet()
	})
}

func TestACopyBecomesAnEventOfItsOwn(t *testing.T) {
	for _, exchange := range []simulator.Harshness{simulator.Normal, simulator.Harsh} {
		inBubble(t, simulator.Options{Seed: 43, Exchange: exchange}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			e := alice.Create(draft("@webex:onetime"))
			r.sweep()
			copied := alice.Copy(e.ID)
			if report := r.sweep(); report.Created != 1 || report.Patched != 1 || report.Deleted != 0 {
				r.t.Errorf("%+v", report)
			}
			if a, b := alice.Block(e.ID), alice.Block(copied.ID); a == b || b == "" {
				r.t.Error("both show the same block")
			}
			r.quiet()
		})
	}
}

func TestAPastedBlockOfAnotherEventIsLeftAloneWithoutAKeywordAndReplacedWithOne(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 44}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		source := alice.Create(draft("@webex:onetime"))
		quoting, asking := draft("Room 4"), draft("@webex:onetime")
		quoting.Start, quoting.End = tomorrow(12), tomorrow(13)
		asking.Start, asking.End = tomorrow(14), tomorrow(15)
		q, a := alice.Create(quoting), alice.Create(asking)
		r.sweep()
		r.must(alice.PasteBody(q.ID, source.ID))
		if report := r.sweep(); report.Patched != 0 {
			r.t.Errorf("without a keyword: %+v", report)
		}
		r.must(alice.PasteBody(a.ID, source.ID))
		r.sweep()
		got, _ := alice.Event(a.ID)
		for _, block := range (parser.Body{Content: got.Body, HTML: got.HTML}).Blocks() {
			r.t.Logf("block %s", block.Ref)
		}
		r.quiet()
	})
}

func TestAttendeesAndRoomsCopiesAreNeverWritten(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 45}, func(r *rig) {
		alice, bo := r.mailbox("alice@example.com"), r.mailbox("bo@example.com")
		room := r.mailbox("room@example.com", simulator.AsRoom(true))
		d := draft("@webex:onetime")
		d.Attendees = []string{bo.Address(), room.Address(), "guest@example.org"}
		id := alice.Create(d).ID
		r.sweep()
		r.must(alice.Move(id, tomorrow(15)))
		r.sweep()
		for _, m := range []*simulator.Mailbox{bo, room} {
			if n := r.world.Count("PatchEvent", m.Address()); n != 0 {
				r.t.Errorf("%d writes into the copy of %s", n, m.Address())
			}
		}
		r.quiet()
	})
}

func TestAPersonWhoEditsAtThatVeryMomentLosesNothing(t *testing.T) {
	for name, edit := range map[string]func(d *simulator.Draft){
		"writes into the body":  func(d *simulator.Draft) { d.Body = "<p>bring cake</p>" + d.Body },
		"takes the keyword out": func(d *simulator.Draft) { d.Location = "Room 4" },
		"types another keyword": func(d *simulator.Draft) { d.Location = "@webex:myroom" },
		"moves it":              func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 46}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				id := alice.Create(draft("@webex:onetime")).ID
				edited := false
				r.world.OnRequest(func(q simulator.Request) {
					if q.Call == "PatchEvent" && !edited {
						edited = true
						r.must(alice.Edit(id, edit))
					}
				})
				r.sweep()
				r.world.Unhook()
				if !edited {
					r.t.Error("there was no PATCH to come before")
				}
				r.sweep()
				r.quiet()
			})
		})
	}
}

func TestAnEventThatKeepsChangingWaits(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 47}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("@webex:onetime")).ID
		n := 0
		r.world.OnRequest(func(q simulator.Request) {
			if q.Call == "PatchEvent" {
				n++
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Subject = strings.Repeat("x", n) }))
			}
		})
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Retrying != 1 || report.Reasons[delta.Conflict] != 1 || n > 5 {
			r.t.Errorf("after %d tries: %+v", n, report)
		}
		r.world.Unhook()
		r.pass(2 * time.Minute)
		r.sweep()
		r.quiet()
	})
}

func TestBodiesOfEveryKindKeepTheirText(t *testing.T) {
	bodies := map[string]simulator.Draft{
		"outlook":       {HTML: true, Body: "<html><head><style>p.MsoNormal{margin:0}</style></head><body lang=\"EN-US\"><div class=\"WordSection1\"><p class=\"MsoNormal\">Hello<o:p></o:p></p></div></body></html>"},
		"web":           {HTML: true, Body: "<div style=\"font-family:Calibri\">Hello<br><br></div>"},
		"mobile":        {HTML: true, Body: "<html><body dir=\"auto\">Hello<div><br></div><div id=\"sig\">Sent from my phone</div></body></html>"},
		"plain text":    {Body: "Hello\r\n\r\nbye"},
		"empty":         {HTML: true, Body: ""},
		"empty text":    {Body: ""},
		"right to left": {HTML: true, Body: "<div dir=\"rtl\">שלום לכולם</div>"},
		"reply above":   {HTML: true, Body: "<p>Fine with me.</p><hr><blockquote><p>Hello</p></blockquote>"},
		"broken":        {HTML: true, Body: "<div><p>Hello<b>bold<!-- never"},
		"teams":         {HTML: true, Body: "<p>Hello</p>", Teams: true},
	}
	for name, body := range bodies {
		for _, exchange := range []simulator.Harshness{simulator.Normal, simulator.Harsh} {
			t.Run(name, func(t *testing.T) {
				inBubble(t, simulator.Options{Seed: 48, Exchange: exchange, Quirks: simulator.Quirks{KeepText: name == "plain text"}}, func(r *rig) {
					alice := r.mailbox("alice@example.com")
					d := draft("@webex:onetime")
					d.HTML, d.Body, d.Teams = body.HTML, body.Body, body.Teams
					id := alice.Create(d).ID
					r.sweep()
					r.quiet()
					r.must(alice.Edit(id, func(d *simulator.Draft) {
						if d.HTML {
							d.Body = strings.Replace(d.Body, "</body>", "<p>written below</p></body>", 1)
						} else {
							d.Body += "written below"
						}
					}))
					r.sweep()
					r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "Room 4" }))
					if report := r.sweep(); report.RemovedBlocks != 1 {
						r.t.Errorf("%+v", report)
					}
					r.quiet()
				})
			})
		}
	}
}

func TestALinkInTheLocationIsAppendedAndTakenOutAgain(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 49}, func(r *rig) {
		r.sweeper.Policy.Link, r.rest.Link = true, true
		alice := r.mailbox("alice@example.com")
		id := alice.Create(draft("Room 4; @webex:onetime")).ID
		r.sweep()
		r.quiet()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
		r.sweep()
		r.quiet()
		r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = strings.Replace(d.Location, "@webex:onetime", "Room 5", 1) }))
		r.sweep()
		if e, _ := alice.Event(id); strings.Contains(e.Location, "https://") {
			r.t.Errorf("location %q", e.Location)
		}
		r.quiet()
	})
}

// Another link in its place does not stand for ours. It comes back once for each time that somebody types the location anew.
func TestALinkInTheLocationComesBackBesideAnother(t *testing.T) {
	const room, cafe = "Room 4 @webex:onetime https://maps.example/x", "https://us02web.zoom.us/j/123456789; @webex:onetime"
	for _, daily := range []bool{false, true} {
		inBubble(t, simulator.Options{Seed: 54, Exchange: simulator.Harsh}, func(r *rig) {
			r.sweeper.Policy.Link, r.rest.Link = true, true
			alice := r.mailbox("alice@example.com")
			alice.Create(draft("nowhere")) // an empty calendar would be looked at twice
			d := draft(room)
			if daily {
				d.Recurrence = &simulator.Recurrence{Pattern: "daily", Count: 5}
			}
			id := alice.Create(d).ID
			r.sweep()
			mails := len(r.world.Mails())
			shows := func(typed string) {
				r.t.Helper()
				if e, _ := alice.Event(id); e.Location != typed+" "+r.shownLink(alice, id) || len(r.world.Mails()) != mails {
					r.t.Errorf("location %q, %d mails, want %d", e.Location, len(r.world.Mails()), mails)
				}
			}
			shows(room)
			for _, typed := range []string{cafe, room, room} {
				r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = typed }))
				if report := r.sweep(); report.Patched != 1 {
					r.t.Errorf("%q: %+v", typed, report)
				}
				mails = len(r.world.Mails())
				r.quiet()
				shows(typed)
			}
			r.lose()
			r.sweep()
			for _, link := range []bool{false, true} {
				r.sweeper.Policy.Link = link
				r.resync(0, false)
				r.sweep()
			}
			shows(room)
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = cafe }))
			r.crashOn(func(q simulator.Request) bool { return q.Call == "PatchEvent" })
			r.expireLeases()
			mails = len(r.world.Mails())
			r.sweep()
			shows(cafe)
			r.quiet()
		})
	}
}

func TestALinkInTheLocationGoesWithItsMeeting(t *testing.T) {
	replace := func(old, with string) func(r *rig, alice *simulator.Mailbox, id string) {
		return func(r *rig, alice *simulator.Mailbox, id string) {
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = strings.Replace(d.Location, old, with, 1) }))
		}
	}
	kill := func(r *rig, _ *simulator.Mailbox, _ string) {
		r.must(r.world.DeleteMeeting(r.world.Live()[0].ID))
		r.resync(0, false)
	}
	for name, c := range map[string]struct {
		does func(r *rig, alice *simulator.Mailbox, id string)
		want string // LINK stands for the link in the event's block
	}{
		"another kind in its place": {replace("onetime", "myroom"), "Room 1 @webex:myroom LINK"},
		"a space in its place":      {replace("onetime", "space"), "Room 1 @webex:space LINK"},
		"the keyword goes":          {replace(" @webex:onetime", ""), "Room 1"},
		"the meeting is deleted":    {kill, "Room 1 @webex:onetime LINK"},
		"the keyword goes, and something was typed close to the link": {func(r *rig, alice *simulator.Mailbox, id string) {
			r.must(alice.Edit(id, func(d *simulator.Draft) {
				d.Location = strings.Replace(d.Location, "@webex:onetime https:", "(https:", 1) + "); Cafe"
			}))
		}, "Room 1 (); Cafe"},
		"and deleted again": {func(r *rig, alice *simulator.Mailbox, id string) { kill(r, alice, id); r.sweep(); kill(r, alice, id) }, "Room 1 @webex:onetime"},
		"all day": {func(r *rig, alice *simulator.Mailbox, id string) {
			r.must(alice.Edit(id, func(d *simulator.Draft) { d.AllDay, d.Start, d.End = true, tomorrow(0), tomorrow(24) }))
		}, "Room 1 @webex:onetime LINK"},
		"cancelled": {func(r *rig, alice *simulator.Mailbox, id string) { r.must(alice.Cancel(id)) }, ""},
		"the operator wants none then": {func(r *rig, alice *simulator.Mailbox, id string) {
			r.sweeper.Policy.Link = false
			replace("onetime", "myroom")(r, alice, id)
		}, "Room 1 @webex:myroom"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 50}, func(r *rig) {
				r.sweeper.Policy.Link, r.rest.Link = true, true
				alice := r.mailbox("alice@example.com")
				id := alice.Create(draft("Room 1 @webex:onetime")).ID
				r.sweep()
				c.does(r, alice, id)
				r.rest.Link = r.sweeper.Policy.Link
				r.sweep()
				e, ok := alice.Event(id)
				if !ok {
					if c.want != "" {
						r.t.Error("the event is gone")
					}
					return
				}
				link := ""
				if strings.Contains(c.want, "LINK") {
					link = r.shownLink(alice, id)
				}
				if want := strings.Replace(c.want, "LINK", link, 1); e.Location != want && c.want != "" || strings.Count(e.Location, "https://") > 1 {
					r.t.Errorf("location %q, want %q", e.Location, want)
				}
				r.quiet()
			})
		})
	}
}

func TestALinkThatAPersonTypedIntoTheLocationStays(t *testing.T) {
	for _, c := range []struct{ keyword, typed string }{
		{"@webex", "Room A LINK"}, {"@webex", "LINK"}, {"@webex:onetime", "LINK Cafe"},
	} {
		for _, single := range []bool{true, false} {
			inBubble(t, simulator.Options{Seed: 53}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("Room A " + c.keyword)
				if !single {
					d.Recurrence = &simulator.Recurrence{Pattern: "daily", Count: 5}
				}
				e := alice.Create(d)
				r.sweep()
				id, edit := e.ID, func(change func(d *simulator.Draft)) { r.must(alice.Edit(e.ID, change)) }
				if !single {
					day := alice.Dates(e.ID, time.Now(), time.Now().Add(ahead))[1]
					id, edit = alice.OccurrenceID(e.ID, day), func(change func(d *simulator.Draft)) { r.must(alice.EditOccurrence(e.ID, day, change)) }
				}
				typed := strings.Replace(c.typed, "LINK", r.shownLink(alice, e.ID), 1)
				edit(func(d *simulator.Draft) { d.Location = typed })
				for range 2 {
					r.sweep()
					if e, _ := alice.Event(id); e.Location != typed {
						r.t.Errorf("%q became %q", typed, e.Location)
					}
				}
				edit(func(d *simulator.Draft) { d.Location, typed = typed+"!", typed+"!" })
				r.sweep()
				if e, _ := alice.Event(id); e.Location != typed {
					r.t.Errorf("%q became %q", typed, e.Location)
				}
			})
		}
	}
}

// shownLink is the first link in the block of an event.
func (r *rig) shownLink(m *simulator.Mailbox, id string) string {
	for _, word := range strings.Fields(m.Block(id)) {
		if strings.HasPrefix(word, "https://") {
			return word
		}
	}
	r.t.Fatal("no link is shown")
	return ""
}

func TestACopyDoesNotKeepTheLinkOfTheOther(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 51}, func(r *rig) {
		r.sweeper.Policy.Link, r.rest.Link = true, true
		alice := r.mailbox("alice@example.com")
		e := alice.Create(draft("@webex:onetime"))
		r.sweep()
		copied := alice.Copy(e.ID)
		if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
			r.t.Errorf("%+v", report)
		}
		one, _ := alice.Event(e.ID)
		two, _ := alice.Event(copied.ID)
		if strings.Count(two.Location, "https://") != 1 || one.Location == two.Location {
			r.t.Errorf("locations %q and %q", one.Location, two.Location)
		}
		r.quiet()
	})
}

func TestWhatWasTypedIntoABlockThatAnotherTakesThePlaceOfStays(t *testing.T) {
	const typed = "Bring umbrellas"
	into := func(d *simulator.Draft) { d.Body = strings.Replace(d.Body, "[/Webex", typed+"<br>[/Webex", 1) }
	for _, exchange := range []simulator.Harshness{simulator.Normal, simulator.Harsh} {
		inBubble(t, simulator.Options{Seed: 52, Exchange: exchange}, func(r *rig) {
			alice := r.mailbox("alice@example.com")
			e := alice.Create(draft("@webex:onetime"))
			series, days, _ := r.weekly(alice)
			r.must(alice.Edit(e.ID, into))
			r.must(alice.Edit(series, into))
			r.sweep()
			copied := alice.Copy(e.ID)
			r.must(alice.EditOccurrence(series, days[1], func(d *simulator.Draft) { d.Location = "@webex:myroom" }))
			for range 2 {
				r.sweep()
			}
			for what, id := range map[string]string{"the copy": copied.ID, "the occurrence": alice.OccurrenceID(series, days[1])} {
				got, _ := alice.Event(id)
				if strings.Count(got.Body, typed) != 1 || strings.Count(got.Body, "[/Webex") != 1 {
					r.t.Errorf("%s:\n%s", what, got.Body)
				}
			}
			r.quiet()
		})
	}
}

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

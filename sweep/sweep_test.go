package sweep_test

import (
	"strings"
	"testing"
	"time"

	"syncd/simulator"
)

func TestAPersonalRoomIsWrittenIntoAnEventThatAsksForIt(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 1})
	alice := r.mailbox("alice@example.com")
	e := alice.Create(draft("Room 4; @Webex"))
	alice.Create(draft("Room 5"))
	report := r.sweep()
	if report.Patched != 1 || report.Created != 0 {
		t.Errorf("patched %d, created %d; want 1 and no meeting", report.Patched, report.Created)
	}
	got, _ := alice.Event(e.ID)
	if !strings.Contains(got.Body, r.world.PersonalRoom("alice@example.com")) {
		t.Errorf("no Personal Room in %s", got.Body)
	}
	r.world.ClearRequests()
	if again := r.sweep(); again.Changed != 0 || again.Patched != 0 {
		t.Errorf("the echo of our own PATCH: %+v", again)
	}
	if n := len(r.world.Requests()); n != 1 {
		t.Errorf("%d requests for the echo, want 1: %v", n, r.world.Requests())
	}
}

func TestAMeetingFollowsItsEvent(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 2, Exchange: simulator.Harsh})
	alice := r.mailbox("alice@example.com")
	e := alice.Create(draft("@webex:onetime"))
	if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
		t.Fatalf("first sweep: %+v", report)
	}
	if err := alice.Edit(e.ID, func(d *simulator.Draft) { d.Subject = "Planning II" }); err != nil {
		t.Fatal(err)
	}
	if report := r.sweep(); report.Updated != 1 || report.Patched != 0 {
		t.Errorf("renamed: %+v", report)
	}
	if err := alice.Move(e.ID, tomorrow(14)); err != nil {
		t.Fatal(err)
	}
	if report := r.sweep(); report.Updated != 1 || report.Patched != 0 {
		t.Errorf("moved: %+v", report)
	}
	if err := alice.Edit(e.ID, func(d *simulator.Draft) { d.Location = "Room 4" }); err != nil {
		t.Fatal(err)
	}
	if report := r.sweep(); report.Deleted != 1 || report.RemovedBlocks != 1 {
		t.Errorf("keyword removed: %+v", report)
	}
	if live := r.world.Live(); len(live) != 0 {
		t.Errorf("meetings left: %+v", live)
	}
}

func TestADeletedEventTakesItsMeetingAlong(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 3})
	alice := r.mailbox("alice@example.com")
	e := alice.Create(draft("@webex:onetime"))
	r.sweep()
	if err := alice.Delete(e.ID); err != nil {
		t.Fatal(err)
	}
	r.world.ClearRequests()
	if report := r.sweep(); report.Deleted != 1 {
		t.Errorf("%+v", report)
	}
	if n := len(r.world.Requests()); n != 3 {
		t.Errorf("%d requests for a deletion, want the round, one confirming GET and the DELETE: %v", n, r.world.Requests())
	}
}

func TestAnotherKeywordMakesAnotherMeetingInOnePatch(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 4})
	alice := r.mailbox("alice@example.com")
	e := alice.Create(draft("@webex:onetime"))
	r.sweep()
	for _, location := range []string{"@webex", "@meet"} {
		if err := alice.Edit(e.ID, func(d *simulator.Draft) { d.Location = location }); err != nil {
			t.Fatal(err)
		}
		if report := r.sweep(); report.Patched != 1 {
			t.Errorf("%s: %+v", location, report)
		}
	}
}

func TestASeriesGetsOneMeeting(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 5})
	alice := r.mailbox("alice@example.com")
	d := draft("@webex:onetime")
	d.Recurrence = &simulator.Recurrence{Pattern: "weekly", Count: 10}
	alice.Create(d)
	if report := r.sweep(); report.Created != 1 || report.Patched != 1 {
		t.Errorf("%+v", report)
	}
	if report := r.sweep(); report.Changed != 0 {
		t.Errorf("echo: %+v", report)
	}
}

func TestAnEmptyRedisCausesNoMailAndNoMeeting(t *testing.T) {
	r := newRig(t, simulator.Options{Seed: 6, Exchange: simulator.Harsh})
	alice := r.mailbox("alice@example.com")
	for i, location := range []string{"@webex", "@webex:onetime", "@meet", "nowhere"} {
		d := draft(location)
		d.Start, d.End = d.Start.Add(time.Duration(i)*time.Hour), d.End.Add(time.Duration(i)*time.Hour)
		alice.Create(d)
	}
	r.sweep()
	r.lose()
	r.world.ClearMails()
	report := r.sweep()
	if report.Patched+report.Created+report.Updated+report.Deleted != 0 || len(r.world.Mails()) != 0 {
		t.Errorf("%+v, mails %d", report, len(r.world.Mails()))
	}
	if err := alice.Delete(alice.Events()[0].ID); err != nil {
		t.Fatal(err)
	}
	r.sweep()
}

package delta_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
	"syncd/recurrence"
)

// everyField reports whether no exported field of a struct is zero.
func everyField(v any) bool {
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		if value.Type().Field(i).IsExported() && value.Field(i).IsZero() {
			return false
		}
	}
	return true
}

func event(change func(*delta.Event)) delta.Event {
	e := delta.Event{
		ID: "event", ETag: `W/"1"`, Modified: noon, Type: delta.Master, Organizer: true, Subject: "Plans", Zone: "W. Europe Standard Time",
		Body: parser.Body{Content: "<html><body><p>Agenda: cake</p></body></html>", HTML: true}, Location: delta.Location{Text: "@webex"},
		Start: noon, End: noon.Add(time.Hour), Recurrence: &recurrence.Recurrence{},
		Attendees: []delta.Attendee{{Address: "bo@example.org", Name: "Bo", Type: "required"}, {Address: "carol@example.org", Name: "Carol", Type: "optional"}},
	}
	e.Recurrence.Pattern.Type, e.Recurrence.Pattern.Interval = "daily", 1
	e.Recurrence.Range.Type = "noEnd"
	if change != nil {
		change(&e)
	}
	return e
}

// block is what syncd writes for an event.
func block(t testing.TB, ref string) parser.Rendered {
	t.Helper()
	words, err := parser.WordsFor("en_US")
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := parser.Render(ref, parser.Details{Link: "https://example.webex.com/example/j.php?MTID=m1", Number: "123456789", Password: "pass"}, words, parser.DefaultParts())
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func TestAFingerprintIsThatOfWhatAPersonSaysAndOfNothingElse(t *testing.T) {
	k := newKeys(t, master, "tenant")
	plain := k.Fingerprint("mailbox", event(nil))
	with, err := event(nil).Body.With(block(t, k.Ref("mailbox", "event")), parser.AllOurs)
	if err != nil || !strings.Contains(with.Content, "MTID=m1") {
		t.Fatal(with, err)
	}
	for what, e := range map[string]delta.Event{
		"our own block": event(func(e *delta.Event) { e.Body = with }),
		"a new version": event(func(e *delta.Event) { e.ETag, e.Modified = `W/"2"`, noon.Add(time.Hour) }),
		"HTML laid out anew": event(func(e *delta.Event) {
			e.Body.Content = "<html>\r\n<head>\r\n</head><body>\r\n<p class=\"x\">Agenda:\r\ncake</p>\r\n</body>\r\n</html>"
		}),
		"names of attendees":    event(func(e *delta.Event) { e.Attendees[0].Name = "Bo Diddley" }),
		"order of attendees":    event(func(e *delta.Event) { e.Attendees[0], e.Attendees[1] = e.Attendees[1], e.Attendees[0] }),
		"the text of the place": event(func(e *delta.Event) { e.Location.Text = "Room 4; @webex" }),
		"the mark":              event(func(e *delta.Event) { e.Mark, e.MarkRead = delta.Mark{Valid: true}, true }),
		"times in another zone": event(func(e *delta.Event) { e.Start = e.Start.In(time.FixedZone("x", 3600)) }),
	} {
		if k.Fingerprint("mailbox", e) != plain {
			t.Errorf("%s: another fingerprint", what)
		}
	}
	seen := map[string]string{plain: "the event itself"}
	for what, change := range map[string]func(*delta.Event){
		"subject":           func(e *delta.Event) { e.Subject = "Plan" },
		"body":              func(e *delta.Event) { e.Body.Content = "<p>Agenda: pie</p>" },
		"start":             func(e *delta.Event) { e.Start = e.Start.Add(time.Minute) },
		"end":               func(e *delta.Event) { e.End = e.End.Add(time.Minute) },
		"zone":              func(e *delta.Event) { e.Zone = "UTC" },
		"pattern":           func(e *delta.Event) { e.Recurrence.Pattern.Interval = 2 },
		"no pattern":        func(e *delta.Event) { e.Recurrence = nil },
		"attendee gone":     func(e *delta.Event) { e.Attendees = e.Attendees[:1] },
		"attendee's part":   func(e *delta.Event) { e.Attendees[0].Type = "optional" },
		"attendee's adress": func(e *delta.Event) { e.Attendees[0].Address = "bob@example.org" },
		"private":           func(e *delta.Event) { e.Private = true }, // its body does not go to Webex
	} {
		print := k.Fingerprint("mailbox", event(change))
		if other, known := seen[print]; known {
			t.Errorf("%s: the fingerprint of %s", what, other)
		}
		seen[print] = what
	}
	if k.Fingerprint("another", event(nil)) == plain || newKeys(t, master, "another").Fingerprint("mailbox", event(nil)) == plain {
		t.Error("two calendars with the same event can be told to have it")
	}
	if len(plain) != 24 || !delta.SameScheme(plain, "1.other") || delta.SameScheme(plain, "2.other") || delta.SameScheme(plain, "") {
		t.Errorf("fingerprint %s", plain)
	}
}

func TestTheTimesOfAnEventAreKnownByThemselves(t *testing.T) {
	k := newKeys(t, master, "tenant")
	when := k.Times("mailbox", event(nil))
	for what, change := range map[string]func(*delta.Event){
		"subject": func(e *delta.Event) { e.Subject = "x" }, "body": func(e *delta.Event) { e.Body.Content = "x" }, "attendees": func(e *delta.Event) { e.Attendees = nil },
	} {
		if k.Times("mailbox", event(change)) != when {
			t.Errorf("%s is not a time", what)
		}
	}
	for what, change := range map[string]func(*delta.Event){
		"start": func(e *delta.Event) { e.Start = e.Start.Add(time.Minute) }, "end": func(e *delta.Event) { e.End = e.End.Add(time.Minute) },
		"zone": func(e *delta.Event) { e.Zone = "UTC" }, "pattern": func(e *delta.Event) { e.Recurrence.Range.Type = "endDate" },
	} {
		if k.Times("mailbox", event(change)) == when {
			t.Errorf("%s is a time", what)
		}
	}
}

func TestAnEventIsSeenWithItsKeywordItsBlockAndOthers(t *testing.T) {
	k, policy := newKeys(t, master, "tenant"), delta.Policy{Webex: delta.MyRoom, Meet: delta.Space}
	shows := func(ref string) func(*delta.Event) {
		return func(e *delta.Event) {
			body, err := e.Body.With(block(t, ref), parser.AllOurs)
			if err != nil {
				t.Fatal(err)
			}
			e.Body = body
		}
	}
	see := func(change func(*delta.Event)) delta.Seen { return k.See("mailbox", event(change), policy, noon) }
	if s := see(nil); s.Keyword != "@webex" || s.Asked != delta.MyRoom || len(s.Own)+len(s.Shared) != 0 || s.Copied || s.Foreign || s.Ref == "" || s.Print == "" || !s.LastEnd.IsZero() {
		t.Errorf("%+v", s)
	}
	if s := see(shows(k.Ref("mailbox", "event"))); len(s.Own) != 1 || s.Copied || s.Foreign {
		t.Errorf("its own block: %+v", s)
	}
	if s := see(shows(k.Ref("mailbox", "another"))); len(s.Own) != 0 || !s.Copied || s.Foreign {
		t.Errorf("another event's block: %+v", s)
	}
	if s := see(func(e *delta.Event) { e.SeriesID = "series"; shows(k.Ref("mailbox", "series"))(e) }); len(s.Shared) != 1 || s.Copied {
		t.Errorf("its series' block: %+v", s)
	}
	if s := see(func(e *delta.Event) { e.Body.Content = "<p>https://example.webex.com/meet/bo</p>" }); !s.Foreign {
		t.Errorf("Webex details of somebody else: %+v", s)
	}
	quiet := func(e *delta.Event) { e.Location.Text = "Room 4" }
	if s := see(quiet); s.Keyword != "" || s.Asked != "" || s.Print != "" || len(s.Own) != 0 || s.Copied {
		t.Errorf("no keyword: %+v", s)
	}
	if s := see(func(e *delta.Event) { quiet(e); shows(k.Ref("mailbox", "event"))(e) }); len(s.Own) != 1 || s.Ref == "" {
		t.Errorf("no keyword, and a block: %+v", s)
	}
	if s := see(func(e *delta.Event) { quiet(e); e.SeriesID = "series" }); s.SeriesRef == "" {
		t.Errorf("no keyword, in a series: %+v", s)
	}
	for location, want := range map[string]delta.Kind{"@meet": delta.Space, "@spark": delta.Space, "@webex:onetime": delta.OneTime, "@meet:myroom": delta.MyRoom, "@webex:nonsense": delta.MyRoom} {
		if s := see(func(e *delta.Event) { e.Location.Text = location }); s.Asked != want {
			t.Errorf("%s asks for %s, want %s", location, s.Asked, want)
		}
	}
	for want, change := range map[delta.Reason]func(*delta.Event){
		delta.AllDay: func(e *delta.Event) { e.AllDay = true }, delta.TooLong: func(e *delta.Event) { e.Recurrence, e.End = nil, e.Start.Add(24*time.Hour) },
		"": func(e *delta.Event) { e.Recurrence, e.End = nil, e.Start.Add(24*time.Hour-time.Minute) },
	} {
		if s := see(change); s.Limit != want {
			t.Errorf("limit %q, want %q", s.Limit, want)
		}
	}
}

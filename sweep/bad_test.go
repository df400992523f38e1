package sweep_test

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"syncd/delta"
	"syncd/simulator"
)

// What people type is not what Webex takes. Each has a defined result.

func TestSubjectsOfEveryKindBecomeATitleThatWebexTakes(t *testing.T) {
	for name, c := range map[string]struct{ subject, title string }{
		"HTML":               {`<b>Plans</b> & <script>alert(1)</script>`, `<b>Plans</b> & <script>alert(1)</script>`},
		"control characters": {"Plans\r\n\tfor\x00 \x1b[31mspring\u2028now", "Plans for [31mspring now"},
		"bidi characters":    {"\u202egnirps\u202c \u2067rof\u2069", "gnirps rof"},
		"Hebrew":             {"תכנון אביב", "תכנון אביב"},
		"10,000 characters":  {strings.Repeat("plans ", 1667), strings.TrimSpace(strings.Repeat("plans ", 1667)[:128])},
		"10,000 emojis":      {strings.Repeat("🗓", 10_000), strings.Repeat("🗓", 64)},
		"empty":              {"", "Webex meeting"},
		"nothing visible":    {" \t\u200e\u202e ", "Webex meeting"},
		"quotes":             {`"Q3" 'plan' {{.}} %s \n`, `"Q3" 'plan' {{.}} %s \n`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 101, Exchange: simulator.Harsh}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				for i, keyword := range []string{"@webex:onetime", "@webex", "@meet"} {
					d := draft(keyword)
					d.Subject, d.Start, d.End = c.subject, tomorrow(9+i), tomorrow(10+i)
					alice.Create(d)
				}
				if report, err := r.trySweep(r.t.Context()); err != nil || report.Created != 2 || report.Patched != 3 {
					r.t.Fatalf("%+v %v", report, err)
				}
				title := r.world.Live()[0].Title
				if other, space := r.world.Live()[1].Title, r.space().Title; other != title || space != title {
					r.t.Errorf("titles %q and %q, and of the space %q", title, other, space)
				}
				if title != c.title || utf8.RuneCountInString(title) > 128 || strings.ContainsFunc(title, unicode.IsControl) {
					r.t.Errorf("title %q, want %q", title, c.title)
				}
				if err := r.world.CheckAlways(); err != nil {
					r.t.Error(err)
				}
				r.pass(nextList) // and the daily check finds nothing amiss with it
				for range 2 {
					if report, err := r.trySweep(r.t.Context()); err != nil || report.Patched+report.Updated+report.Created != 0 {
						r.t.Errorf("not at rest: %+v %v", report, err)
					}
				}
			})
		})
	}
}

func TestLengthsThatWebexDoesNotTakeAreRuled(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for name, c := range map[string]struct {
		start, end time.Duration // after midnight
		allDay     bool
		length     time.Duration // of the Webex meeting; 0 for the Personal Room
		reason     delta.Reason
	}{
		"no time at all":     {start: 9 * hour, end: 9 * hour, length: 10 * time.Minute},
		"5 minutes":          {start: 9 * hour, end: 9*hour + 5*time.Minute, length: 10 * time.Minute},
		"10 minutes":         {start: 9 * hour, end: 9*hour + 10*time.Minute, length: 10 * time.Minute},
		"23 h 59 min":        {start: 9 * hour, end: 33*hour - time.Minute, length: day - time.Minute},
		"24 h":               {start: 9 * hour, end: 33 * hour, reason: delta.TooLong},
		"3 days":             {start: 9 * hour, end: 9*hour + 3*day, reason: delta.TooLong},
		"all day":            {start: 0, end: day, allDay: true, reason: delta.AllDay},
		"all day for a week": {start: 0, end: 7 * day, allDay: true, reason: delta.AllDay},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 102}, func(r *rig) {
				alice := r.mailbox("alice@example.com")
				d := draft("@webex:onetime")
				d.Start, d.End, d.AllDay = tomorrow(0).Add(c.start), tomorrow(0).Add(c.end), c.allDay
				id := alice.Create(d).ID
				report := r.sweep()
				if report.Patched != 1 || report.Retrying != 0 {
					r.t.Fatalf("%+v", report)
				}
				live := r.world.Live()
				e, _ := alice.Event(id)
				switch {
				case c.length == 0:
					if len(live) != 0 || !strings.Contains(e.Body, r.world.PersonalRoom("alice@example.com")) {
						r.t.Errorf("%d meetings, body %s", len(live), e.Body)
					}
				case len(live) != 1 || !live[0].Start.Equal(d.Start) || live[0].End.Sub(live[0].Start) != c.length:
					r.t.Errorf("meetings %+v, want one of %s", live, c.length)
				}
				if got := r.record(0, id).Reason; got != c.reason {
					r.t.Errorf("reason %q, want %q", got, c.reason)
				}
				r.quiet()
			})
		})
	}
}

// record reads what is remembered of an event.
func (r *rig) record(i int, id string) delta.Record {
	r.t.Helper()
	raw, err := r.redis.HGet(r.t.Context(), "syncd:{"+r.boxes[i].ID+"}:events", id).Result()
	r.must(err)
	record, err := delta.DecodeRecord(raw)
	r.must(err)
	return record
}

func TestALongAgendaIsCutAndOneOfAPrivateEventStaysHome(t *testing.T) {
	for name, c := range map[string]struct {
		body, sensitivity string
		longest           int
		want              string
	}{
		"long":      {body: "<p>" + strings.Repeat("cake ", 2000) + "</p>", longest: 1300, want: "cake cake"},
		"emojis":    {body: "<p>" + strings.Repeat("🎂", 3000) + "</p>", longest: 650, want: "🎂"},
		"100 lines": {body: "<p>" + strings.Repeat("line<br>", 1000) + "</p>", longest: 1300, want: "line\nline"},
		"HTML":      {body: "<p>1 &lt; 2 &amp; <b>bold</b><script>x()</script></p>", longest: 20, want: "1 < 2 & bold"},
		"private":   {body: "<p>the doctor says</p>", sensitivity: "private", longest: 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 103}, func(r *rig) {
				d := draft("@webex:onetime")
				d.Body, d.Sensitivity = c.body, c.sensitivity
				r.mailbox("alice@example.com").Create(d)
				r.sweep()
				agenda := r.world.Live()[0].Agenda
				if utf8.RuneCountInString(agenda) > c.longest || !strings.HasPrefix(agenda, c.want) || strings.Contains(agenda, "[Webex") {
					r.t.Errorf("agenda of %d characters: %.60q", utf8.RuneCountInString(agenda), agenda)
				}
				r.quiet()
			})
		})
	}
}

func TestASiteThatRefusesMeetingsAsTheyAreHoldsUpNobody(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 104}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		alice.Create(later("@webex:onetime", 9))
		alice.Create(later("@webex", 10))
		// As a site answers that wants a password and makes none of its own (fixtures, post.meetings.400.json).
		demands := simulator.Answer(400, map[string][]string{"Content-Type": {"application/json"}, "Trackingid": {"ROUTER_1"}},
			`{"message":"The request could not be understood by the server due to malformed syntax.","errors":[{"description":"Meeting password validation failed."}],"trackingId":"ROUTER_1"}`)
		rule := r.world.Fault(simulator.Rule{Call: "CreateMeeting", Fault: demands})
		report, err := r.trySweep(r.t.Context())
		r.must(err)
		if report.Patched != 1 || report.Retrying != 1 || report.Reasons[delta.Refused] != 1 || rule.Hits() != 1 {
			r.t.Errorf("%+v after %d tries", report, rule.Hits())
		}
		for range 24 { // a day of it costs few of the calls that are counted
			r.pass(time.Hour)
			r.must(r.sweepErr())
		}
		if n := rule.Hits(); n > 14 {
			r.t.Errorf("%d tries in a day", n)
		}
		r.world.Heal()
		r.pass(25 * time.Hour)
		r.sweep()
		r.quiet()
	})
}

func TestOddAddressesOfOrganisersAreServed(t *testing.T) {
	for _, address := range []string{"o'brien@example.com", "plus+tag@example.com", "under_score.a-b@sub.example.com", "jürgen@bücher.example"} {
		t.Run(address, func(t *testing.T) {
			inBubble(t, simulator.Options{Seed: 106}, func(r *rig) {
				person := r.mailbox(address)
				var ids []string
				for i, keyword := range []string{"@webex", "@webex:onetime", "@meet"} {
					d := later(keyword, 9+i)
					ids = append(ids, person.Create(d).ID)
				}
				if report := r.sweep(); report.Created != 2 || report.Patched != 3 || r.world.Live()[0].Host != address {
					r.t.Errorf("%+v, hosted by %s", report, r.world.Live()[0].Host)
				}
				for _, id := range ids {
					r.must(person.Edit(id, func(d *simulator.Draft) { d.Subject = "Renamed" }))
				}
				r.sweep()
				r.pass(nextList)
				r.quiet()
				for _, id := range ids {
					r.must(person.Delete(id))
				}
				if report := r.sweep(); report.Deleted != 2 || len(r.world.Live()) != 0 {
					r.t.Errorf("%+v", report)
				}
			})
		})
	}
}

func TestOddAddressesOfAttendeesHarmNothing(t *testing.T) {
	inBubble(t, simulator.Options{Seed: 105}, func(r *rig) {
		alice := r.mailbox("alice@example.com")
		r.world.Bar(`"a b"@example.org`) // blanks in an address are not for Webex
		d := later("@webex:onetime", 9)
		d.Attendees = []string{"o'brien@example.org", `"a b"@example.org`, "plus+tag@example.org", "jürgen@bücher.example", "用户@例子.example"}
		alice.Create(d)
		many := later("@webex:onetime", 10)
		many.Attendees = nil
		for i := range 1501 {
			many.Attendees = append(many.Attendees, "guest"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26)+"@example.org")
		}
		alice.Create(many)
		if report := r.sweep(); report.Created != 1 || report.Reasons[delta.TooMany] != 1 {
			r.t.Errorf("%+v", report)
		}
		r.quiet()
	})
}

package simulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ruleOf writes the series of a crowd as Webex takes them.
func ruleOf(r *Recurrence) any {
	if r == nil {
		return nil
	}
	rule := map[string]string{
		"daily": "FREQ=DAILY", "weekly": "FREQ=WEEKLY;BYDAY=" + rruleNames[(append(r.Days, 0))[0]], "absoluteMonthly": fmt.Sprintf("FREQ=MONTHLY;BYMONTHDAY=%d", r.DayOfMonth),
	}[r.Pattern]
	return fmt.Sprintf("%s;INTERVAL=%d;COUNT=%d", rule, r.Interval, r.Count)
}

// oracle is the simplest program that keeps the promises: it looks at every event itself and does what the audit asks for, with
// no cursor, no memory and no cleverness.
func (c *client) oracle(t *testing.T, m *Mailbox) {
	t.Helper()
	all := ""
	for _, e := range m.Events() {
		all += e.Body
	}
	for _, met := range c.w.Live() {
		if met.Host == m.Address() && !strings.Contains(all, met.Link) {
			c.do("DELETE", WebexURL+"/meetings/"+met.ID+"?sendEmail=false&hostEmail="+m.Address(), nil)
		}
	}
	for _, e := range m.Events() {
		if !e.IsOrganizer {
			continue
		}
		_, modifier, asks := keyword(e.Location)
		asks = asks && !e.Cancelled && e.End.After(c.w.now())
		block := m.Block(e.ID)
		var live *Meeting
		for _, met := range c.w.Live() {
			if met.ByClient && strings.Contains(block, met.Link) {
				live = &met
			}
		}
		own := asks && modifier == kindOneTime
		if own && live != nil && (!live.Start.Equal(e.Start.UTC()) || !live.End.Equal(e.End.UTC()) || live.Title != e.Subject || fmt.Sprint(ruleOf(e.Recurrence)) != fmt.Sprint(any(live.Recurrence))) {
			c.ok("PATCH", WebexURL+"/meetings/"+live.ID, js{"title": e.Subject, "start": e.Start.UTC().Format(time.RFC3339), "end": e.End.UTC().Format(time.RFC3339),
				"recurrence": ruleOf(e.Recurrence), "hostEmail": m.Address(), "sendEmail": false})
		}
		if live != nil && !own {
			c.ok("GET", events(m.Address(), e.ID), nil)
			c.do("DELETE", WebexURL+"/meetings/"+live.ID+"?sendEmail=false&hostEmail="+m.Address(), nil)
			live = nil
		}
		link := ""
		switch {
		case own && live != nil:
			link = live.Link
		case own:
			link = c.ok("POST", WebexURL+"/meetings", js{"title": e.Subject, "start": e.Start.UTC().Format(time.RFC3339), "end": e.End.UTC().Format(time.RFC3339),
				"recurrence": ruleOf(e.Recurrence), "hostEmail": m.Address(), "sendEmail": false})["webLink"].(string)
		case asks:
			link = c.w.PersonalRoom(m.Address())
		}
		if link == "" && block == "" || link != "" && strings.Contains(block, link) {
			continue
		}
		b := body{e.HTML, e.Body}
		if n := len(strings.Fields(block)); n > 0 {
			from := indexOf(b.words(), strings.Fields(block))
			b.content = cutWords(b, from, from+n)
		}
		if link != "" && b.html {
			b.content = beforeEnd(b.content, blockText(link))
		} else if link != "" {
			b.content += "\nJoin: " + link
		}
		kind := "text"
		if b.html {
			kind = "html"
		}
		c.ok("PATCH", events(m.Address(), e.ID), js{"body": js{"contentType": kind, "content": b.content}}, "If-Match", e.ETag)
	}
}

func TestARandomCrowdAndASimpleProgramKeepTheAuditClean(t *testing.T) {
	for seed := range uint64(6) {
		w, c, pass := newWorld(t, Options{Seed: seed, Exchange: Varied})
		boxes := []*Mailbox{w.AddMailbox(alice_), w.AddMailbox("bob@example.com"), w.AddMailbox("carol@example.com")}
		rest := AtRest{Enrolled: []string{alice_, "bob@example.com", "carol@example.com"}}
		crowd := w.Crowd(seed, Habit{Singles: seed%2 == 0}, boxes...)
		kinds := map[string]bool{}
		for range 80 {
			act := crowd.Act()
			kinds[act.What] = true
			for _, m := range boxes {
				c.oracle(t, m)
			}
			if err := w.Check(rest); err != nil {
				t.Fatalf("seed %d, after %v:\n%v", seed, act, err)
			}
			pass(time.Minute)
		}
		if len(kinds) < 7 {
			t.Errorf("the crowd does only %v", kinds)
		}
	}
}

func TestACrowdOfOneSeedDoesTheSameTwice(t *testing.T) {
	run := func() (all []string) {
		w, _, pass := newWorld(t, Options{Seed: 1})
		crowd := w.Crowd(3, Habit{HandsOnText: true, HostsAct: true}, w.AddMailbox(alice_), w.AddMailbox("bob@example.com"))
		for range 60 {
			all = append(all, crowd.Act().String())
			pass(time.Minute)
		}
		if err := w.CheckAlways(); err != nil {
			t.Fatal(err)
		}
		return all
	}
	same(t, "acts", run(), run())
}

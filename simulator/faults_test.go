package simulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wires are the two ways to reach a world.
func wires(t *testing.T, test func(t *testing.T, w *World, c *client, m *Mailbox, root string)) {
	t.Run("in process", func(t *testing.T) {
		w, c, m, _, _ := calendar(t, Quirks{})
		test(t, w, c, m, GraphURL)
	})
	t.Run("over TLS", func(t *testing.T) {
		w := New(Options{Seed: 5})
		m := w.AddMailbox(alice_)
		srv, err := w.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = srv.Close() })
		c := newClient(t, w)
		c.http = srv.Client()
		test(t, w, c, m, srv.GraphURL)
	})
}

func TestEveryFaultStrikesBeforeOrAfterTheDeed(t *testing.T) {
	patch := js{"subject": "changed"}
	for name, want := range map[string]struct {
		fault   Fault
		status  int // 0: cut, -1: cut in the body
		applied bool
		has     string
	}{
		"refused":         {Refuse(503, "serviceNotAvailable", "3"), 503, false, "serviceNotAvailable"},
		"applied 504":     {Refuse(504, "UnknownError", "").Applied(), 504, true, "UnknownError"},
		"lost":            {Lose(), 0, false, ""},
		"unheard":         {Unheard(), 0, true, ""},
		"truncated":       {Truncate(), -1, true, "@odata.context"},
		"HTML with 200":   {HTML(200), 200, false, "<!DOCTYPE html>"},
		"HTML with 502":   {HTML(502), 502, false, "<!DOCTYPE html>"},
		"delayed":         {Delay(time.Millisecond), 200, true, "changed"},
		"slow":            {Slow(time.Millisecond), 200, true, "changed"},
		"redirected":      {Redirect("https://elsewhere.example/"), 302, false, ""},
		"any answer":      {Answer(418, http.Header{"X-Tea": {"pot"}}, "short"), 418, false, "short"},
		"changed":         {Change(func(b []byte) []byte { return b[:10] }), 200, true, ""},
		"late and broken": {Refuse(500, "generalException", "").After(time.Millisecond), 500, false, "generalException"},
	} {
		t.Run(name, func(t *testing.T) {
			wires(t, func(t *testing.T, w *World, c *client, m *Mailbox, root string) {
				e := m.Create(at(1, 0))
				w.ClearMails()
				rule := w.Fault(Rule{Call: "PatchEvent", Times: 1, Fault: want.fault})
				r := c.do("PATCH", strings.Replace(events(alice_, e.ID), GraphURL, root, 1), patch)
				if r.status != want.status || !strings.Contains(string(r.body), want.has) {
					t.Errorf("status %d, body %.80q", r.status, r.body)
				}
				if now, _ := m.Event(e.ID); (now.Subject == "changed") != want.applied {
					t.Errorf("applied: %v", now.Subject)
				}
				log := w.Requests()
				if last := log[len(log)-1]; rule.Hits() != 1 || last.Fault == "" || (last.Status == 0) != (want.status == 0) {
					t.Errorf("hits %d, log %+v", rule.Hits(), last)
				}
				if r := c.do("PATCH", strings.Replace(events(alice_, e.ID), GraphURL, root, 1), patch); r.status != 200 {
					t.Errorf("the next: %d", r.status)
				}
			})
		})
	}
}

func TestLinksToAForeignHostAndWhoFollowsThem(t *testing.T) {
	wires(t, func(t *testing.T, w *World, c *client, m *Mailbox, root string) {
		m.Create(at(1, 0))
		link := strings.Replace(deltaURL(alice_, noon, noon.AddDate(0, 0, 9)), GraphURL, root, 1)
		w.Fault(Rule{Call: "Delta*", Nth: 1, Fault: ForeignLink()})
		w.Fault(Rule{Call: "Delta*", Nth: 2, Fault: OtherMailbox("bob@example.com")})
		bad := c.ok("GET", link, nil)["@odata.deltaLink"].(string)
		if strings.HasPrefix(bad, root) {
			t.Fatalf("link %s", bad)
		}
		c.do("GET", bad, nil)
		if v := w.Violations(); len(v) != 1 || v[0].Promise != "P7" || !strings.Contains(v[0].Text, "with a token") {
			t.Errorf("%v", v)
		}
		second := c.ok("GET", link, nil)["@odata.deltaLink"].(string)
		third := c.ok("GET", link, nil)["@odata.deltaLink"].(string)
		if !strings.Contains(second+third, "/users/bob@example.com/calendarView/delta") && !strings.Contains(second+third, "/users/bob%40example.com/") {
			t.Errorf("%s\n%s", second, third)
		}
	})
}

func TestRulesStrikeTheNthEachOrSomeOfTheRequests(t *testing.T) {
	statuses := func(rule Rule) (got []int) {
		w, c, m, _, _ := calendar(t, Quirks{})
		e := m.Create(at(1, 0))
		w.Fault(rule)
		for range 8 {
			got = append(got, c.do("GET", events(alice_, e.ID), nil).status)
			c.do("GET", GraphURL+"/v1.0/organization", nil)
		}
		return got
	}
	broken := func(got []int) (n int) {
		for _, s := range got {
			if s == 500 {
				n++
			}
		}
		return n
	}
	f := Refuse(500, "generalException", "")
	if got := statuses(Rule{Call: "GetEvent", Nth: 3, Fault: f}); got[2] != 500 || broken(got) != 1 {
		t.Errorf("Nth: %v", got)
	}
	if got := statuses(Rule{Call: "Get*", Every: 2, Fault: f}); broken(got) != 0 {
		t.Errorf("Every over both calls: %v", got)
	}
	if got := statuses(Rule{Method: "GET", Mailbox: "ALICE@example.com", Times: 2, Fault: f}); broken(got) != 2 {
		t.Errorf("Times: %v", got)
	}
	if got := statuses(Rule{Service: Webex, Fault: f}); broken(got) != 0 {
		t.Errorf("another service: %v", got)
	}
	if got := broken(statuses(Rule{Probability: 0.5, Fault: f})); got == 0 || got == 8 {
		t.Errorf("Probability: %d", got)
	}
	if got := broken(statuses(Rule{Match: func(r Request) bool { return r.N > 4 }, Call: "GetEvent", Fault: f})); got != 6 {
		t.Errorf("Match: %d", got)
	}
}

func TestAskingBeforeRetryAfterHasPassedIsAViolation(t *testing.T) {
	w, c, m, _, pass := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	for _, header := range []string{"2", "2.128", noon.Add(2 * time.Second).Format(http.TimeFormat)} {
		w.Fault(Rule{Call: "GetEvent", Times: 1, Fault: Refuse(429, "TooManyRequests", header)})
		c.do("GET", events(alice_, e.ID), nil)
		c.do("GET", GraphURL+"/v1.0/organization", nil) // another scope
		pass(3 * time.Second)
		c.do("GET", events(alice_, e.ID), nil)
		if v := w.Violations(); len(v) != 0 {
			t.Fatalf("%s obeyed: %v", header, v)
		}
	}
	w.Fault(Rule{Call: "GetEvent", Times: 1, Fault: Refuse(429, "TooManyRequests", "2")})
	c.do("GET", events(alice_, e.ID), nil)
	pass(time.Second)
	c.do("GET", events(alice_, e.ID), nil)
	if v := w.Violations(); len(v) != 1 || v[0].Promise != "P12" {
		t.Errorf("disobeyed: %v", v)
	}
	w.ClearViolations()
	pass(time.Minute)
	w.Fault(Rule{Call: "GetMeeting", Times: 1, Fault: Refuse(423, "locked", "60")})
	c.do("GET", WebexURL+"/meetings/a", nil)
	pass(time.Second)
	c.do("GET", WebexURL+"/meetings/b", nil)
	if v := w.Violations(); len(v) != 0 {
		t.Errorf("a lock binds only what is locked: %v", v)
	}
	c.do("GET", WebexURL+"/meetings/a", nil)
	if v := w.Violations(); len(v) != 1 {
		t.Errorf("a lock disobeyed: %v", v)
	}
	for _, header := range []string{"soon", "-1", "1e99", ""} {
		if _, ok := retryAfter(header, noon); ok {
			t.Errorf("%q was understood", header)
		}
	}
}

func TestHooksSeeEachCallBeforeAndAfterItIsDone(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	var seen []string
	subject := func() string { now, _ := m.Event(e.ID); return now.Subject }
	w.OnRequest(func(r Request) { seen = append(seen, r.Call+" before "+subject()) })
	w.OnAnswer(func(r Request) { seen = append(seen, r.Call+" after "+subject()) })
	c.ok("PATCH", events(alice_, e.ID), js{"subject": "new"})
	w.Unhook()
	c.ok("PATCH", events(alice_, e.ID), js{"subject": "newer"})
	same(t, "hooks", seen, []string{"PatchEvent before d1", "PatchEvent after new"})
}

func TestTheWorldStandsInASynctestBubbleAndDelaysTakeNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(Options{Seed: 1})
		m := w.AddMailbox(alice_)
		e := m.Create(Draft{Subject: "x", Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour)})
		c := newClient(t, w)
		w.Fault(Rule{Call: "GetEvent", Nth: 1, Fault: Delay(time.Hour)})
		began := time.Now()
		c.ok("GET", events(alice_, e.ID), nil)
		if time.Since(began) != time.Hour {
			t.Errorf("%s passed", time.Since(began))
		}
		w.Fault(Rule{Call: "PatchEvent", Nth: 1, Fault: Slow(time.Hour)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "PATCH", events(alice_, e.ID), strings.NewReader(`{"subject":"y"}`))
		req.Header.Set("Authorization", "Bearer "+c.graph)
		req.Header.Set("Content-Type", "application/json")
		if _, err := c.http.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if now, _ := m.Event(e.ID); now.Subject != "y" {
			t.Error("a slow PATCH was not applied")
		}
	})
}

func TestACutConnectionIsAnErrorInBothWires(t *testing.T) {
	wires(t, func(t *testing.T, w *World, c *client, m *Mailbox, root string) {
		w.Fault(Rule{Call: "GetOrganization", Nth: 1, Fault: Lose()})
		w.Fault(Rule{Call: "GetOrganization", Nth: 1, Fault: Truncate()})
		get := func() (*http.Response, error) {
			req, _ := http.NewRequest("GET", root+"/v1.0/organization", nil)
			req.Header.Set("Authorization", "Bearer "+c.graph)
			return c.http.Do(req)
		}
		if _, err := get(); err == nil {
			t.Error("lost, and no error")
		}
		res, err := get()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err == nil || len(body) == 0 {
			t.Errorf("truncated: %q, %v", body, err)
		}
	})
}

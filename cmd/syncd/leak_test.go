package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"syncd/simulator"
)

// What people write, whom they invite, and everything that opens a door is planted all over the world. A busy set of sweeps,
// with every kind of trouble, must show none of it (P7).

// planted are the words of people, each of them nowhere else.
var planted = []string{
	"Zebraquartz subject & more", "Zebraquartz renamed", "zebraquartz-body-words", "zebraguest@canary.example", "Zebraplace upstairs",
	"zebra-in-an-error", "zebraquartz-private", "zebraquartz-series",
}

func (s *site) plant() {
	alice := s.alice()
	draft := func(hour int, keyword string) simulator.Draft {
		d := appointment(hour, keyword+"; "+planted[4])
		d.Subject, d.Body, d.Attendees = planted[0], "<html><body><p>"+planted[2]+"</p></body></html>", []string{planted[3]}
		return d
	}
	for hour, keyword := range []string{"@webex:onetime", "@webex", "@webex:onetime", "@webex:onetime", "Room 4", "@webex:onetime"} {
		alice.Create(draft(8+hour, keyword))
	}
	private := draft(15, "@webex:onetime")
	private.Subject, private.Sensitivity = planted[6], "private"
	alice.Create(private)
	series := draft(16, "@webex:onetime")
	series.Subject, series.Recurrence = planted[7], &simulator.Recurrence{Pattern: "weekly", Count: 4}
	alice.Create(series)
}

// stir changes some of what is there, each time another.
func (s *site) stir(turn int) {
	events := s.alice().Events()
	for i, e := range events {
		switch {
		case i%4 != turn%4 || e.Type != "singleInstance":
		case turn%3 == 0:
			s.must(s.alice().Edit(e.ID, func(d *simulator.Draft) { d.Subject = planted[1] + fmt.Sprint(turn) }))
		case turn%3 == 1:
			s.must(s.alice().Move(e.ID, e.Start.Add(10*time.Minute)))
		default:
			s.must(s.alice().Edit(e.ID, func(d *simulator.Draft) {
				d.Location = []string{"@webex:myroom; ", "@webex:onetime; ", "Room 4; "}[turn%3] + planted[4]
			}))
		}
	}
	if turn%5 == 4 && len(events) > 3 {
		s.must(s.alice().Delete(events[turn%3].ID))
	}
	d := appointment(9, "@webex:onetime; "+planted[4])
	d.Subject, d.Attendees = planted[0], []string{planted[3]}
	s.alice().Create(d)
}

// troubles are answers that tempt a program into repeating what stands in them.
func troubles() []simulator.Rule {
	quoting := planted[5]
	asJSON := http.Header{"Content-Type": {"application/json"}, "Request-Id": {quoting + " @"}, "Trackingid": {quoting + "@"}}
	graphError := `{"error":{"code":"ErrorInvalidRequest","message":"` + quoting + `","innerError":{"request-id":"` + quoting + `","code":"` + quoting + ` "}}}`
	webexError := `{"message":"` + quoting + `","errors":[{"description":"` + quoting + `"}],"trackingId":"` + quoting + ` @"}`
	everywhere := func(f simulator.Fault) simulator.Rule { return simulator.Rule{Every: 3, Fault: f} }
	return []simulator.Rule{
		{},
		{Service: simulator.Graph, Every: 3, Fault: simulator.Answer(400, asJSON, graphError)},
		{Service: simulator.Graph, Every: 4, Fault: simulator.Answer(412, asJSON, graphError)},
		{Service: simulator.Webex, Every: 2, Fault: simulator.Answer(400, asJSON, webexError)},
		{Service: simulator.Webex, Every: 2, Fault: simulator.Answer(409, asJSON, webexError)},
		{Call: "Token", Fault: simulator.Answer(400, asJSON, `{"error":"invalid_client","error_description":"`+quoting+`","error_codes":[7000215]}`)},
		{Call: "AccessToken", Fault: simulator.Answer(400, asJSON, webexError)},
		{Call: "Discovery", Fault: simulator.ForeignLink()},
		everywhere(simulator.Unheard()), everywhere(simulator.Truncate()), everywhere(simulator.Lose()),
		everywhere(simulator.Answer(200, http.Header{"Content-Type": {"text/html"}}, "<html>"+quoting+"</html>")),
		everywhere(simulator.Answer(502, http.Header{"Content-Type": {"text/html"}}, "<html>"+quoting+"</html>")),
		everywhere(simulator.Answer(302, http.Header{"Location": {"https://canary.example/" + quoting + "\x7f"}}, "")),
		everywhere(simulator.Refuse(503, "", "1")), everywhere(simulator.Refuse(403, "", "")), everywhere(simulator.Refuse(404, "", "")),
		{Call: "Delta*", Fault: simulator.ForeignLink()},
		{Call: "GetEvent", Every: 2, Fault: simulator.Change(func(body []byte) []byte { return body[:len(body)/2] })},
		{Call: "*Meeting*", Every: 2, Fault: simulator.Change(func(body []byte) []byte { return append(body[:len(body)-1:len(body)-1], `,"id":7}`...) })},
	}
}

// seen collects all that a program showed, by where.
type seen struct {
	where, what []string
}

func (s *seen) add(where, what string) {
	s.where, s.what = append(s.where, where), append(s.what, what)
}

func (s *seen) search(t *testing.T, canaries []string) {
	t.Helper()
	found := map[string]bool{}
	for i, text := range s.what {
		lower := strings.ToLower(text)
		for _, c := range canaries {
			if at := newCanary(c).seenIn(text, lower); at != "" && !found[c] {
				found[c] = true
				t.Errorf("%s shows %q: …%s…", s.where[i], c, at)
			}
		}
	}
}

func TestNothingThatPeopleWroteAndNoSecretIsShownAnywhere(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"redis", "embedded"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 7})
			s.env["SYNCD_LOG_LEVEL"], s.env["SYNCD_REMOVAL_LIMIT"] = "debug", "1"
			var shown seen
			stored := func(when string) { shown.add("the state folder, "+when, files(t, s.path("state"))) }
			if store == "redis" {
				address := s.realRedis().URL
				stored = func(when string) {
					shown.add("Redis, "+when, dump(t, address))
					shown.add("the state folder, "+when, files(t, s.path("state")))
				}
			}
			command := func(when string, args ...string) {
				got := s.syncd(args...)
				shown.add(fmt.Sprint("standard error of ", args, ", ", when), got.err)
				if args[0] != "parse" {
					shown.add(fmt.Sprint("standard output of ", args, ", ", when), got.out)
				}
			}
			s.plant()
			for turn, trouble := range troubles() {
				if trouble.Fault.Name != "" {
					s.world.Fault(trouble)
				}
				when := "turn " + fmt.Sprint(turn) + " with " + trouble.Fault.Name
				if turn%4 == 1 {
					command(when, "sweep", "--plan", "--json")
				}
				command(when, "sweep", "--json")
				stored(when)
				s.world.Heal()
				s.stir(turn)
			}
			for _, args := range [][]string{
				{"status"}, {"status", "--json"}, {"cursors"}, {"cursors", "--json"}, {"mailboxes", "--json"}, {"config"}, {"version"}, {"status", "nobody@example.com"},
				{"doctor", "--mailbox", "alice@example.com"}, {"doctor", "--json"},
			} {
				command("at the end", args...)
			}
			s.daemonShows(&shown)
			stored("after the daemon")
			s.env["SYNCD_WEBEX_CLIENT_SECRET"] = "" // and half of a Service App
			command("badly configured", "sweep")

			secrets := append(s.world.Secrets(), s.world.Passwords()...)
			if len(s.world.Passwords()) < 10 || len(secrets) < 20 {
				t.Errorf("only %d secrets to look for", len(secrets))
			}
			all := strings.Join(shown.what, "\n")
			for _, busy := range []string{"alice@example.com", "onetime", "foreign", "answer", "refused", `"plan"`, "<html"} {
				if !strings.Contains(all, busy) {
					t.Errorf("nothing was shown of %q: the test looked at too little", busy)
				}
			}
			shown.search(t, append(secrets, planted...))
		})
	}
}

// daemonShows runs the daemon through a few changes and looks at its pages.
func (s *site) daemonShows(shown *seen) {
	s.env["SYNCD_SWEEP"], s.env["SYNCD_LOG_FORMAT"] = "@every 1s", "json"
	cmd := s.command("run")
	out, err := cmd.StderrPipe()
	s.must(err)
	s.must(cmd.Start())
	var log strings.Builder
	address := make(chan string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		lines := bufio.NewScanner(io.TeeReader(out, &log))
		for lines.Scan() {
			if _, rest, ok := strings.Cut(lines.Text(), `"pages":"`); ok {
				page, _, _ := strings.Cut(rest, `"`)
				address <- page
			}
		}
	})
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		reading.Wait()
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("the daemon: %v", err)
		}
		shown.add("the daemon's log", log.String())
	}
	var page string
	select {
	case page = <-address:
	case <-time.After(3 * time.Minute):
		s.t.Error("the daemon named no address")
		stop()
		return
	}
	s.until(s.patched(), "the daemon serves")
	s.stir(1)
	s.world.Fault(simulator.Rule{Call: "PatchEvent", Times: 2, Fault: troubles()[1].Fault})
	s.until(s.patched(), "the daemon writes again")
	for _, path := range []string{
		"/", "/healthz", "/readyz", "/metrics", "/page.js", "/nowhere", "/?mailbox=alice@example.com", "/resync?accept=yes&mailbox=alice@example.com",
		"/api/mailboxes", "/api/status?mailbox=alice@example.com", "/api/cursors", "/api/decisions", "POST /api/resync", "POST /resync",
	} {
		response, err := s.asks(page, path)
		s.must(err)
		body, err := io.ReadAll(response.Body)
		s.must(err)
		_ = response.Body.Close()
		shown.add("the page "+path, string(body)+fmt.Sprint(response.Header))
	}
	stop()
}

// asks gets something from the pages, or posts what asks for a resync.
func (s *site) asks(page, path string) (*http.Response, error) {
	switch path, isPost := strings.CutPrefix(path, "POST "); {
	case !isPost:
		return http.Get(page + path)
	case strings.HasPrefix(path, "/api/"):
		return http.Post(page+path, "application/json", strings.NewReader(`{"mailboxes":["alice@example.com"],"accept_removals":true}`))
	default:
		return http.PostForm(page+path, url.Values{"mailbox": {"alice@example.com"}})
	}
}

// patched waits for an event that is written from now on.
func (s *site) patched() func() error {
	before := s.world.Count("PatchEvent", "")
	return func() error {
		if s.world.Count("PatchEvent", "") == before {
			return errNotYet
		}
		return nil
	}
}

var errNotYet = errors.New("not yet")

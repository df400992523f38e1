package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// post sends something to the first daemon's pages, and follows a redirect.
func (f *fleet) post(path, kind, body string) (status int, text string) {
	f.t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	answer, err := client.Post("http://"+f.env["SYNCD_LISTEN"]+path, kind, strings.NewReader(body))
	f.must(err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	f.must(err)
	return answer.StatusCode, string(raw)
}

// resync asks the API.
func (f *fleet) resync(body string) (status int, requests []struct{ Mailbox, ID string }) {
	f.t.Helper()
	status, text := f.post("/api/resync", "application/json", body)
	var answer struct {
		Requests []struct{ Mailbox, ID string }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		f.t.Errorf("%v in %s", err, text)
	}
	return status, answer.Requests
}

func TestTheAPIGivesJustWhatTheCommandsPrint(t *testing.T) {
	t.Parallel()
	f := still(t, 311, 1, 4)
	id := strings.TrimSpace(f.redis.CLI("HGET", "syncd:mailboxes", "m0@example.com"))
	f.redis.CLI("HSET", "syncd:mailboxes", "ghost@example.com", "")
	f.redis.CLI("ZADD", "syncd:{"+id+"}:held", "1700000000", "event<1>", "1700000000", "event2")
	f.redis.CLI("ZADD", "syncd:{"+id+"}:retry", "4000000000", "event3")
	for path, args := range map[string][]string{
		"/api/mailboxes": {"mailboxes", "--json"}, "/api/status": {"status", "--json"}, "/api/cursors": {"cursors", "--json"},
		"/api/status?mailbox=M0@example.com":                            {"status", "--json", "M0@example.com"},
		"/api/status?mailbox=ghost@example.com&mailbox=" + id:           {"status", "--json", "ghost@example.com", id},
		"/api/cursors?mailbox=alice@example.com&mailbox=m0@example.com": {"cursors", "--json", "alice@example.com", "m0@example.com"},
	} {
		var got, want string
		f.eventually(path, func() bool { // the rhythm to come begins with the second in which it is asked for
			var status int
			status, got = f.get(path)
			want = f.syncd(args...).out
			return status == 200 && got == want
		})
		if len(list(t, got)) == 0 {
			t.Errorf("%s is empty", path)
		}
	}
	status, text := f.get("/api/status?mailbox=m0@example.com")
	one := list(t, text)[0]
	if status != 200 || one["held_removals"] != 2.0 || fmt.Sprint(one["held"]) != "[event2 event<1>]" || one["retrying"] != 1.0 {
		t.Errorf("%s", text)
	}
	for _, path := range []string{"/api/status?mailbox=nobody@example.com", "/api/cursors?mailbox=alice@example.com&mailbox=nobody@example.com"} {
		if status, text := f.get(path); status != 404 || !strings.Contains(text, `"error":"nobody@example.com is not enrolled`) {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
}

func TestAResyncIsAskedForByAPIAndByPage(t *testing.T) {
	t.Parallel()
	f := still(t, 312, 1, 12)
	at := func(address, generation string) {
		t.Helper()
		f.eventually(address+" is resynced", func() bool { return f.generation(address) == generation })
	}
	status, requests := f.resync(`{"mailboxes":["M1@Example.com","m2@example.com","m1@example.com"]}`)
	if status != 202 || len(requests) != 2 || requests[0].Mailbox != "m1@example.com" || !strings.Contains(requests[0].ID, "-") || requests[0].ID == requests[1].ID {
		t.Errorf("%d %v", status, requests)
	}
	at("m1@example.com", "2")
	at("m2@example.com", "2")

	const form = "application/x-www-form-urlencoded"
	status, page := f.post("/resync", form, "mailbox="+url.QueryEscape("m1@example.com"))
	if status != 200 || !strings.Contains(page, "asked for a resync of m1@example.com") || !strings.Contains(page, requests[1].ID) {
		t.Errorf("%d %s", status, page)
	}
	at("m1@example.com", "3")

	if status, requests = f.resync(`{"all":true}`); status != 202 || len(requests) != 12 {
		t.Errorf("%d %v", status, requests)
	}
	at("m1@example.com", "4")
	at("m5@example.com", "2")
	for _, b := range f.boxes {
		f.eventually(b.Address()+" is resynced", func() bool { return f.generation(b.Address()) != "1" })
	}
	if _, page = f.post("/resync", form, "all=yes"); !strings.Contains(page, "asked for a resync of 12 mailboxes") {
		t.Errorf("%s", page)
	}
	at("m1@example.com", "5")
	at("m5@example.com", "3")

	if status, _ = f.resync(`{"mailboxes":["m1@example.com","nobody@example.com"]}`); status != 404 {
		t.Errorf("%d", status)
	}
	if n := strings.TrimSpace(f.redis.CLI("XLEN", "syncd:resync")); n != "0" {
		t.Errorf("%s requests were made though one of the mailboxes is not enrolled", n)
	}
	if log := f.logged(); strings.Count(log, "a resync was asked for over HTTP") != 4 {
		t.Errorf("log:\n%s", log)
	}
	f.redis.CLI("CONFIG", "SET", "maxmemory", "1")
	if status, text := f.post("/api/resync", "application/json", `{"all":true}`); status != 503 || !strings.Contains(text, "OOM") {
		t.Errorf("%d %s", status, text)
	}
}

func TestHeldRemovalsAreAcceptedByPage(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 313, 0, 2)
	f.env["SYNCD_LISTEN"], f.env["SYNCD_REMOVAL_LIMIT"] = freeAddress(t), "1"
	for i := range 3 {
		f.alice().Create(appointment(9+i, "@webex:onetime"))
	}
	f.daemons = append(f.daemons, f.start())
	f.settle("the start")
	for _, e := range f.alice().Events() {
		f.must(f.alice().Delete(e.ID))
	}
	const button, question = "Accept 3 removals…", "Carry out 3 removals in alice@example.com?"
	f.eventually("the page tells of them", func() bool { _, page := f.get("/"); return strings.Contains(page, button) })
	if status, page := f.get("/resync?accept=yes&mailbox=alice%40example.com"); status != 200 || !strings.Contains(page, question) {
		t.Errorf("%d %s", status, page)
	}
	if n := len(f.world.Live()); n != 3 {
		t.Errorf("%d meetings live though nobody said yes", n)
	}
	const form = "application/x-www-form-urlencoded"
	if status, page := f.post("/resync", form, "mailbox=alice%40example.com&accept=yes&held=2"); status != 409 || !strings.Contains(page, question) {
		t.Errorf("%d %s", status, page)
	}
	if status, page := f.post("/resync", form, "mailbox=alice%40example.com&accept=yes&held=3"); status != 200 || !strings.Contains(page, "which carries out what was held") {
		t.Errorf("%d %s", status, page)
	}
	f.settle("yes")
	if n := len(f.world.Live()); n != 0 {
		t.Errorf("%d meetings live", n)
	}
	f.eventually("nothing is held", func() bool { _, page := f.get("/"); return !strings.Contains(page, "Accept") })
}

func TestThePageIsNotReachedUnderForeignNamesUnlessTheyAreConfigured(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 314, 0, 1)
	f.env["SYNCD_LISTEN"], f.env["SYNCD_LISTEN_HOSTS"] = freeAddress(t), "proxy.example.com, Syncd.Example.com"
	f.daemons = append(f.daemons, f.start())
	f.asked()
	f.ready("")
	for host, want := range map[string]map[string]int{
		"evil.example.org:8990": {"/": 403, "/api/status": 403, "/api/resync": 403, "/metrics": 200, "/healthz": 200, "/readyz": 200},
		"syncd.example.com":     {"/": 200, "/api/status": 200, "/api/resync": 405, "/metrics": 200, "/healthz": 200, "/readyz": 200},
		"proxy.example.com:443": {"/": 200}, "localhost:1": {"/": 200},
	} {
		for path, want := range want {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+f.env["SYNCD_LISTEN"]+path, nil)
			f.must(err)
			request.Host = host
			answer, err := http.DefaultClient.Do(request)
			f.must(err)
			f.must(answer.Body.Close())
			if answer.StatusCode != want {
				t.Errorf("%s of %s: %d, want %d", path, host, answer.StatusCode, want)
			}
		}
	}
}

func TestNamesForThePageAreNamesAlone(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"syncd.example.com": "[syncd.example.com]", " A.example.com. ,b": "[a.example.com b]"} {
		if got, err := parseHosts(value); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%q: %v, %v", value, got, err)
		}
	}
	for _, value := range []string{"https://syncd.example.com", "syncd.example.com:443", "*", "*.example.com", "a b", "a,,b", "a/b", "[::1]"} {
		if got, err := parseHosts(value); err == nil {
			t.Errorf("%q: %v", value, got)
		}
	}
}

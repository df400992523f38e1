package hints

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// ours takes "m1.secret" for m1.
func ours(state string) (string, bool) {
	mailbox, mac, _ := strings.Cut(state, ".")
	return mailbox, mac == "secret"
}

func message(items ...string) []byte { return []byte(`{"value":[` + strings.Join(items, ",") + `]}`) }

func change(state string) string {
	return fmt.Sprintf(`{"subscriptionId":"s","clientState":%q,"changeType":"updated","resource":"Users/other/Events/x","resourceData":{"id":"x"}}`, state)
}

func lifecycle(state, event string) string {
	return fmt.Sprintf(`{"subscriptionId":"s","clientState":%q,"lifecycleEvent":%q}`, state, event)
}

func TestOnlyOwnNotificationsCount(t *testing.T) {
	got, err := Read(message(
		change("m1.secret"), change("m2.guess"), change(""), `{"changeType":"updated"}`, `7`, `{"clientState":7}`,
		lifecycle("m3.secret", "missed"), lifecycle("m4.secret", "subscriptionRemoved"), lifecycle("m5.secret", "reauthorizationRequired"),
		lifecycle("m6.guess", "subscriptionRemoved"),
	), ours)
	want := Notices{Changed: []string{"m1", "m3", "m4", "m5"}, Ending: []string{"m4", "m5"}, Foreign: 6}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "{}", "[]", `{"value":{}}`, `{"value":null}`, "<html>", "\xff"} {
		if got, err := Read([]byte(bad), ours); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestTheVendorsOwnExamplesAreRead(t *testing.T) {
	for name, want := range map[string]Notices{
		"notification-basic":                         {Changed: []string{"x"}},
		"notification-composed-event-updated":        {Changed: []string{"x"}},
		"notification-eventhub-validation":           {},
		"notification-lifecycle-missed":              {Changed: []string{"x"}},
		"notification-lifecycle-reauthorization":     {Changed: []string{"x"}, Ending: []string{"x"}},
		"notification-lifecycle-subscriptionremoved": {Changed: []string{"x"}, Ending: []string{"x"}},
	} {
		raw, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(raw, func(state string) (string, bool) { return "x", state != "" })
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAFloodIsPassedOnOnceAndAFailureKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make(chan string) // what Pass was given, and whether it refused
		var told []bool
		var down atomic.Bool
		c := &Collector{
			Pass: func(_ context.Context, changed, ending []string) error {
				if down.Load() {
					calls <- fmt.Sprint("refused ", changed, ending)
					return errors.New("down")
				}
				calls <- fmt.Sprint("passed ", changed, ending)
				return nil
			},
			Failed: func(err error) { told = append(told, err != nil) },
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.Run(ctx) }()
		want := func(call string) {
			t.Helper()
			if got := <-calls; got != call {
				t.Errorf("%s, want %s", got, call)
			}
		}
		c.Add(Notices{Changed: []string{"a"}})
		want("passed [a] []") // the first goes at once
		for range 100_000 {
			c.Add(Notices{Changed: []string{"a"}})
			c.Add(Notices{Changed: []string{"b"}, Ending: []string{"b"}})
		}
		want("passed [a b] [b]")
		down.Store(true)
		c.Add(Notices{Changed: []string{"c"}, Ending: []string{"c"}})
		want("refused [c] [c]")
		c.Add(Notices{Changed: []string{"d"}})
		want("refused [c d] [c]")
		down.Store(false)
		want("passed [c d] [c]")
		select {
		case again := <-calls:
			t.Errorf("and then %s", again)
		case <-time.After(time.Hour):
		}
		stop()
		<-done
		if !slices.Equal(told, []bool{true, false}) {
			t.Errorf("told %v", told)
		}
	})
}

// hook is a webhook behind real HTTP, and what it took in.
func hook(t *testing.T) (*httptest.Server, *[]Notices, *int) {
	var taken []Notices
	unreadable := 0
	s := httptest.NewServer(NewWebhook(ours, func(n Notices) { taken = append(taken, n) }, func(_ Notices, bad bool) {
		if bad {
			unreadable++
		}
	}))
	t.Cleanup(s.Close)
	return s, &taken, &unreadable
}

func post(t *testing.T, address string, body []byte) (status int, header http.Header, text string) {
	t.Helper()
	answer, err := http.Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(raw)
}

func TestAValidationTokenIsEchoedAsPlainText(t *testing.T) {
	s, taken, _ := hook(t)
	const token = "Validation: Testing & <script>alert(1)</script> +%20 ü"
	status, header, text := post(t, s.URL+"/any/path?x=1&validationToken="+url.QueryEscape(token), nil)
	if status != 200 || text != token || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %q", status, header, text)
	}
	if status, _, text = post(t, s.URL+"?validationToken="+strings.Repeat("x", longestToken+1), nil); status != 400 || strings.Contains(text, "xxx") {
		t.Errorf("a long one: %d %q", status, text)
	}
	if len(*taken) != 0 {
		t.Errorf("%+v", *taken)
	}
}

func TestAWebhookTakesItsOwnAndTellsStrangersNothing(t *testing.T) {
	s, taken, unreadable := hook(t)
	good, _, goodText := post(t, s.URL, message(change("m1.secret")))
	forged, _, forgedText := post(t, s.URL, message(change("m1.guess")))
	if good != 202 || good != forged || goodText != forgedText {
		t.Errorf("%d %q, forged %d %q", good, goodText, forged, forgedText)
	}
	if len(*taken) != 2 || len((*taken)[0].Changed) != 1 || len((*taken)[1].Changed) != 0 || (*taken)[1].Foreign != 1 {
		t.Errorf("%+v", *taken)
	}
	huge := message(change("m1.secret"), `"`+strings.Repeat("x", longestBody)+`"`)
	for name, body := range map[string][]byte{"empty": nil, "HTML": []byte("<html>"), "huge": huge} {
		if status, _, _ := post(t, s.URL, body); status != 400 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if len(*taken) != 2 || *unreadable != 3 {
		t.Errorf("%d taken, %d unreadable", len(*taken), *unreadable)
	}
	answer, err := http.Get(s.URL + "?validationToken=x")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 405 {
		t.Errorf("GET: %d", answer.StatusCode)
	}
}

func TestMoreRequestsThanCanBeServedAreSentAway(t *testing.T) {
	h := NewWebhook(ours, func(Notices) {}, nil)
	for range atOnce {
		h.busy <- struct{}{}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(message())))
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("%d", rec.Code)
	}
	<-h.busy
	rec = httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(message())))
	if rec.Code != 202 {
		t.Errorf("%d", rec.Code)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(message(change("m1.secret"), lifecycle("m2.secret", "missed")))
	f.Add([]byte(`{"value":[null,{"clientState":null}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Read(raw, ours)
		if err != nil && (len(got.Changed) > 0 || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%+v, %v", got, err)
		}
		for _, m := range got.Ending {
			if !slices.Contains(got.Changed, m) {
				t.Errorf("%q ends and did not change", m)
			}
		}
	})
}

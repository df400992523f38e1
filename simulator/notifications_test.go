package simulator

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// receiver is somebody's webhook.
type receiver struct {
	*httptest.Server
	echo func(token string) string
	got  chan string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{got: make(chan string, 10), echo: func(token string) string { return token }}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if token := q.URL.Query().Get("validationToken"); token != "" {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, r.echo(token))
			return
		}
		body, _ := io.ReadAll(q.Body)
		r.got <- string(body)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(r.Close)
	return r
}

func subscribing(m *Mailbox, address string) js {
	return js{"changeType": "created,updated,deleted", "resource": "/users/" + m.ID() + "/events", "clientState": "s",
		"notificationUrl": address, "lifecycleNotificationUrl": address, "expirationDateTime": noon.Add(100 * time.Hour).Format(time.RFC3339)}
}

func TestAWebhookIsProvedAndThenServed(t *testing.T) {
	hook := newReceiver(t)
	w, c, _ := newWorld(t, Options{Seed: 5})
	w.ReachWebhooks(hook.Client())
	m := w.AddMailbox(alice_)
	hook.echo = func(token string) string { return strings.ReplaceAll(token, "&", "&amp;") }
	if r := c.do("POST", GraphURL+"/v1.0/subscriptions", subscribing(m, hook.URL)); r.status != 400 {
		t.Errorf("a wrong echo: %d", r.status)
	}
	hook.echo = func(token string) string { return token }
	s := c.ok("POST", GraphURL+"/v1.0/subscriptions", subscribing(m, hook.URL+"/x?secret=1"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Deliver(ctx, nil) }()
	m.Create(at(1, 0))
	if got := <-hook.got; !strings.Contains(got, `"changeType":"created"`) || !strings.Contains(got, s["id"].(string)) {
		t.Errorf("%s", got)
	}
	w.Lifecycle("missed")
	if got := <-hook.got; !strings.Contains(got, `"lifecycleEvent":"missed"`) {
		t.Errorf("%s", got)
	}
	stop()
	<-done
}

func TestNothingIsSentUntilAReauthorization(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	s := c.ok("POST", GraphURL+"/v1.0/subscriptions", subscribing(m, "EventHub:x"))
	w.Lifecycle("reauthorizationRequired")
	w.TakeNotifications()
	m.Create(at(1, 0))
	if n := w.TakeNotifications(); len(n) != 0 {
		t.Errorf("%s", n)
	}
	one := GraphURL + "/v1.0/subscriptions/" + s["id"].(string)
	if r := c.do("POST", one+"/reauthorize", nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	m.Create(at(2, 0))
	if n := w.TakeNotifications(); len(n) != 1 {
		t.Errorf("after it: %d", len(n))
	}
	w.SetQuirks(func(q *Quirks) { q.Silent = true })
	m.Create(at(3, 0))
	if n := w.TakeNotifications(); len(n) != 0 {
		t.Errorf("silent: %s", n)
	}
	w.Unsubscribe(m)
	if r := c.do("PATCH", one, js{"expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)}); r.status != 404 || len(w.Subscriptions()) != 0 {
		t.Errorf("lost without a word: %d", r.status)
	}
}

func TestSubscriptionsAreLimitedAndListedInPages(t *testing.T) {
	w, c, _ := newWorld(t, Options{Seed: 5, Quirks: Quirks{MostSubscriptions: 120, ShortSubscriptions: true}})
	var last *Mailbox
	for n := range 121 {
		last = w.AddMailbox(fmt.Sprintf("u%d@example.com", n))
		body := subscribing(last, "EventHub:x")
		if n == 0 {
			if r := c.do("POST", GraphURL+"/v1.0/subscriptions", body); r.status != 400 {
				t.Errorf("100 hours where there are 70: %d", r.status)
			}
		}
		body["expirationDateTime"] = noon.Add(70 * time.Hour).Format(time.RFC3339)
		want := 201
		if n == 120 {
			want = 403
		}
		if r := c.do("POST", GraphURL+"/v1.0/subscriptions", body); r.status != want {
			t.Errorf("number %d: %d", n, r.status)
		}
	}
	total, pages := 0, 0
	for link := GraphURL + "/v1.0/subscriptions"; link != ""; pages++ {
		page := c.ok("GET", link, nil)
		total += len(page["value"].([]any))
		link, _ = page["@odata.nextLink"].(string)
	}
	if total != 120 || pages != 2 {
		t.Errorf("%d in %d pages", total, pages)
	}
}

package simulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Notification is one message for the notification URL of a subscription.
type Notification struct {
	URL     string
	Payload []byte // {"value":[...]}
}

// ReachWebhooks gives the client that reaches webhooks. Without one they do not answer.
func (w *World) ReachWebhooks(client *http.Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.webhooks = client
}

// TakeNotifications gives out what was sent since the last call, and forgets it.
func (w *World) TakeNotifications() []Notification {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.outbox
	w.outbox = nil
	return all
}

// Deliver sends notifications as they arise until ctx ends: those for webhooks over HTTP, once more where the first try fails, and
// the others to hub, which may be nil.
func (w *World) Deliver(ctx context.Context, hub func(Notification)) {
	for ctx.Err() == nil {
		for _, n := range w.TakeNotifications() {
			switch {
			case strings.HasPrefix(n.URL, "https://"):
				if !w.post(ctx, n) {
					w.post(ctx, n)
				}
			case hub != nil:
				hub(n)
			}
		}
		select {
		case <-ctx.Done():
		case <-w.notified:
		}
	}
}

// post delivers to a webhook: any 2xx within three seconds counts (microsoft-graph.md 7.4).
func (w *World) post(ctx context.Context, n Notification) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	status, _, _ := w.webhook(ctx, n.URL, "application/json", n.Payload)
	return status >= 200 && status < 300
}

// handshake proves that whoever asked for a webhook answers there.
func (w *World) handshake(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return false
	}
	w.mu.Lock()
	token := "Validation: Testing client application reachability & <more> +" + guid(w.rng)
	w.mu.Unlock()
	q := u.Query()
	q.Set("validationToken", token)
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	status, kind, body := w.webhook(ctx, u.String(), "text/plain; charset=utf-8", nil)
	return status == http.StatusOK && strings.HasPrefix(kind, "text/plain") && body == token
}

// webhook posts to an address in the world outside; without a client nothing there can be reached.
func (w *World) webhook(ctx context.Context, address, kind string, payload []byte) (status int, contentType, body string) {
	w.mu.Lock()
	client := w.webhooks
	w.mu.Unlock()
	if client == nil {
		return 0, "", ""
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return 0, "", ""
	}
	r.Header.Set("Content-Type", kind)
	answer, err := client.Do(r)
	if err != nil {
		return 0, "", ""
	}
	defer answer.Body.Close()
	raw, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	return answer.StatusCode, answer.Header.Get("Content-Type"), string(raw)
}

// Lifecycle sends reauthorizationRequired, subscriptionRemoved or missed for all subscriptions. subscriptionRemoved also removes
// them, and after reauthorizationRequired nothing is sent until they are renewed.
func (w *World) Lifecycle(event string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.subscriptions {
		if s.lifecycleURL != "" {
			w.notify(s.lifecycleURL, map[string]any{
				"subscriptionId": s.id, "subscriptionExpirationDateTime": zulu(s.expires), "tenantId": w.opt.Tenant,
				"clientState": s.clientState, "lifecycleEvent": event,
			})
		}
		s.paused = s.paused || event == "reauthorizationRequired"
	}
	if event == "subscriptionRemoved" {
		w.subscriptions = nil
	}
}

// Unsubscribe loses the subscriptions of a mailbox without a word.
func (w *World) Unsubscribe(m *Mailbox) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subscriptions = slices.DeleteFunc(w.subscriptions, func(s *subscription) bool { return s.box == m })
}

func (w *World) notify(url string, value map[string]any) {
	if w.quirks.Silent {
		return
	}
	w.outbox = append(w.outbox, Notification{url, encode(map[string]any{"value": []any{value}})})
	select {
	case w.notified <- struct{}{}:
	default:
	}
}

// announce tells the subscribers of a mailbox about a change; removing one date of a series is an update of the series.
func (m *Mailbox) announce(key, changeType string) {
	w := m.w
	for _, s := range w.subscriptions {
		if s.box != m || s.paused || !s.expires.After(w.now()) || !slices.Contains(strings.Split(s.changeType, ","), changeType) {
			continue
		}
		id := m.stamp.id(ref{key: key}, true)
		path := "Users/" + m.id + "/Events/" + id
		data := map[string]any{"@odata.type": "#Microsoft.Graph.Event", "@odata.id": path, "id": id}
		if it := m.items[key]; it != nil {
			data["@odata.etag"] = it.etag()
		}
		w.notify(s.notificationURL, map[string]any{
			"subscriptionId": s.id, "subscriptionExpirationDateTime": zulu(s.expires), "tenantId": w.opt.Tenant,
			"clientState": s.clientState, "changeType": changeType, "resource": path, "resourceData": data,
		})
	}
}

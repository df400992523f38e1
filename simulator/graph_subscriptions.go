package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// subscription asks for notifications of the events of a mailbox (microsoft-graph.md 7).
type subscription struct {
	id, app, changeType, resource, clientState string
	notificationURL, lifecycleURL              string
	expires                                    time.Time
	box                                        *Mailbox
}

// Notification is one message for the notification URL of a subscription.
type Notification struct {
	URL     string
	Payload []byte // {"value":[...]}
}

const (
	longestSubscription  = 10080 * time.Minute
	shortestSubscription = 45 * time.Minute
)

// TakeNotifications gives out what was sent since the last call, and forgets it.
func (w *World) TakeNotifications() []Notification {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.outbox
	w.outbox = nil
	return all
}

// Lifecycle sends reauthorizationRequired, subscriptionRemoved or missed for all subscriptions; subscriptionRemoved also removes.
func (w *World) Lifecycle(event string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.subscriptions {
		if s.lifecycleURL == "" {
			continue
		}
		w.notify(s.lifecycleURL, map[string]any{
			"subscriptionId": s.id, "subscriptionExpirationDateTime": zulu(s.expires), "tenantId": w.opt.Tenant,
			"clientState": s.clientState, "lifecycleEvent": event,
		})
	}
	if event == "subscriptionRemoved" {
		w.subscriptions = nil
	}
}

func (w *World) notify(url string, value map[string]any) {
	w.outbox = append(w.outbox, Notification{url, encode(map[string]any{"value": []any{value}})})
}

// announce tells the subscribers of a mailbox about a change; removing one date of a series is an update of the series.
func (m *Mailbox) announce(key, changeType string) {
	w := m.w
	for _, s := range w.subscriptions {
		if s.box != m || !s.expires.After(w.now()) || !slices.Contains(strings.Split(s.changeType, ","), changeType) {
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

func (s *subscription) json(c *call) map[string]any {
	return map[string]any{
		"@odata.context": c.context("subscriptions/$entity"), "id": s.id, "resource": s.resource, "applicationId": s.app,
		"changeType": s.changeType, "clientState": s.clientState, "notificationUrl": s.notificationURL,
		"lifecycleNotificationUrl": s.lifecycleURL, "expirationDateTime": stampFormat(s.expires), "creatorId": s.app,
		"latestSupportedTlsVersion": "v1_2", "includeResourceData": false,
	}
}

type subscriptionBody struct {
	ChangeType, Resource, ClientState, NotificationURL, LifecycleNotificationURL, ExpirationDateTime string
}

// lifetime reads an expiration: at most seven days, and never less than 45 minutes.
func (c *call) lifetime(text string) (time.Time, *answer) {
	t, ok := instant(text)
	now := c.w.now()
	if !ok || t.Before(now) || t.Sub(now) > longestSubscription {
		return t, c.graphError(http.StatusBadRequest, "InvalidRequest", "ExpirationDateTime must be in the future and at most 10080 minutes away.")
	}
	if t.Sub(now) < shortestSubscription {
		t = now.Add(shortestSubscription)
	}
	return t, nil
}

func (c *call) createSubscription() *answer {
	var b subscriptionBody
	if json.Unmarshal(c.body, &b) != nil || b.ChangeType == "" || len(b.ClientState) > 128 {
		return c.graphError(http.StatusBadRequest, "InvalidRequest", "The subscription cannot be read.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	expires, a := c.lifetime(b.ExpirationDateTime)
	if a != nil {
		return a
	}
	parts := strings.Split(strings.Trim(b.Resource, "/"), "/")
	if len(parts) != 3 || !strings.EqualFold(parts[0], "users") || !strings.EqualFold(parts[2], "events") || c.w.names[strings.ToLower(parts[1])] == nil {
		return c.graphError(http.StatusBadRequest, "InvalidRequest", "Resource '"+b.Resource+"' cannot be subscribed to here.")
	}
	if !strings.HasPrefix(b.NotificationURL, "EventHub:") && !strings.HasPrefix(b.NotificationURL, "EventGrid:") {
		return c.graphError(http.StatusBadRequest, "ValidationError", "Subscription validation request failed. The notification endpoint cannot be reached.")
	}
	for _, s := range c.w.subscriptions {
		if s.app == c.app && s.changeType == b.ChangeType && strings.EqualFold(s.resource, b.Resource) && s.expires.After(c.w.now()) {
			return c.graphError(http.StatusConflict, "ExtensionError", "Subscription Id "+s.id+" already exists for the requested combination")
		}
	}
	s := &subscription{
		id: guid(c.w.rng), app: c.app, changeType: b.ChangeType, resource: b.Resource, clientState: b.ClientState,
		notificationURL: b.NotificationURL, lifecycleURL: b.LifecycleNotificationURL, expires: expires, box: c.w.names[strings.ToLower(parts[1])],
	}
	c.w.subscriptions = append(c.w.subscriptions, s)
	c.w.notify(s.notificationURL, map[string]any{ // fixtures/graph/notification-eventhub-validation.json
		"subscriptionId": "NA", "subscriptionExpirationDateTime": "NA", "clientState": "NA",
		"changeType": "Validation: Testing client application reachability for subscription Request-Id: " + requestID(c.N), "resource": "NA",
	})
	a = jsonAnswer(http.StatusCreated, s.json(c))
	return a
}

func (c *call) listSubscriptions() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	list := []any{}
	for _, s := range c.w.subscriptions {
		if s.app == c.app && s.expires.After(c.w.now()) {
			list = append(list, s.json(c))
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"@odata.context": c.context("subscriptions"), "value": list})
}

// oneSubscription serves GET, PATCH (a new expiration) and DELETE of one.
func (c *call) oneSubscription() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	i := slices.IndexFunc(c.w.subscriptions, func(s *subscription) bool {
		return s.id == c.Item && s.app == c.app && s.expires.After(c.w.now())
	})
	if i < 0 {
		return c.refusal(http.StatusNotFound, "ResourceNotFound")
	}
	s := c.w.subscriptions[i]
	switch c.Method {
	case http.MethodDelete:
		c.w.subscriptions = slices.Delete(c.w.subscriptions, i, i+1)
		return noContent()
	case http.MethodPatch:
		var b subscriptionBody
		_ = json.Unmarshal(c.body, &b)
		expires, a := c.lifetime(b.ExpirationDateTime)
		if a != nil {
			return a
		}
		s.expires = expires
	}
	return jsonAnswer(http.StatusOK, s.json(c))
}

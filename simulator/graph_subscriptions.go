package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// subscription asks for notifications of the events of a mailbox (microsoft-graph.md 7).
type subscription struct {
	id, app, changeType, resource, clientState string
	notificationURL, lifecycleURL              string
	expires                                    time.Time
	box                                        *Mailbox
	paused                                     bool // waits for a reauthorization
}

const (
	longestSubscription  = 10080 * time.Minute
	olderSubscription    = 4230 * time.Minute // what older pages say
	shortestSubscription = 45 * time.Minute
	mostSubscriptions    = 1000 // of a mailbox, over all applications
	subscriptionsPage    = 100
)

// Subscription is how a subscription stands at a moment.
type Subscription struct {
	ID, Mailbox, URL, LifecycleURL, ClientState string
	Expires                                     time.Time
}

// Subscriptions lists what is subscribed to, in the order of its making.
func (w *World) Subscriptions() []Subscription {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Subscription
	for _, s := range w.subscriptions {
		if s.expires.After(w.now()) {
			all = append(all, Subscription{s.id, s.box.address, s.notificationURL, s.lifecycleURL, s.clientState, s.expires})
		}
	}
	return all
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
	now, longest := c.w.now(), longestSubscription
	if c.w.quirks.ShortSubscriptions {
		longest = olderSubscription
	}
	if !ok || t.Before(now) || t.Sub(now) > longest {
		return t, c.graphError(http.StatusBadRequest, "InvalidRequest",
			"ExpirationDateTime must be in the future and at most "+strconv.Itoa(int(longest.Minutes()))+" minutes away.")
	}
	if t.Sub(now) < shortestSubscription {
		t = now.Add(shortestSubscription)
	}
	return t, nil
}

// extension is how the service behind /subscriptions refuses: one code for everything, and the reason in the text (issues 6869 and
// 21403 of microsoft-graph-docs).
func (c *call) extension(status int, reason string) *answer {
	return c.graphError(status, "ExtensionError", "Operation: Create; Exception: [Status Code: "+
		strings.ReplaceAll(http.StatusText(status), " ", "")+"; Reason: "+reason+"]")
}

func (c *call) createSubscription() *answer {
	var b subscriptionBody
	if json.Unmarshal(c.body, &b) != nil || b.ChangeType == "" || len(b.ClientState) > 128 {
		return c.graphError(http.StatusBadRequest, "InvalidRequest", "The subscription cannot be read.")
	}
	for _, address := range []string{b.NotificationURL, b.LifecycleNotificationURL} {
		if address == "" && address != b.NotificationURL || strings.HasPrefix(address, "EventHub:") || strings.HasPrefix(address, "EventGrid:") {
			continue
		}
		if !c.w.handshake(c.r.Context(), address) {
			return c.graphError(http.StatusBadRequest, "ValidationError", "Subscription validation request failed. The notification endpoint cannot be reached.")
		}
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	box, expires, a := c.mayCreate(b)
	if a != nil {
		return a
	}
	s := &subscription{
		id: guid(c.w.rng), app: c.app, changeType: b.ChangeType, resource: b.Resource, clientState: b.ClientState,
		notificationURL: b.NotificationURL, lifecycleURL: b.LifecycleNotificationURL, expires: expires, box: box,
	}
	c.w.subscriptions = append(c.w.subscriptions, s)
	if !strings.HasPrefix(s.notificationURL, "https://") {
		c.w.notify(s.notificationURL, map[string]any{ // fixtures/graph/notification-eventhub-validation.json
			"subscriptionId": "NA", "subscriptionExpirationDateTime": "NA", "clientState": "NA",
			"changeType": "Validation: Testing client application reachability for subscription Request-Id: " + requestID(c.N), "resource": "NA",
		})
	}
	return jsonAnswer(http.StatusCreated, s.json(c))
}

// mayCreate holds a new subscription against the rules.
func (c *call) mayCreate(b subscriptionBody) (*Mailbox, time.Time, *answer) {
	expires, a := c.lifetime(b.ExpirationDateTime)
	if a != nil {
		return nil, expires, a
	}
	parts := strings.Split(strings.Trim(b.Resource, "/"), "/")
	if len(parts) != 3 || !strings.EqualFold(parts[0], "users") || !strings.EqualFold(parts[2], "events") {
		return nil, expires, c.graphError(http.StatusBadRequest, "InvalidRequest", "Resource '"+b.Resource+"' cannot be subscribed to here.")
	}
	box := c.w.names[strings.ToLower(parts[1])]
	switch {
	case box == nil || box.status == statusGone:
		return nil, expires, c.refusal(http.StatusNotFound, "ResourceNotFound")
	case box.status == statusUnlicensed:
		return nil, expires, c.extension(http.StatusNotFound, "REST API is not yet supported for this mailbox.")
	case box.status == statusDenied:
		return nil, expires, c.extension(http.StatusForbidden, "Forbidden")
	}
	most, count, ofBox := c.w.quirks.MostSubscriptions, 0, 0
	for _, s := range c.w.subscriptions {
		if !s.expires.After(c.w.now()) {
			continue
		}
		count++
		if s.box != box {
			continue
		}
		ofBox++
		if s.app == c.app && s.changeType == b.ChangeType {
			return nil, expires, c.extension(http.StatusConflict, "Subscription Id "+s.id+" already exists for the requested combination")
		}
	}
	if most > 0 && count >= most || ofBox >= mostSubscriptions {
		return nil, expires, c.extension(http.StatusForbidden, "Maximum number of subscriptions has been reached")
	}
	return box, expires, nil
}

// listSubscriptions lists what the application has, in pages.
func (c *call) listSubscriptions() *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	list := []any{}
	for _, s := range c.w.subscriptions {
		if s.app == c.app && s.expires.After(c.w.now()) {
			list = append(list, s.json(c))
		}
	}
	from, _ := strconv.Atoi(query(c.r.URL.Query(), "$skiptoken"))
	from = max(0, min(from, len(list)))
	to := min(from+subscriptionsPage, len(list))
	out := map[string]any{"@odata.context": c.context("subscriptions"), "value": list[from:to]}
	if to < len(list) {
		out["@odata.nextLink"] = c.root + "/v1.0/subscriptions?$skiptoken=" + strconv.Itoa(to)
	}
	return jsonAnswer(http.StatusOK, out)
}

// oneSubscription serves GET, PATCH (a new expiration), DELETE and reauthorize of one.
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
	case http.MethodPost:
		s.paused = false
		return noContent()
	case http.MethodPatch:
		var b subscriptionBody
		_ = json.Unmarshal(c.body, &b)
		expires, a := c.lifetime(b.ExpirationDateTime)
		if a != nil {
			return a
		}
		s.expires, s.paused = expires, false
	}
	return jsonAnswer(http.StatusOK, s.json(c))
}

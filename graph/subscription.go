package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// Longest is how long a subscription to events lives at most, a little less than Graph's own limit because clocks differ: 10,080
// minutes, and 4,230 where an older limit holds (subscription.md, "Subscription lifetime").
const (
	Longest      = 10070 * time.Minute
	OlderLongest = 4220 * time.Minute
)

// changes are the changes that are subscribed to.
const changes = "created,updated,deleted"

// subscriptionJSON is Graph's form (subscription.md).
type subscriptionJSON struct {
	ID        string `json:"id,omitempty"`
	Changes   string `json:"changeType,omitempty"`
	Resource  string `json:"resource,omitempty"`
	URL       string `json:"notificationUrl,omitempty"`
	Lifecycle string `json:"lifecycleNotificationUrl,omitempty"`
	Expires   string `json:"expirationDateTime"`
	State     string `json:"clientState,omitempty"`
}

func (j subscriptionJSON) subscription() (delta.Subscription, error) {
	expires, err := time.Parse(time.RFC3339, j.Expires)
	if err != nil || j.ID == "" {
		return delta.Subscription{}, fmt.Errorf("%w: a subscription without id or end", delta.ErrUnclear)
	}
	s := delta.Subscription{ID: j.ID, Resource: j.Resource, URL: j.URL, State: j.State, Changes: j.Changes, Expires: expires}
	if j.Lifecycle != j.URL {
		s.URL = "" // not as we make them: what is missing cannot be added (change-notifications-lifecycle-events.md)
	}
	return s, nil
}

// subscriptions is what is throttled apart from calendars: what Graph holds back of the one must not hold the other. Limits are
// counted per mailbox, and where a mailbox has too many, Graph has been seen to ask for a wait until the year 9999.
func subscriptions(of string) string { return "subscriptions of " + of }

// Subscribe makes a subscription to a mailbox's events (subscription-post-subscriptions.md). Where there is one already the error is
// [delta.ErrSubscribed].
func (c *Client) Subscribe(ctx context.Context, m delta.Mailbox, s delta.Subscription) (delta.Subscription, error) {
	var answer subscriptionJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodPost, URL: c.rest.URL(nil, "subscriptions"), Scope: subscriptions(m.Key()), Decode: rest.JSON(&answer),
		Body: subscriptionJSON{
			Changes: changes, Resource: delta.SubscriptionResource(m.Key()), URL: s.URL, Lifecycle: s.URL, State: s.State, Expires: s.Expires.UTC().Format(time.RFC3339),
		},
	})
	if err != nil {
		return delta.Subscription{}, fmt.Errorf("subscribing to %s: %w", m.Address, subscriptionError(err))
	}
	return answer.subscription()
}

// Renew prolongs a subscription, which also answers a demand for reauthorization (subscription-update.md). One that is lost is
// [delta.ErrGone].
func (c *Client) Renew(ctx context.Context, m delta.Mailbox, id string, expires time.Time) (time.Time, error) {
	var answer subscriptionJSON
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodPatch, URL: c.rest.URL(nil, "subscriptions", id), Scope: subscriptions(m.Key()), Decode: rest.JSON(&answer),
		Body: subscriptionJSON{Expires: expires.UTC().Format(time.RFC3339)},
	})
	if err == nil {
		var s delta.Subscription
		if s, err = answer.subscription(); err == nil {
			return s.Expires, nil
		}
	}
	return time.Time{}, fmt.Errorf("renewing the subscription to %s: %w", m.Address, lost(err))
}

// Unsubscribe deletes a subscription. One that is not there any more is no error.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	err := c.rest.Do(ctx, rest.Call{Method: http.MethodDelete, URL: c.rest.URL(nil, "subscriptions", id), Scope: subscriptions(id)})
	if err = lost(err); err != nil && !errors.Is(err, delta.ErrGone) {
		return fmt.Errorf("deleting a subscription: %w", err)
	}
	return nil
}

// Subscriptions lists all that the application has, of all mailboxes (subscription-list.md).
func (c *Client) Subscriptions(ctx context.Context) ([]delta.Subscription, error) {
	all, err := list[subscriptionJSON](ctx, c, collection{
		first: c.rest.URL(nil, "subscriptions"),
		scope: subscriptions("all"),
		holds: just("subscriptions"),
	})
	if err != nil {
		return nil, fmt.Errorf("listing subscriptions: %w", err)
	}
	var out []delta.Subscription
	for _, j := range all {
		if s, err := j.subscription(); err == nil { // one that makes no sense is not ours
			out = append(out, s)
		}
	}
	return out, nil
}

// subscriptionError says what a refusal to subscribe means. The service behind has one code, ExtensionError, for everything, so the
// status counts.
func subscriptionError(err error) error {
	var refused *rest.Error
	if !errors.As(err, &refused) || refused.Code == "" {
		return err
	}
	switch refused.Status {
	case http.StatusConflict:
		return fmt.Errorf("%w: %w", delta.ErrSubscribed, err)
	case http.StatusForbidden:
		return fmt.Errorf("%w: %w", delta.ErrSubscriptions, err)
	case http.StatusBadRequest:
		return fmt.Errorf("%w: %w", delta.ErrRefused, err)
	}
	return err
}

// lost tells a subscription that Graph does not have, by Graph's own error, from other trouble.
func lost(err error) error {
	var refused *rest.Error
	if errors.As(err, &refused) && refused.Code != "" && refused.Status == http.StatusNotFound {
		return fmt.Errorf("%w: %w", delta.ErrGone, err)
	}
	return err
}

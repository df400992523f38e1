package graph

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

const hub = "EventHub:https://hints.servicebus.windows.net/eventhubname/graph?tenantId=example.com"

// subscriber is a client of a world with some mailboxes, its requests held against the vendor's description.
func subscriber(t *testing.T, quirks simulator.Quirks, mailboxes int) (*simulator.World, *Client, []delta.Mailbox) {
	world := simulator.New(simulator.Options{Seed: 17, Quirks: quirks})
	watch, err := openapi.New()
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(simulator.GraphURL, watch.RoundTripper(world.Transport()), tokens(world.GraphToken))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := watch.Err(); err != nil {
			t.Error(err)
		}
		if watch.Requests() == 0 {
			t.Error("no request was checked")
		}
	})
	var boxes []delta.Mailbox
	for i := range mailboxes {
		box := world.AddMailbox(fmt.Sprintf("m%d@example.com", i))
		boxes = append(boxes, delta.Mailbox{ID: box.ID(), Address: box.Address()})
	}
	return world, client, boxes
}

func inDays(days float64) time.Time {
	return time.Now().Add(time.Duration(days * 24 * float64(time.Hour))).Truncate(time.Second)
}

func TestASubscriptionIsMadeRenewedListedAndDeleted(t *testing.T) {
	world, c, boxes := subscriber(t, simulator.Quirks{}, 1)
	m, want := boxes[0], delta.Subscription{URL: hub, State: "secret", Expires: inDays(2)}
	made, err := c.Subscribe(t.Context(), m, want)
	if err != nil || made.ID == "" || !made.Expires.Equal(want.Expires) || made.URL != hub || made.State != "secret" {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := c.Subscribe(t.Context(), m, want); !errors.Is(err, delta.ErrSubscribed) {
		t.Errorf("a second time: %v", err)
	}
	until, err := c.Renew(t.Context(), m, made.ID, inDays(5))
	if err != nil || !until.Equal(inDays(5)) {
		t.Errorf("%s, %v", until, err)
	}
	if _, err := c.Renew(t.Context(), m, made.ID, inDays(8)); !errors.Is(err, delta.ErrRefused) {
		t.Errorf("for too long: %v", err)
	}
	all, err := c.Subscriptions(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != made.ID || all[0].Resource != delta.SubscriptionResource(m.ID) || all[0].Changes != changes {
		t.Errorf("%+v, %v", all, err)
	}
	for range 2 { // the second time it is gone, which is as good
		if err := c.Unsubscribe(t.Context(), made.ID); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.Renew(t.Context(), m, made.ID, inDays(5)); !errors.Is(err, delta.ErrGone) {
		t.Errorf("what is gone: %v", err)
	}
	if left := world.Subscriptions(); len(left) != 0 {
		t.Errorf("%+v", left)
	}
}

func TestAListOfSubscriptionsIsReadToItsEnd(t *testing.T) {
	_, c, boxes := subscriber(t, simulator.Quirks{}, 250)
	for _, m := range boxes {
		if _, err := c.Subscribe(t.Context(), m, delta.Subscription{URL: hub, Expires: inDays(1)}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Subscriptions(t.Context())
	if err != nil || len(all) != len(boxes) {
		t.Fatalf("%d, %v", len(all), err)
	}
	for i, m := range boxes {
		if all[i].Resource != delta.SubscriptionResource(m.ID) {
			t.Errorf("%d is %s", i, all[i].Resource)
		}
	}
}

func TestRefusalsToSubscribeAreToldApart(t *testing.T) {
	world, c, boxes := subscriber(t, simulator.Quirks{MostSubscriptions: 1}, 4)
	subscribe := func(m delta.Mailbox, url string) error {
		_, err := c.Subscribe(t.Context(), m, delta.Subscription{URL: url, Expires: inDays(1)})
		return err
	}
	world.Mailbox(boxes[1].Address).Deny()
	for name, row := range map[string]struct {
		err  error
		kind error
	}{
		"nobody answers the webhook": {subscribe(boxes[0], "https://hook.example.com/x"), delta.ErrRefused},
		"closed to the application":  {subscribe(boxes[1], hub), delta.ErrSubscriptions},
		"no such mailbox":            {subscribe(delta.Mailbox{ID: "nobody", Address: "nobody"}, hub), delta.ErrMailbox},
		"the first":                  {subscribe(boxes[2], hub), nil},
		"one too many":               {subscribe(boxes[3], hub), delta.ErrSubscriptions},
	} {
		if !errors.Is(row.err, row.kind) {
			t.Errorf("%s: %v", name, row.err)
		}
	}
}

func TestAMailboxWithTooManySubscriptionsIsNotHeldBackElsewhere(t *testing.T) {
	world, c, boxes := subscriber(t, simulator.Quirks{}, 2)
	world.Fault(simulator.Rule{Call: "CreateSubscription", Times: 1, Fault: simulator.Refuse(429, "ExtensionError", "Fri, 31 Dec 9999 23:59:59 GMT")})
	want := delta.Subscription{URL: hub, Expires: inDays(1)}
	var later *delta.LaterError
	if _, err := c.Subscribe(t.Context(), boxes[0], want); !errors.As(err, &later) || !errors.Is(err, delta.ErrThrottled) {
		t.Errorf("%v", err)
	}
	if _, err := c.Subscribe(t.Context(), boxes[1], want); err != nil {
		t.Errorf("another mailbox: %v", err)
	}
	if _, err := c.Calendar(boxes[0]).Language(t.Context()); err != nil {
		t.Errorf("its calendar: %v", err)
	}
}

func TestANextLinkElsewhereIsNotFollowed(t *testing.T) {
	for _, link := range []string{"https://elsewhere.example.com/v1.0/subscriptions?$skiptoken=1", graphRoot + "/v1.0/users?$skiptoken=1"} {
		w := always(200, fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, link))
		c, err := New(graphRoot, w, tokens(func() string { return "token" }))
		if err != nil {
			t.Fatal(err)
		}
		if all, err := c.Subscriptions(t.Context()); !errors.Is(err, delta.ErrForeign) || len(w.sent) != 1 {
			t.Errorf("%s: %v, %v, %d requests", link, all, err, len(w.sent))
		}
		if all, err := c.Members(t.Context(), "g1"); !errors.Is(err, delta.ErrForeign) || len(w.sent) != 2 {
			t.Errorf("%s: %v, %v, %d requests", link, all, err, len(w.sent))
		}
	}
}

package delta

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

// Subscription asks Graph to send notifications of the events of a mailbox (subscription.md). They are hints: losing them costs
// time only.
type Subscription struct {
	ID       string // Graph's; "" for one that is to be made
	Resource string // "/users/{id}/events"
	// URL is where notifications go, and word of the subscription's own life: "EventHub:https://..." or "https://...".
	URL     string
	State   string // clientState, which every notification repeats: see [Keys.ClientState]
	Changes string // which changes are told, as Graph writes them
	Expires time.Time
}

// SubscriptionResource is what is subscribed to of a mailbox.
func SubscriptionResource(mailbox string) string { return "/users/" + mailbox + "/events" }

var (
	// ErrSubscribed: the application has a subscription to this already, which may be somebody else's.
	ErrSubscribed = errors.New("subscribed to already")
	// ErrSubscriptions: there are as many subscriptions as there may be, or none may be made for this mailbox.
	ErrSubscriptions = errors.New("no subscription is allowed")
)

// ClientState is the secret of a mailbox's subscription, 80 characters of the 128 that Graph takes: the mailbox, and a MAC that
// only an owner of the key file can make. A notification that repeats it is Graph's, and says of which mailbox it is without
// anything being looked up.
func (k Keys) ClientState(mailbox string) string {
	mailbox = strings.ToLower(mailbox)
	return mailbox + "." + base64.RawURLEncoding.EncodeToString(k.mac(k.hint, "subscription", mailbox))
}

// longestState is Graph's own limit (subscription.md).
const longestState = 128

// Subscribed is the mailbox of a notification's clientState; ok is false for one that is not ours.
func (k Keys) Subscribed(state string) (mailbox string, ok bool) {
	if len(state) > longestState {
		return "", false
	}
	mailbox, _, _ = strings.Cut(state, ".")
	if mailbox == "" || !hmac.Equal([]byte(state), []byte(k.ClientState(mailbox))) {
		return "", false
	}
	return mailbox, true
}

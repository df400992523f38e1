// Package subscriptions keeps a Graph subscription alive for every enrolled mailbox: made, renewed, made anew where it was lost,
// deleted when the mailbox is enrolled no longer. What its notifications say is a hint, so nothing here is urgent and nothing here
// can lose anything but time.
//
// Any number of daemons share the work. What is to be looked at when stands in one sorted set ([Store]); who takes a mailbox has it
// for a while, and two that have it at once do no harm: Graph allows an application one subscription to a resource, and the second
// daemon finds that of the first. For the same reason a lost answer, a lost Redis and another installation come to the same thing:
// 409, whereupon the list of all subscriptions is read, once for all mailboxes, and what is ours is adopted. Ours is what carries a
// clientState that only our key makes; see delta.Keys.
//
// Renewals come when between a third and two thirds of a life are over, at random, so that a thousand subscriptions made in one minute are
// renewed over days.
package subscriptions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"syncd/delta"
)

// Record is what is remembered of a mailbox's subscription.
type Record struct {
	ID      string    `json:"id,omitempty"`     // Graph's; "" for none
	To      string    `json:"to,omitempty"`     // a short hash of where its notifications go
	Since   time.Time `json:"since,omitzero"`   // since when nothing is missed
	Expires time.Time `json:"expires,omitzero"` // by Graph's word
	Reason  Reason    `json:"reason,omitempty"` // why the last try failed
	Tries   int       `json:"tries,omitempty"`  // that failed since one succeeded
}

// Lives reports whether notifications can be expected.
func (r Record) Lives(now time.Time) bool { return r.ID != "" && r.Expires.After(now) }

// Reason is why there is no subscription, or why it could not be renewed.
type Reason string

// The reasons that are not those of a sweep.
const (
	Taken   Reason = "subscription-taken"   // another installation with the same application has it
	NotHere Reason = "subscription-refused" // closed to the application, or as many as there may be
	NotHeld Reason = "endpoint-refused"     // Graph does not take the place where notifications are to go
)

// Due is a mailbox whose subscription is to be looked at.
type Due struct {
	Mailbox string // directory id
	Record  Record
	Leaves  bool   // it was unenrolled
	Claim   string // how the store knows that nobody hastened it meanwhile
}

// Return gives one back.
type Return struct {
	Due
	At   time.Time // when it is to be looked at again
	Gone bool      // nothing is to be remembered of it
}

// Store is what the daemons share. Every call may fail, or be carried out though its answer was lost.
type Store interface {
	// TakeSubscriptions hands out up to n mailboxes that are due, and puts each off by hold. next is when another one is due; less
	// than 0 for none.
	TakeSubscriptions(ctx context.Context, n int, hold time.Duration) (due []Due, next time.Duration, err error)
	// PutSubscriptions gives them back.
	PutSubscriptions(ctx context.Context, done []Return) error
	// SubscriptionKeys lists all mailboxes of which something is remembered.
	SubscriptionKeys(ctx context.Context) ([]string, error)
	// AddSubscriptions adds what is not there yet, due after a time of its own.
	AddSubscriptions(ctx context.Context, mailboxes []string, first func(mailbox string) time.Duration) error
	// LeaveSubscriptions has them given up.
	LeaveSubscriptions(ctx context.Context, mailboxes []string) error
	// HastenElsewhere has those looked at now that go to another place than to, which is as [To] has it.
	HastenElsewhere(ctx context.Context, to string) error
}

// Graph makes and ends subscriptions; see package graph.
type Graph interface {
	Subscribe(ctx context.Context, m delta.Mailbox, s delta.Subscription) (delta.Subscription, error)
	Renew(ctx context.Context, m delta.Mailbox, id string, expires time.Time) (time.Time, error)
	Unsubscribe(ctx context.Context, id string) error
	Subscriptions(ctx context.Context) ([]delta.Subscription, error)
}

// To is the short hash of a place where notifications go.
func To(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:4])
}

package main

import (
	"encoding/json"
	"time"

	"syncd/redisstore"
)

type subscriptionsCommand struct {
	Mailboxes []string `arg:"" optional:"" name:"mailbox" help:"Addresses or directory ids; all if none is given."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

// shownSubscription is how the subscription of one mailbox stands.
type shownSubscription struct {
	Mailbox   string     `json:"mailbox"`
	ID        string     `json:"id"`           // of the mailbox
	Graph     string     `json:"subscription"` // Graph's id; "" for none
	State     string     `json:"state"`
	Reason    string     `json:"reason"`
	Since     *time.Time `json:"since"`
	ExpiresAt *time.Time `json:"expires_at"`
	HeardAt   *time.Time `json:"heard_at"`
	NextAt    *time.Time `json:"next_at"`
}

// The states of a subscription.
const (
	subscriptionNone = "none"    // hints come from elsewhere, or not at all
	subscriptionNew  = "new"     // to be made
	subscriptionOK   = "ok"      // lives
	subscriptionLost = "expired" // could not be renewed in time
	subscriptionBad  = "failing" // could not be made
)

// Run lists the Graph subscriptions of the enrolled mailboxes.
func (c *subscriptionsCommand) Run(s *surroundings) error {
	return s.withStore(func(_ *Config, store *redisstore.Store) error {
		enrolled, err := store.Mailboxes(s.ctx)
		if err != nil {
			return err
		}
		mailboxes, err := pick(s.ctx, store, enrolled, c.Mailboxes)
		if err != nil {
			return err
		}
		ids := make([]string, len(mailboxes))
		for i, m := range mailboxes {
			ids[i] = m.Key()
		}
		known, err := store.Subscriptions(s.ctx, ids, true)
		if err != nil {
			return err
		}
		list := []shownSubscription{}
		for i, m := range mailboxes {
			k := known[i]
			list = append(list, shownSubscription{
				Mailbox: m.Address, ID: m.ID, Graph: k.ID, State: stateOf(k), Reason: string(k.Reason),
				Since: moment(k.Since), ExpiresAt: moment(k.Expires), HeardAt: moment(k.Heard), NextAt: moment(k.Next),
			})
		}
		if c.JSON {
			return json.NewEncoder(s.out).Encode(list)
		}
		return s.table("MAILBOX\tSTATE\tREASON\tEXPIRES\tHEARD\tNEXT\tSUBSCRIPTION", func(add func(...any)) {
			for _, l := range list {
				add(l.Mailbox, l.State, l.Reason, clock(l.ExpiresAt), ago(l.HeardAt), clock(l.NextAt), l.Graph)
			}
		})
	})
}

// stateOf says in a word how a subscription is.
func stateOf(k redisstore.Subscription) string {
	switch {
	case !k.Known:
		return subscriptionNone
	case k.Lives(time.Now()):
		return subscriptionOK
	case k.ID != "":
		return subscriptionLost
	case k.Reason != "":
		return subscriptionBad
	}
	return subscriptionNew
}

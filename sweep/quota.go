package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/delta"
)

// Webex counts the calls that make meetings, also those that fail: with an administrator's token 800 a day for one host, 3,000 in
// all (Meetings guide, "Daily quota"). So does syncd, in Redis, before each call. What begins soonest goes first: within a mailbox
// by the order in which events are settled, among mailboxes by leaving a part of the day's calls to what begins soon. That part
// is given free as the day goes on.

// Quotas counts calls that make meetings for all daemons.
type Quotas interface {
	// ReserveCreate counts one call for a mailbox, if fewer than share of the day's calls of all mailboxes are used up; else, or
	// where the mailbox's own are, it says when to ask again.
	ReserveCreate(ctx context.Context, mailbox string, share float64) (ok bool, until time.Time, err error)
	// CreateRefused notes that Webex refuses to make more, and says until when nobody needs to ask; zero where by what was counted
	// it must have other reasons.
	CreateRefused(ctx context.Context, mailbox string) (until time.Time, err error)
}

const (
	soon, soonish           = 7 * 24 * time.Hour, 30 * 24 * time.Hour
	shareSoonish, shareLate = 0.9, 0.75
)

// share is the part of the day's calls that must not be used up for an event that begins then, a part of the day being over.
func share(start, now time.Time) float64 {
	passed := float64(now.Sub(now.UTC().Truncate(24*time.Hour))) / float64(24*time.Hour)
	switch ahead := start.Sub(now); {
	case ahead <= soon:
		return 1
	case ahead <= soonish:
		return max(shareSoonish, passed)
	}
	return max(shareLate, passed)
}

// reserve counts a call that makes a meeting, or says that it has to wait.
func (r *run) reserve(ctx context.Context, s delta.Seen) error {
	start := s.Start
	if start.Before(r.now) {
		start = r.now // the next occurrence of a series that goes on
	}
	ok, until, err := r.Quotas.ReserveCreate(ctx, r.mailbox.ID, share(start, time.Now()))
	if err != nil {
		return ofStore(err)
	}
	if ok {
		return nil
	}
	return r.quotaOut(until)
}

// refusedCreate tells a refusal because of the quota, which comes without Retry-After, from others.
func (r *run) refusedCreate(ctx context.Context, err error) error {
	if !errors.Is(err, delta.ErrThrottled) || errors.As(err, new(*delta.LaterError)) {
		return err
	}
	until, failed := r.Quotas.CreateRefused(ctx, r.mailbox.ID)
	if failed != nil {
		return ofStore(failed)
	}
	if until.IsZero() {
		return err
	}
	return r.quotaOut(until)
}

func (r *run) quotaOut(until time.Time) error {
	r.quotaLater = &delta.LaterError{At: until, Err: fmt.Errorf("%w until %s", delta.ErrQuota, until.UTC().Format(time.RFC3339))}
	return r.quotaLater
}

// spent says that the quota was used up a moment ago, for which an event that never had a meeting need not be looked at. What
// begins later has to wait all the more.
func (r *run) spent() error {
	if r.quotaLater == nil || !time.Now().Before(r.quotaLater.At) {
		return nil
	}
	return r.quotaLater
}

// inTurn puts what begins later behind what begins sooner, by a second a day: no more than so many that wait are read at once, those
// whose time came first.
func (r *run) inTurn(at, end time.Time) time.Time {
	const farthest = 1000
	days := int(end.Sub(r.now).Hours() / 24)
	if end.IsZero() {
		days = 0 // a series without end goes on soon
	}
	return at.Add(time.Duration(min(max(days, 0), farthest)) * time.Second)
}

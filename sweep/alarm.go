package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"syncd/delta"
)

// alarm tells one mailbox that refuses from an application that is refused. A mailbox that is closed is parked; when most of
// them are, all at once, somebody took away a permission, and a thousand parked mailboxes would hide that. Then one alarm is
// raised, the parked ones go back to what they were, and all wait, but for one probe a minute.
type alarm struct {
	mu     sync.Mutex
	recent []outcome      // of the mailboxes that were swept last, each once, newest last; guarded by mu
	parked []parkedBefore // since the last sweep that went well; guarded by mu
	since  time.Time      // when it was raised; zero while it is not; guarded by mu
	probe  time.Time      // the next time at which a mailbox may be asked while raised; guarded by mu
}

// outcome is how a mailbox's latest sweep went.
type outcome struct {
	mailbox string
	refused bool
}

type parkedBefore struct {
	mailbox delta.Mailbox
	cursor  delta.Cursor
}

const (
	alarmWindow = 40 // mailboxes that are looked at
	alarmLeast  = 5  // of them refusing that make an alarm, if they are most
	alarmProbe  = time.Minute
)

// wait refuses a sweep while the alarm is raised, unless it is this mailbox's turn to probe.
func (a *alarm) wait(now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() {
		return nil
	}
	if now.Before(a.probe) {
		return &delta.LaterError{At: a.probe, Err: errApplication}
	}
	a.probe = now.Add(alarmProbe)
	return nil
}

// errApplication says that the application as a whole is refused.
var errApplication = fmt.Errorf("%w: most mailboxes refuse at once; check consent, scope and certificate", delta.ErrApplication)

// Refused says that most mailboxes refuse at once, so that all wait; nil where they do not.
func (s *Sweeper) Refused() error {
	s.alarm.mu.Lock()
	defer s.alarm.mu.Unlock()
	if s.alarm.since.IsZero() {
		return nil
	}
	return errApplication
}

// refusal reports an error of a mailbox that may be one of all. A person who is signed out is no fault of the application.
func refusal(err error) bool {
	return !errors.Is(err, delta.ErrSignIn) && (errors.Is(err, delta.ErrAccess) || errors.Is(err, delta.ErrMailbox) || errors.Is(err, delta.ErrCredentials))
}

// heard notes how a sweep went that began then. parked is what to undo of it, should it turn out that all are refused; freed is what has
// to be undone now, once. A sweep that was let in before the alarm was raised does not end it.
func (a *alarm) heard(mailbox string, err error, parked *parkedBefore, began, now time.Time) (raisedNow bool, freed []parkedBefore) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil && (a.since.IsZero() || began.After(a.since)) {
		a.since, a.parked = time.Time{}, nil
	}
	if err != nil && !refusal(err) {
		return false, nil
	}
	if parked != nil {
		a.parked = append(a.parked, *parked)
	}
	refused := a.note(outcome{mailbox, err != nil})
	if err == nil || refused < alarmLeast || 2*refused <= len(a.recent) {
		return false, nil
	}
	if raisedNow = a.since.IsZero(); raisedNow {
		a.since = now
	}
	a.probe = now.Add(alarmProbe)
	freed, a.parked = a.parked, nil
	return raisedNow, freed
}

// note notes an outcome and counts the refusals. Callers hold mu.
func (a *alarm) note(o outcome) (refused int) {
	i := slices.IndexFunc(a.recent, func(other outcome) bool { return other.mailbox == o.mailbox })
	if i < 0 && len(a.recent) == alarmWindow {
		i = 0
	}
	if i >= 0 {
		a.recent = slices.Delete(a.recent, i, i+1)
	}
	a.recent = append(a.recent, o)
	for _, other := range a.recent {
		if other.refused {
			refused++
		}
	}
	return refused
}

// judge tells the alarm how a sweep went, and carries out what it asks for.
func (s *Sweeper) judge(ctx context.Context, r *run, err error) {
	var parked *parkedBefore
	if r.parked {
		parked = &parkedBefore{r.mailbox, r.memory.Cursor()}
	}
	raised, freed := s.alarm.heard(r.mailbox.Key(), err, parked, r.now, time.Now())
	if raised {
		s.Log.Error().Err(errApplication).Msg("all mailboxes wait")
	}
	for _, p := range freed {
		s.unpark(context.WithoutCancel(ctx), p)
	}
}

// unpark puts a mailbox back to what it was before it was parked for what is everybody's trouble. Where that fails it stays
// parked, and is asked again in an hour.
func (s *Sweeper) unpark(ctx context.Context, p parkedBefore) {
	memory, err := s.Claim(ctx, p.mailbox)
	if err == nil {
		c := p.cursor
		c.Address, c.Reason, c.NextAt = p.mailbox.Address, delta.ApplicationRefused, time.Time{}
		err = memory.Write(ctx, delta.Batch{Cursor: &c, GiveUp: true})
	}
	if err != nil {
		s.Log.Warn().Err(err).Str("mailbox", p.mailbox.Address).Msg("stays parked")
		return
	}
	if s.Freed != nil {
		s.Freed(p.mailbox)
	}
}

package sweep

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"syncd/delta"
)

// alarm tells one mailbox that refuses from an application that is refused. A mailbox that is closed is parked; when most of
// them are, all at once, somebody took away a permission, and a thousand parked mailboxes would hide that. Then one alarm is
// raised, the parked ones go back to what they were, and all wait, but for one probe a minute.
type alarm struct {
	mu     sync.Mutex
	recent []bool         // outcomes of the latest sweeps, true for refused, newest last; guarded by mu
	parked []parkedBefore // since the last sweep that went well; guarded by mu
	raised bool           // guarded by mu
	probe  time.Time      // the next time at which a mailbox may be asked while raised; guarded by mu
}

type parkedBefore struct {
	mailbox delta.Mailbox
	cursor  delta.Cursor
}

const (
	alarmWindow = 40 // sweeps that are looked at
	alarmLeast  = 5  // refusals that make an alarm, if they are most of these
	alarmProbe  = time.Minute
)

// wait refuses a sweep while the alarm is raised, unless it is this mailbox's turn to probe.
func (a *alarm) wait(now time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.raised {
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

// refusal reports an error of a mailbox that may be one of all. A person who is signed out is no fault of the application.
func refusal(err error) bool {
	return !errors.Is(err, delta.ErrSignIn) && (errors.Is(err, delta.ErrAccess) || errors.Is(err, delta.ErrMailbox) || errors.Is(err, delta.ErrCredentials))
}

// heard notes how a sweep went. parked is what to undo of it, should it turn out that all are refused; freed is what has to be
// undone now, once.
func (a *alarm) heard(err error, parked *parkedBefore, now time.Time) (raisedNow bool, freed []parkedBefore) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.raised, a.parked = false, nil
	}
	if err != nil && !refusal(err) {
		return false, nil
	}
	if parked != nil {
		a.parked = append(a.parked, *parked)
	}
	if a.recent = append(a.recent, err != nil); len(a.recent) > alarmWindow {
		a.recent = a.recent[1:]
	}
	refused := 0
	for _, r := range a.recent {
		if r {
			refused++
		}
	}
	if err == nil || refused < alarmLeast || 2*refused <= len(a.recent) {
		return false, nil
	}
	raisedNow = !a.raised
	a.raised, a.probe = true, now.Add(alarmProbe)
	freed, a.parked = a.parked, nil
	return raisedNow, freed
}

// judge tells the alarm how a sweep went, and carries out what it asks for.
func (s *Sweeper) judge(ctx context.Context, r *run, err error) {
	var parked *parkedBefore
	if r.parked {
		parked = &parkedBefore{r.mailbox, r.memory.Cursor()}
	}
	raised, freed := s.alarm.heard(err, parked, time.Now())
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

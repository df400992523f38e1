package sweep

import (
	"context"
	"errors"

	"syncd/delta"
	"syncd/parser"
	"syncd/recurrence"
)

// Report counts what a sweep of one or more mailboxes did. Its JSON form is part of `syncd sweep --json`.
type Report struct {
	Items         int `json:"items"`          // events and removals that Graph told of
	Changed       int `json:"changed"`        // events about which something was to be done
	Created       int `json:"created"`        // meetings made
	Updated       int `json:"updated"`        // meetings changed
	Deleted       int `json:"deleted"`        // meetings deleted
	Patched       int `json:"patched"`        // writes into events
	RemovedBlocks int `json:"removed_blocks"` // of these, such as took the join details out
	Skipped       int `json:"skipped"`        // events that ask for a meeting and get none, for a reason
	Retrying      int `json:"retrying"`       // events that wait for another try
	Held          int `json:"-"`              // removals that wait for an operator
	Mails         int `json:"-"`              // people told by the writes into events

	Reasons map[delta.Reason]int `json:"reasons"`
	Planned []Planned            `json:"-"` // of a dry run
	Cursor  delta.Cursor         `json:"-"` // as it was left, of one mailbox; the zero value where it stayed
}

// Planned is what would be done about one event.
type Planned struct {
	Mailbox string       `json:"mailbox"`
	Event   string       `json:"event"`
	Action  delta.Action `json:"action"`
	Reason  delta.Reason `json:"reason"`
	Mails   int          `json:"mails"`
}

func newReport() *Report { return &Report{Reasons: map[delta.Reason]int{}} }

// Add counts another report in.
func (r *Report) Add(o *Report) {
	r.Items += o.Items
	r.Changed += o.Changed
	r.Created += o.Created
	r.Updated += o.Updated
	r.Deleted += o.Deleted
	r.Patched += o.Patched
	r.RemovedBlocks += o.RemovedBlocks
	r.Skipped += o.Skipped
	r.Retrying += o.Retrying
	r.Held += o.Held
	r.Mails += o.Mails
	if r.Reasons == nil {
		r.Reasons = map[delta.Reason]int{}
	}
	for reason, n := range o.Reasons {
		r.Reasons[reason] += n
	}
	r.Planned = append(r.Planned, o.Planned...)
}

// count counts a decision.
func (r *Report) count(d delta.Decision) {
	r.Reasons[d.Reason]++
	switch d.Action {
	case delta.Nothing:
		switch d.Reason {
		case delta.Unchanged, delta.NotAsked, delta.NotOrganizer:
		default:
			r.Skipped++
		}
	case delta.Adopt, delta.Forget, delta.Read:
	default:
		r.Changed++
	}
}

// ReasonOf is the word for an error.
func ReasonOf(err error) delta.Reason {
	var later *delta.LaterError
	var series recurrence.Reason
	switch {
	case errors.Is(err, delta.ErrApplication):
		return delta.ApplicationRefused
	case errors.Is(err, delta.ErrWithdrawing):
		return delta.Withdrawing
	case errors.Is(err, delta.ErrQuota):
		return delta.Quota
	case errors.As(err, &later), errors.Is(err, delta.ErrThrottled):
		return delta.Throttled
	case errors.Is(err, delta.ErrLeased), errors.Is(err, delta.ErrLeaseLost):
		return delta.Leased
	case errors.Is(err, delta.ErrSignedOut):
		return delta.SignedOut
	case errors.Is(err, delta.ErrSignIn):
		return delta.NotSignedIn
	case errors.Is(err, delta.ErrCredentials):
		return delta.Credentials
	case errors.Is(err, delta.ErrMailbox):
		return delta.NoMailbox
	case errors.Is(err, delta.ErrNoRoom):
		return delta.NoRoom
	case errors.Is(err, delta.ErrHost):
		return delta.Unknown
	case errors.Is(err, delta.ErrLists):
		return delta.ListsUnread
	case errors.Is(err, delta.ErrAccess):
		return delta.AccessDenied
	case errors.Is(err, delta.ErrForeign):
		return delta.ForeignLink
	case errors.Is(err, delta.ErrNewer):
		return delta.NewerRecord
	case errors.Is(err, ErrStopped), errors.Is(err, context.Canceled):
		return delta.Stopped
	case errors.Is(err, errStore):
		return delta.StoreRefused
	case errors.Is(err, delta.ErrConflict):
		return delta.Conflict
	case errors.Is(err, delta.ErrLoop):
		return delta.Loop
	case errors.Is(err, delta.ErrTrouble):
		return delta.Unreachable
	case errors.Is(err, delta.ErrUnclear), errors.Is(err, context.DeadlineExceeded):
		return delta.Unanswered
	case errors.Is(err, parser.ErrHidden):
		return delta.Hidden
	case errors.Is(err, parser.ErrDetails):
		return delta.NoDetails
	case errors.As(err, &series):
		return delta.Reason(series)
	default:
		return delta.Refused
	}
}

// plan notes what a dry run would do about an event.
func (r *Report) plan(m delta.Mailbox, s delta.Seen, d delta.Decision) {
	p := Planned{Mailbox: m.Address, Event: s.ID, Action: d.Action, Reason: d.Reason}
	if d.Patches(s) {
		p.Mails = s.Mails()
		r.Mails += p.Mails
	}
	r.Planned = append(r.Planned, p)
}

package sweep

import (
	"context"
	"errors"
	"slices"

	"syncd/delta"
	"syncd/parser"
)

// A template, a word or a language that the operator changed changes no event that is there: every PATCH mails everybody who is
// invited. It takes a resync that says so, and then each event whose join details would look different is written once.

// policy is the operator's, with what a resync asks for.
func (r *run) policy() delta.Policy {
	p := r.Policy
	if resync := r.memory.Resync(); resync != nil && resync.Rewrite {
		p.Rewrite = true
	}
	return p
}

// foresee notes what would be done about an event. Whether its join details would look different takes a look at its meeting.
func (r *run) foresee(ctx context.Context, s delta.Seen, d delta.Decision) error {
	if d.Reason != delta.Rewritten {
		r.report.plan(r.mailbox, s, d)
		return nil
	}
	ref, shown, record := s.Ref, s.Own, d.Have
	if d.Action == delta.Follow {
		ref, shown, record = s.SeriesRef, s.Shared, *s.Series
	}
	details, err := r.details(ctx, record)
	if errors.Is(err, errMeetingGone) {
		return nil // a sweep makes it again, or takes the block out; the plan of a sweep says which
	}
	if err != nil {
		return err
	}
	block, err := r.render(ctx, ref, details)
	if err != nil {
		return err
	}
	lines := parser.Body{Content: block.Text}.Blocks()[0].Lines
	if len(shown) == 1 && slices.Equal(shown[0].Lines, lines) && !s.NoLink {
		return nil
	}
	r.report.plan(r.mailbox, s, delta.Decision{Action: delta.Rewrite, Reason: d.Reason})
	return nil
}

package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/parser"
)

// postLink says in the space how to join the meeting, once for each meeting.
func (r *run) postLink(ctx context.Context, s delta.Seen, record *delta.Record, details *parser.Details) error {
	if record.Space.Posted == record.Meeting {
		return nil
	}
	if record.Space.Marked == record.Meeting {
		said, err := r.said(ctx, record.Space.ID, any)
		if err != nil {
			return err
		}
		if len(said) == 0 || !isOff(said[0]) { // the link may be older than what is looked through
			record.Space.Posted, record.Space.Marked = record.Meeting, ""
			return nil
		}
	}
	if details == nil {
		read, err := r.details(ctx, *record)
		if err != nil {
			return err
		}
		details = &read
	}
	words, err := r.blockWords(ctx)
	if err != nil {
		return err
	}
	ours := func(m delta.Message) bool { return strings.Contains(m.Text, details.Link) }
	if err := r.lastWord(ctx, record.Space.ID, words.Join+"\n"+details.Link, ours); err != nil {
		if err := r.spaceTrouble(ctx, s.ID, record, err); err != nil || record.Space.ID == "" {
			return err
		}
	}
	record.Space.Posted, record.Space.Marked = record.Meeting, ""
	return r.interim(ctx, s.ID, *record)
}

// lastWord makes something the last that was said for an event in its space. Of what two daemons said at once the oldest stays.
func (r *run) lastWord(ctx context.Context, space, text string, same func(delta.Message) bool) error {
	other := func(m delta.Message) bool { return !same(m) }
	if !r.newborn[space] {
		said, err := r.said(ctx, space, any)
		if err != nil || len(said) > 0 && same(said[0]) {
			return err
		}
	}
	if err := r.mayWrite(ctx); err != nil {
		return err
	}
	if err := r.ofWebex(ctx, r.Meetings.Say(ctx, space, text)); err != nil {
		return err
	}
	said, err := r.said(ctx, space, other)
	if err != nil {
		return err
	}
	run := slices.IndexFunc(said, other)
	if run < 0 {
		run = len(said)
	}
	return r.unsay(ctx, said[:max(run-1, 0)])
}

// any is enough of what was said to know the last word.
func any(delta.Message) bool { return true }

func (r *run) said(ctx context.Context, space string, enough func(delta.Message) bool) ([]delta.Message, error) {
	if err := r.webexReady(ctx); err != nil {
		return nil, err
	}
	said, err := r.Meetings.Said(ctx, space, enough)
	return said, r.ofWebex(ctx, err)
}

func (r *run) unsay(ctx context.Context, messages []delta.Message) error {
	for _, m := range messages {
		if err := r.mayWrite(ctx); err != nil {
			return err
		}
		if err := r.ofWebex(ctx, r.Meetings.Unsay(ctx, m.ID)); err != nil && !errors.Is(err, delta.ErrGone) {
			return err
		}
	}
	return nil
}

// leaveSpace closes the space of an event that is withdrawn. Where the record may not know of one, the tag does.
func (r *run) leaveSpace(ctx context.Context, event string, record delta.Record, sure bool) error {
	refused := record.Space.Lacks == delta.SpaceScope || record.Space.Lacks == delta.SpaceRefused // it may have been made nevertheless
	known := record.Space.ID != "" || sure && !refused || record.Space.Lacks == delta.SpaceGone
	if !known && record.Kind != delta.MyRoom && record.Kind != delta.OneTime {
		// Nobody asks for it any more later on: this is the one time to look.
		found, err := r.spacesNow(ctx, r.Keys.Tag(r.mailbox.ID, event))
		if err != nil && !errors.Is(err, errSpaceScope) {
			return err
		}
		for _, space := range found {
			record.Space.ID = space.ID
			if err := r.closeSpace(ctx, event, record); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.closeSpace(ctx, event, record)
	if err != nil && refuses(err) {
		return r.spaceTrouble(ctx, event, &record, err)
	}
	return err
}

// closeSpace says in a space that its meeting is off. The space stays, for people have talked in it; one in which nothing was ever
// said, and so nobody is, goes. What was over needs no word.
func (r *run) closeSpace(ctx context.Context, event string, record delta.Record) error {
	id := record.Space.ID
	if id == "" {
		return nil
	}
	said, err := r.said(ctx, id, any)
	if errors.Is(err, delta.ErrGone) {
		gone, looked := r.spaceGone(ctx, id)
		if gone {
			return nil
		}
		err = cmp.Or(looked, fmt.Errorf("%w: no messages of a space that is there", delta.ErrTrouble))
	}
	switch {
	case err != nil:
		return err
	case len(said) == 0:
		return r.dropSpace(ctx, id)
	case isOff(said[0]), r.over(record):
		return nil
	}
	words, err := r.blockWords(ctx)
	if err != nil {
		return err
	}
	if err := r.unsettle(ctx, event); err != nil {
		return err
	}
	// Crash here, and after: should somebody think again, the link is said again.
	return r.lastWord(ctx, id, words.Off, isOff)
}

// unsettle notes that the link is not the last word in an event's space any more, before that is so.
func (r *run) unsettle(ctx context.Context, event string) error {
	record, known := r.records[event]
	if !known || record.Space.Posted == "" {
		return nil
	}
	record.Space.Posted, record.Fingerprint = "", ""
	return r.interim(ctx, event, record)
}

// isOff tells the word that a meeting is off from the one how to join it.
func isOff(m delta.Message) bool { return !strings.Contains(m.Text, "https://") }

// closeTagged closes the spaces of events that are gone, and of which nothing is remembered.
func (r *run) closeTagged(ctx context.Context, tags []string) error {
	for _, tag := range tags {
		found, err := r.spacesNow(ctx, tag)
		if errors.Is(err, errSpaceScope) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, space := range found {
			if err := r.closeSpace(ctx, "", delta.Record{Space: delta.SpaceRecord{ID: space.ID}}); err != nil {
				return err
			}
		}
	}
	return nil
}

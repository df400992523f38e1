package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"syncd/delta"
)

// A mailbox leaves when its operator withdraws it: join details go out of events that are not over, meetings are deleted, and
// nothing else is touched. From the first step on its cursor says so, and no daemon puts anything back, also where the
// withdrawal is cut off. Said again, it goes on: what is done asks for nothing any more.
//
// Four looks find what there is, since no single one sees all: the calendar as far as it is served, the records, the events that carry our
// property wherever in the calendar they are, and the meetings with the mailbox's tag.

// leave takes everything out. An event that cannot be settled waits, and counts as retrying.
func (r *run) leave(ctx context.Context) error {
	r.cursor.State, r.cursor.Reason, r.cursor.NextAt = delta.Parked, delta.Withdrawing, time.Time{}
	if err := ofStore(r.write(ctx, delta.Batch{Cursor: &r.cursor})); err != nil {
		return r.left(ctx, err)
	}
	clear(r.waiting) // the operator waits
	return r.left(ctx, r.takeOut(ctx))
}

// left gives the lease back. The cursor goes on saying that the mailbox leaves, and until when the vendor wants to be left alone.
func (r *run) left(ctx context.Context, why error) error {
	if r.dry || ctx.Err() != nil || errors.Is(why, delta.ErrLeaseLost) {
		return why
	}
	r.cursor.SweptAt = r.now
	var later *delta.LaterError
	if errors.As(why, &later) {
		r.cursor.NextAt = later.At
	}
	return errors.Join(why, r.memory.Write(ctx, delta.Batch{Cursor: &r.cursor, GiveUp: true}))
}

func (r *run) takeOut(ctx context.Context) error {
	ours, err := r.calendar.Ours(ctx, r.now)
	if err != nil {
		return r.ofMailbox(err)
	}
	c := newChanges()
	c.asking = map[string]bool{}
	for _, id := range ours {
		c.asking[id] = true // a series among them is looked at, whatever its occurrences say
	}
	r.full = true
	_, end := delta.Window(r.mailbox.ID, r.now, r.Behind, r.Ahead)
	if err := r.fold(ctx, c, r.calendar.View(ctx, r.now, end)); err != nil {
		return r.ofMailbox(err)
	}
	if err := r.recall(ctx, c); err != nil {
		return ofStore(err)
	}
	for _, id := range ours {
		if r.records[id].State == delta.NoRecord { // its mark has to be read
			delete(c.events, id)
			delete(c.seen, id)
		}
	}
	rest := r.unseen(c, ours)
	if err := r.brought(ctx, c); err != nil {
		return err
	}
	for _, id := range rest {
		if err := r.stopped(); err != nil {
			return err
		}
		if err := r.takeOutOne(ctx, id); err != nil {
			return err
		}
	}
	for _, id := range r.gone {
		if err := r.deletedEvent(ctx, id); err != nil {
			return err
		}
	}
	return r.takeOutMeetings(ctx)
}

// unseen lists what the calendar's window does not show, is known all the same, and is not over. A series goes before what shares
// its meeting.
func (r *run) unseen(c *changes, ours []string) []string {
	seen := map[string]bool{}
	maps.Copy(seen, c.seen)
	for _, u := range c.units() {
		seen[u.id] = true
	}
	var ids []string
	for _, id := range append(slices.Sorted(maps.Keys(r.records)), ours...) {
		if !seen[id] && !r.over(r.records[id]) {
			ids = append(ids, id)
		}
		seen[id] = true
	}
	slices.SortStableFunc(ids, func(a, b string) int {
		return cmp.Compare(min(len(r.records[a].Series), 1), min(len(r.records[b].Series), 1))
	})
	return ids
}

func (r *run) takeOutOne(ctx context.Context, id string) error {
	e, err := r.read(ctx, id)
	switch {
	case errors.Is(err, delta.ErrGone):
		return r.deletedEvent(ctx, id)
	case err == nil:
		return r.event(ctx, e)
	case ends(ctx, err):
		return err
	}
	return r.later(ctx, delta.Event{ID: id}, err)
}

// takeOutMeetings deletes the meetings that are left, but for those of events that wait.
func (r *run) takeOutMeetings(ctx context.Context) error {
	host, err := r.webexHost(ctx)
	if err != nil {
		return err
	}
	meetings, err := r.Meetings.Tagged(ctx, host, r.Keys.MailboxTag(r.mailbox.ID), r.now, r.now.Add(orphanReach))
	if errors.Is(err, delta.ErrHost) {
		return nil // whom Webex does not know has no meetings
	}
	if err != nil {
		return r.ofWebex(ctx, err)
	}
	waits := map[string]bool{}
	for id := range r.records {
		waits[r.Keys.Tag(r.mailbox.ID, id)] = true
	}
	for _, m := range meetings {
		tag, ok := delta.EventTag(m.Tags)
		if !ok || waits[tag] {
			continue
		}
		r.report.Reasons[delta.Orphaned]++
		if r.dry {
			continue
		}
		if err := r.closeTagged(ctx, []string{tag}); err != nil {
			return err
		}
		// Crash here: the meeting is listed again.
		if err := r.drop(ctx, false, m.ID); err != nil {
			return fmt.Errorf("deleting a meeting whose event is gone: %w", err)
		}
	}
	return nil
}

package sweep

import (
	"context"
	"errors"
	"time"

	"syncd/delta"
)

// A meeting is an orphan when its event was deleted while the store was lost: nothing but its tag says that it is ours. Once a
// day, in the first round of a store, a lease after a sweep that did not end, two minutes after Webex left open whether it made one, and
// when an operator asks for a resync, the meetings made for the mailbox are listed.
// One that no record knows is deleted if no look at the calendar finds an event for it. More of them than the limit for
// removals are held, by the name of the meeting, until an operator accepts or the next list shows that their events are there.

// orphanSearch is how far apart two searches are, to which up to a third is added so that mailboxes do not search in step.
const orphanSearch = 20 * time.Hour

// orphans looks for them, if it is time. Trouble at Webex puts it off and does not fail the sweep.
func (r *run) orphans(ctx context.Context, c *changes) error {
	defer r.searchSoon(&r.cursor)
	known := r.cursor.Generation > 0
	due := r.memory.Resync() != nil || r.cursor.Generation == 0 || !r.now.Before(r.cursor.OrphansAt)
	if !due || r.dry {
		return nil
	}
	r.cursor.OrphansAt = r.now.Add(orphanSearch + time.Duration(delta.Spread(r.mailbox.ID)%uint64(orphanSearch/3)))
	if known && r.now.Sub(r.cursor.ChangedAt) < listsLag { // what was made a moment ago does not show yet
		r.cursor.OrphansAt = r.now.Add(listsLag)
	}
	r.daily = true
	strays, listed, err := r.strays(ctx, c)
	if r.rehost(ctx, err) {
		strays, listed, err = r.strays(ctx, c)
	}
	switch {
	case err != nil:
	case len(strays) > 0:
		err = r.adoptOrDrop(ctx, c, strays, listed)
	default:
		err = r.dropOrphans(ctx, nil, listed)
	}
	if err == nil || ends(ctx, err) {
		return err
	}
	r.log.Warn().Err(err).Msg("search for orphaned meetings put off")
	r.cursor.OrphansAt = r.now.Add(time.Hour)
	return nil
}

// listsLag is when a list shows what was made, with something to spare: it may take a minute (webex.md 2.1).
const listsLag = 2 * time.Minute

// searchSoon brings the next search forward where there may be a meeting that nobody knows. Whoever made the sweep before, which did not
// end, may have made one, and may be at it until his lease has ended by every clock. Of a creation that was not answered the look for the
// tag right after may tell nothing.
func (r *run) searchSoon(c *delta.Cursor) {
	var soon time.Time
	switch {
	case r.memory.Broken():
		soon = r.now.Add(r.memory.LeaseTTL())
	case r.unclear:
		soon = r.now.Add(listsLag)
	default:
		return
	}
	if c.OrphansAt.After(soon) {
		c.OrphansAt = soon
	}
}

// stray is a meeting that carries the mailbox's tag and that no record knows.
type stray struct {
	id, tag   string
	from, to  time.Time // when it is held
	spaceless bool      // its event is not there, or asks for no space
}

// strays lists them. Meetings that are over are left alone: nobody joins them any more, and their recordings hang on them.
func (r *run) strays(ctx context.Context, c *changes) (found []stray, listed int, err error) {
	host, err := r.webexHost(ctx)
	if err != nil {
		return nil, 0, err
	}
	from, to := r.now, r.now.Add(orphanReach)
	meetings, err := r.Meetings.Tagged(ctx, host, r.Keys.MailboxTag(r.mailbox.ID), from, to)
	if err != nil {
		return nil, 0, r.ofWebex(ctx, err)
	}
	records := r.records
	if !r.all {
		if records, err = r.memory.AllRecords(ctx); err != nil {
			return nil, 0, ofStore(err)
		}
	}
	if err := r.drift(ctx, meetings, records); err != nil {
		return nil, 0, err
	}
	known, waits := map[string]bool{}, map[string]bool{}
	for id, record := range records {
		known[record.Meeting], known[record.Old] = true, true
		if !atRest(record) {
			waits[r.Keys.Tag(r.mailbox.ID, id)] = true // it may still be about to take the meeting up
		}
	}
	for _, m := range meetings {
		if tag, ok := delta.EventTag(m.Tags); ok && !known[m.ID] && !waits[tag] {
			found = append(found, stray{id: m.ID, tag: tag, from: m.Start, to: m.End})
		}
	}
	return found, len(meetings), nil
}

// atRest reports whether an event has what it will have: a meeting, or none of its own.
func atRest(record delta.Record) bool {
	switch record.State {
	case delta.Linked, delta.Silent:
		return true
	case delta.Following, delta.Apart:
		return record.Tries == 0
	}
	return false
}

// orphanReach is how far ahead orphans are looked for: what Webex takes for a meeting's start (Create a Meeting).
const orphanReach = 10 * 365 * 24 * time.Hour

// adoptOrDrop settles the events of stray meetings that have one, and deletes the meetings that have none.
func (r *run) adoptOrDrop(ctx context.Context, c *changes, strays []stray, listed int) error {
	ids, err := r.eventsByTag(ctx, c)
	if err != nil {
		return err
	}
	if r.lookAgain(len(ids) == 0) {
		r.log.Warn().Int("meetings", len(strays)).Msg("the calendar is empty and meetings are there for it: looked at again tomorrow")
		return nil
	}
	search := &search{run: r, ids: ids}
	var orphans []stray
	for _, s := range strays {
		id, ok, err := search.event(ctx, s)
		if err != nil {
			return err
		}
		wanted := false
		if ok {
			if wanted, err = r.wanted(ctx, id, s); err != nil {
				return err
			}
		}
		if !wanted {
			record := r.records[id]
			shares := record.State == delta.Following || record.State == delta.Apart // if any, its series' space
			s.spaceless = record.Kind != delta.Space || shares
			orphans = append(orphans, s)
		}
	}
	return r.dropOrphans(ctx, orphans, listed)
}

// lookAgain reports whether a look at an empty calendar is not enough: with the store lost as well, nothing else says that an
// outage is none. The same a day later is, and so is an operator who asks for a resync.
func (r *run) lookAgain(empty bool) bool {
	if !empty || r.memory.Resync() != nil {
		r.cursor.EmptySince = time.Time{}
		return false
	}
	if r.cursor.EmptySince.IsZero() {
		r.cursor.EmptySince = r.now
	}
	return r.now.Sub(r.cursor.EmptySince) < orphanSearch
}

// eventsByTag lists the calendar's events by the tag that their meeting would have.
func (r *run) eventsByTag(ctx context.Context, c *changes) (map[string]string, error) {
	ids := map[string]string{}
	for id := range c.seen {
		ids[r.Keys.Tag(r.mailbox.ID, id)] = id
	}
	all, err := r.calendar.IDs(ctx)
	if err != nil {
		return nil, r.ofMailbox(err)
	}
	for _, id := range all {
		ids[r.Keys.Tag(r.mailbox.ID, id)] = id
	}
	return ids, nil
}

// wanted settles the event of a stray meeting once more, now that there is a reason to look at its mark, and says whether the
// meeting is what it asks for.
func (r *run) wanted(ctx context.Context, id string, s stray) (bool, error) {
	e, err := r.read(ctx, id)
	if errors.Is(err, delta.ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if _, known := r.records[id]; !known {
		if err := r.recallMore(ctx, []string{id}); err != nil {
			return false, err
		}
	}
	if err := r.event(ctx, e); err != nil {
		return false, err
	}
	if record, known := r.records[id]; known {
		return record.Meeting == s.id || record.State == delta.Intent || record.State == delta.Leaving, nil
	}
	return r.Keys.See(r.mailbox.ID, e, r.Policy, r.now).MayKeep(r.now), nil
}

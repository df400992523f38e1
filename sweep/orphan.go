package sweep

import (
	"context"
	"errors"
	"time"

	"syncd/delta"
)

// A meeting is an orphan when its event was deleted while the store was lost: nothing but its tag says that it is ours. Once a
// day, in the first round of a store, a lease after a sweep that did not end, and when an operator asks for a resync, the meetings
// made for the mailbox are listed.
// One that no record knows is deleted if two looks at the calendar find no event for it. More of them than the limit for
// removals are left alone.

// orphanSearch is how far apart two searches are, to which up to a third is added so that mailboxes do not search in step.
const orphanSearch = 20 * time.Hour

// orphans looks for them, if it is time. Trouble at Webex puts it off and does not fail the sweep.
func (r *run) orphans(ctx context.Context, c *changes) error {
	r.searchSoon(&r.cursor)
	due := r.memory.Resync() != nil || r.cursor.Generation == 0 || !r.now.Before(r.cursor.OrphansAt)
	if !due || r.dry {
		return nil
	}
	r.cursor.OrphansAt = r.now.Add(orphanSearch + time.Duration(delta.Spread(r.mailbox.ID)%uint64(orphanSearch/3)))
	r.daily = true
	strays, listed, err := r.strays(ctx, c)
	if r.rehost(ctx, err) {
		strays, listed, err = r.strays(ctx, c)
	}
	if err == nil && len(strays) > 0 {
		err = r.adoptOrDrop(ctx, c, strays, listed)
	}
	if err == nil || ends(ctx, err) {
		return err
	}
	r.log.Warn().Err(err).Msg("search for orphaned meetings put off")
	r.cursor.OrphansAt = r.now.Add(time.Hour)
	return nil
}

// searchSoon brings the next search forward where the sweep before did not end. Whoever made it may have made a meeting that he
// could not remember any more, and may be at it until his lease has ended by every clock.
func (r *run) searchSoon(c *delta.Cursor) {
	if soon := r.now.Add(r.memory.LeaseTTL()); r.memory.Broken() && c.OrphansAt.After(soon) {
		c.OrphansAt = soon
	}
}

// stray is a meeting that carries the mailbox's tag and that no record knows.
type stray struct{ id, tag string }

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
			return nil, 0, r.store(err)
		}
	}
	if err := r.drift(ctx, meetings, records); err != nil {
		return nil, 0, err
	}
	known, waits := map[string]bool{}, map[string]bool{}
	for id, record := range records {
		known[record.Meeting], known[record.Old] = true, true
		if record.State != delta.Linked && record.State != delta.Silent {
			waits[r.Keys.Tag(r.mailbox.ID, id)] = true // not settled: it may still be about to take the meeting up
		}
	}
	for _, m := range meetings {
		if tag, ok := delta.EventTag(m.Tags); ok && !known[m.ID] && !waits[tag] {
			found = append(found, stray{m.ID, tag})
		}
	}
	return found, len(meetings), nil
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
	var orphans, spaceless []string // spaceless are the tags of events that are not there, or ask for no space
	for _, s := range strays {
		id, ok := ids[s.tag]
		if !ok {
			if id, ok, err = r.marked(ctx, s.tag); err != nil {
				return err
			}
		}
		wanted := false
		if ok {
			if wanted, err = r.wanted(ctx, id, s); err != nil {
				return err
			}
		}
		if !wanted {
			orphans = append(orphans, s.id)
		}
		if !wanted && r.records[id].Kind != delta.Space {
			spaceless = append(spaceless, s.tag)
		}
	}
	if r.Limit.exceeded(len(orphans), listed) {
		r.log.Error().Int("meetings", len(orphans)).Msg("more orphaned meetings than the limit for removals: left alone")
		r.report.Reasons[delta.HeldBack] += len(orphans)
		return nil
	}
	if len(orphans) > 0 {
		r.log.Info().Int("meetings", len(orphans)).Msg("deleting meetings whose events are gone")
		r.report.Reasons[delta.Orphaned] += len(orphans)
	}
	if err := r.closeTagged(ctx, spaceless); err != nil {
		return err
	}
	return r.drop(ctx, false, orphans...)
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

// marked looks through the whole mailbox for an event that carries the tag as its own.
func (r *run) marked(ctx context.Context, tag string) (id string, ok bool, err error) {
	ids, err := r.calendar.Marked(ctx, tag)
	if err != nil {
		return "", false, r.ofMailbox(err)
	}
	for _, id := range ids {
		if r.Keys.Tag(r.mailbox.ID, id) == tag { // else it is a copy, which the mark came along with
			return id, true, nil
		}
	}
	return "", false, nil
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
	record, known := r.records[id]
	asks := !e.Cancelled && r.Keys.See(r.mailbox.ID, e, r.Policy, r.now).Keyword != ""
	switch {
	case known:
		return record.Meeting == s.id || record.State == delta.Intent || record.State == delta.Leaving, nil
	default:
		return asks, nil // over, or a draft: it is not said yet that it goes
	}
}

package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"syncd/delta"
)

// apply carries out one decision, in steps that may each be the last and that are safe to do again.
func (r *run) apply(ctx context.Context, s delta.Seen, d delta.Decision) error {
	switch d.Action {
	case delta.Create, delta.Replace:
		return r.create(ctx, s, d)
	case delta.Rewrite:
		return r.rewrite(ctx, s, d)
	case delta.Adopt:
		return r.adopt(ctx, s, d)
	case delta.Update:
		return r.update(ctx, s, d)
	case delta.Note:
		return r.done(ctx, s, d.Have)
	case delta.Follow:
		return r.follow(ctx, s, d)
	case delta.Part:
		return r.part(ctx, s, d)
	case delta.Withdraw:
		return r.withdraw(ctx, s, d)
	case delta.End:
		return r.end(ctx, s, d.Have)
	case delta.Forget:
		return ofStore(r.forget(ctx, s.ID))
	default:
		return fmt.Errorf("no way to carry out %q", d.Action)
	}
}

// create gives an event its meeting and its block.
func (r *run) create(ctx context.Context, s delta.Seen, d delta.Decision) error {
	if d.Reason == delta.Typed && d.Have.State == delta.NoRecord && d.Kind.Owned() {
		if err := r.spent(); err != nil {
			return err
		}
	}
	record, before, older := d.Have, cmp.Or(r.records[s.ID].Meeting, s.Mark.Meeting), d.Have.Old
	if d.Action == delta.Replace {
		record.Old, record.Meeting = record.Meeting, ""
	}
	if d.Have.Kind == delta.Space && d.Kind != delta.Space {
		if err := r.leaveSpace(ctx, s.ID, d.Have, d.Have.State != delta.Intent); err != nil {
			return err
		}
		record.Space = delta.SpaceRecord{}
	}
	if d.Have.State == delta.Leaving {
		if err := r.droppedSpace(ctx, &record); err != nil {
			return err
		}
	}
	record.Asked, record.Kind, record.Keyword = s.Asked, d.Kind, s.Keyword
	if d.Have.State != delta.NoRecord && d.Reason != delta.KeywordChanged {
		record.Asked = d.Have.Asked
	}
	record.State, record.Fingerprint, record.Times = delta.Intent, "", ""
	record.Gone = "" // a new meeting has all occurrences
	record.Tag, record.Reason = r.Keys.Tag(r.mailbox.ID, s.ID), s.Limit
	record.Series, record.Original, record.Shares = s.SeriesID, s.OriginalStart, "" // the next try asks for the series too
	if err := r.interim(ctx, s.ID, record); err != nil {
		return err
	}
	// Crash here: the intent is known, nothing was made.
	details, spare, err := r.obtain(ctx, s, &record)
	if err != nil {
		return err
	}
	if d.Reason == delta.MeetingRemoved && record.Meeting == before {
		record.Remade-- // it was there all the time
	}
	// Crash here: the meeting is found again by its tag, or by the record.
	if s.Recurrence != nil {
		if err := r.seriesTold(ctx, s.ID); err != nil {
			return err
		}
	}
	if err := r.space(ctx, s, &record, &details); err != nil {
		return err
	}
	// Crash here: so is the space, and what was said in it.
	if d.Reason == delta.Resumed && shown(s, record, details.Link) {
		record.Block = s.Mark.Block
	} else if err := r.show(ctx, s, &record, details); err != nil {
		return err
	}
	// Crash here: the event shows the block; the record is made from it, and spare meetings are found by the tag.
	spare = append(spare, record.Old)
	if older != record.Old && older != record.Meeting { // what replaced that was cut off, and gives way itself
		spare = append(spare, older)
	}
	if err := r.drop(ctx, false, spare...); err != nil {
		return err
	}
	record.Old = ""
	return r.doneAs(ctx, s, record, delta.Linked)
}

// shown reports whether an event shows what its record says, in the language and layout of the day on which that was written: who was cut
// off right after it mails nobody once more.
func shown(s delta.Seen, record delta.Record, link string) bool {
	want := record.Mark()
	want.Valid, want.Block = true, s.Mark.Block
	return s.MarkRead && s.Mark == want && !s.Copied && !s.NoLink && len(s.Own) == 1 && slices.Contains(s.Own[0].Lines, link)
}

// done remembers an event as settled with what it says now.
func (r *run) done(ctx context.Context, s delta.Seen, record delta.Record) error {
	if record.State == delta.Following {
		return r.doneAs(ctx, s, record, record.State)
	}
	if err := r.space(ctx, s, &record, nil); err != nil {
		return err
	}
	if record.State == delta.Silent {
		return r.doneAs(ctx, s, record, record.State)
	}
	return r.doneAs(ctx, s, record, delta.Linked)
}

func (r *run) doneAs(ctx context.Context, s delta.Seen, record delta.Record, state delta.RecordState) error {
	if err := r.company(ctx, s, &record, state); err != nil {
		return err
	}
	record.State = state
	if s.Doubled(record) {
		// The series' meeting does without an occurrence that has one of its own.
		if err := r.dropOccurrence(ctx, *s.Series, s.OriginalStart); err != nil {
			return err
		}
		record.Shares = s.Series.Shared()
	}
	if r.reset[s.ID] {
		record.Gone = "" // Webex has all occurrences again
	}
	record.Told = r.told(s, record)
	record.Keyword, record.Fingerprint, record.Times = s.Keyword, s.Print, s.When
	record.Modified, record.End, record.Tries = latest(record.Modified, s.Modified), s.LastEnd, 0
	record.Master, record.Series, record.Original = s.Recurrence != nil, s.SeriesID, s.OriginalStart
	return ofStore(r.remember(ctx, s.ID, record))
}

// rewrite puts the block of the meeting that is there into the event.
func (r *run) rewrite(ctx context.Context, s delta.Seen, d delta.Decision) error {
	record := d.Have
	if d.Reason == delta.BlockRemoved {
		record.Restored++
		if record.Space.Posted == record.Meeting { // we may have taken the block out, and said so there, before the store was set back
			record.Space.Posted, record.Space.Marked = "", record.Meeting
		}
	}
	details, err := r.details(ctx, record)
	if err != nil {
		return err
	}
	if record.Kind.Owned() && record.Fingerprint != s.Print {
		if err := r.tell(ctx, s, record, record.Times != s.When); err != nil {
			return err
		}
	}
	if err := r.show(ctx, s, &record, details); err != nil {
		return err
	}
	return r.done(ctx, s, record)
}

// adopt goes on from what the event itself says of its meeting, after the record was lost.
func (r *run) adopt(ctx context.Context, s delta.Seen, d delta.Decision) error {
	record := d.Have
	record.Tag, record.Fingerprint = r.Keys.Tag(r.mailbox.ID, s.ID), "" // it is settled when all is done, and not before
	if record.Block == "" && len(s.Own) > 0 {
		record.Block = r.Keys.DigestLines(s.Own[0].Lines)
	}
	switch {
	case record.State == delta.Dead:
		record.Tag, record.Fingerprint, record.Modified, record.End = "", s.Print, s.Modified, s.LastEnd
		return ofStore(r.remember(ctx, s.ID, record))
	case !record.Kind.Owned():
		return r.done(ctx, s, record)
	}
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	meeting, spare, err := r.seek(ctx, host, s, &record)
	if err != nil {
		return err
	}
	if meeting.ID == "" {
		return errMeetingGone
	}
	record.Meeting, record.Master = meeting.ID, meeting.RRULE != ""
	if r.differs(s, meeting) {
		if err := r.tell(ctx, s, record, true); err != nil {
			return err
		}
	}
	if err := r.drop(ctx, false, spare...); err != nil {
		return err
	}
	return r.done(ctx, s, record)
}

// update tells Webex what changed.
func (r *run) update(ctx context.Context, s delta.Seen, d delta.Decision) error {
	if err := r.tell(ctx, s, d.Have, d.Have.Times != s.When); err != nil {
		return err
	}
	return r.done(ctx, s, d.Have)
}

// withdraw takes block and meeting away.
func (r *run) withdraw(ctx context.Context, s delta.Seen, d delta.Decision) error {
	record := d.Have
	record.State = delta.Leaving
	if d.Reason == delta.HostDeleted { // the event asks still, and nothing may come of it if we are cut off
		record.State, record.Keyword = delta.Dead, s.Keyword
	}
	if err := r.interim(ctx, s.ID, record); err != nil {
		return err
	}
	// Crash here: the record says that everything has to go.
	if err := r.hide(ctx, s, record); err != nil {
		return err
	}
	// Crash here: the event shows nothing any more; the meeting is found by record and tag.
	sure := d.Have.State == delta.Linked || d.Have.State == delta.Silent
	if err := r.leaveSpace(ctx, s.ID, record, sure); err != nil {
		return err
	}
	meetings, err := r.owned(ctx, s, record, sure)
	if err != nil {
		return err
	}
	if err := r.drop(ctx, r.over(record), meetings...); err != nil {
		return err
	}
	if record.State == delta.Dead {
		record.Block, record.Old = "", ""
		return ofStore(r.remember(ctx, s.ID, record))
	}
	return ofStore(r.forget(ctx, s.ID))
}

// end deletes the meeting of a series that is over. Should it go on one day, it gets another.
func (r *run) end(ctx context.Context, s delta.Seen, record delta.Record) error {
	if err := r.drop(ctx, false, record.Meeting, record.Old); err != nil {
		return err
	}
	// Crash here: the record still names the meeting, and that it is gone then is well.
	record.State, record.Meeting, record.Old, record.Fingerprint, record.Times = delta.Intent, "", "", "", ""
	record.Modified, record.End, record.Tries = latest(record.Modified, s.Modified), s.LastEnd, 0
	return ofStore(r.remember(ctx, s.ID, record))
}

// over reports whether the event of a record has ended.
func (r *run) over(record delta.Record) bool { return !record.End.IsZero() && record.End.Before(r.now) }

// drop deletes meetings that syncd made. One whose event is over cannot be deleted any more and is left to itself.
func (r *run) drop(ctx context.Context, over bool, meetings ...string) error {
	for _, id := range meetings {
		if id == "" {
			continue
		}
		host, err := r.webexHost(ctx)
		if err != nil {
			return err
		}
		if err := r.dropOne(ctx, host, id); err != nil && !(over && errors.Is(err, delta.ErrRefused)) {
			return err
		}
	}
	return nil
}

// dropOne deletes a meeting, or an occurrence of one. One that is not there needs nothing; but a "no such meeting" that is wrong
// would leave it behind for good.
func (r *run) dropOne(ctx context.Context, host, id string) error {
	if err := r.effect(); err != nil {
		return err
	}
	err := r.ofWebex(ctx, r.Meetings.Delete(ctx, host, id))
	if errors.Is(err, delta.ErrGone) {
		return r.isGone(ctx, host, id)
	}
	if err == nil {
		r.report.Deleted++
	}
	return err
}

// surelyGone asks for the meeting that some call to Webex found gone: a "no such meeting" that is wrong would have it made anew, or its
// join details taken out of the event.
func (r *run) surelyGone(ctx context.Context, s delta.Seen) error {
	record := r.records[s.ID]
	if record.State == delta.Following {
		record = r.records[s.SeriesID]
	}
	id := cmp.Or(record.Meeting, s.Mark.Meeting)
	if id == "" {
		return nil
	}
	host, err := r.webexHost(ctx)
	if err != nil {
		return err
	}
	return r.isGone(ctx, host, id)
}

// isGone asks for what Webex said it does not know: that is rare enough to be asked twice. nil says that it is gone.
func (r *run) isGone(ctx context.Context, host, id string) error {
	_, err := r.Meetings.Meeting(ctx, host, id)
	if errors.Is(err, delta.ErrGone) {
		return nil
	}
	return cmp.Or(r.ofWebex(ctx, err), errThere)
}

// errThere says that a meeting which Webex did not know is there.
var errThere = fmt.Errorf("%w: the meeting is there", delta.ErrUnclear)

// effect is asked before every effect outside: the lease must still be held.
func (r *run) effect() error { return r.memory.Holds() }

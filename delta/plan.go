package delta

import (
	"cmp"
	"strings"
	"time"
)

// Action is what is to be done about an event.
type Action string

// The actions.
const (
	Nothing  Action = "nothing"
	Read     Action = "read"     // read the event with its mark, and plan again
	Note     Action = "note"     // remember, and touch nobody's calendar or meeting
	Create   Action = "create"   // find or make the meeting, write the block
	Adopt    Action = "adopt"    // remember what the event's mark and Webex say
	Update   Action = "update"   // tell Webex what changed
	Rewrite  Action = "rewrite"  // write the block of the same meeting
	Replace  Action = "replace"  // the old meeting goes, another comes, in one PATCH
	Withdraw Action = "withdraw" // take block and meeting away
	End      Action = "end"      // delete the meeting, which would outlive its event, and leave the event as it is
	Follow   Action = "follow"   // change the occurrence of the series' meeting; show the series' block
	Part     Action = "part"     // take the occurrence out of the series' meeting, and the block out of it
	Forget   Action = "forget"   // drop the record
)

// Decision is what Plan answers.
type Decision struct {
	Action Action
	Reason Reason
	Kind   Kind   // of the meeting to be had
	Have   Record // what to go on from: as remembered, or as read from the mark
}

// Patches reports whether carrying the decision out writes into the event, and so mails its attendees.
func (d Decision) Patches(s Seen) bool {
	switch d.Action {
	case Create, Replace, Rewrite:
		return true
	case Follow:
		return len(s.Shared) == 0 && s.Series.State != Silent && !d.Refuses(s) || s.LacksLink()
	case Part:
		return len(s.Shared) > 0
	case Withdraw:
		return len(s.Own) > 0
	default:
		return false
	}
}

// Refuses reports an exception out of which somebody took its series' block for good.
func (d Decision) Refuses(s Seen) bool {
	return len(s.Shared) == 0 && d.Have.Restored > 0 && d.Reason != BlockRemoved && d.Reason != Typed
}

// maxInvitees is Webex's own limit: an event with more is not processed at all (Hybrid Calendar, known issues).
const maxInvitees = 1500

// Plan decides what to do about an event, given what is remembered of it.
func Plan(s Seen, have Record, now time.Time) Decision {
	switch {
	case !s.Organizer:
		return nothing(NotOrganizer, have)
	case have.State == Newer, s.Series != nil && s.Series.State == Newer:
		return nothing(NewerRecord, have)
	case s.Modified.Before(have.Modified) && !s.MarkRead:
		return Decision{Action: Read, Reason: Stale, Have: have}
	case s.Partial && !s.MarkRead && (have.State != NoRecord || s.Keyword != "" || s.Series != nil):
		return Decision{Action: Read, Reason: Unread, Have: have}
	case s.Series != nil:
		return planException(s, have, now)
	default:
		return planSingle(s, have, now)
	}
}

// planSingle decides about an event that stands for itself: a single one, a series as a whole, or an exception that has gone its
// own way.
func planSingle(s Seen, have Record, now time.Time) Decision {
	switch {
	case s.Cancelled:
		return withdraw(s, have, EventCancelled)
	case s.Keyword == "" && have.State == NoRecord && len(s.Own) == 0 && !s.leaves():
		return nothing(NotAsked, have)
	case s.Keyword == "" && have.Block != "" && len(s.Own) == 0 && s.Body.Content == "" && !s.MarkRead:
		return Decision{Action: Read, Reason: Unread, Have: have} // bodies that show no marker are not kept; there may be lines of ours in it
	case s.Keyword == "":
		return withdraw(s, have, s.unasked())
	case s.over(now):
		return past(have, now)
	case s.Draft:
		return nothing(Draft, have)
	case !have.begun():
		return planUnknown(s)
	default:
		return planKnown(s, have)
	}
}

// over reports whether an event, or the last of a series, has ended.
func (s Seen) over(now time.Time) bool { return !s.LastEnd.IsZero() && s.LastEnd.Before(now) }

// MayKeep reports whether an event of which nothing is remembered may be what a meeting with its tag is for: it asks, and is over or a
// draft, of which it is not said yet that the meeting goes. A series that was cut short is none, since its meeting would go on, nor is an
// occurrence that was called back to its series.
func (s Seen) MayKeep(now time.Time) bool {
	switch {
	case s.Cancelled, s.Keyword == "":
		return false
	case s.Type == Master:
		return !s.over(now.Add(-day))
	case s.Type == Occurrence:
		return len(s.Own) > 0
	}
	return true
}

// past decides about an event that is over. Of a series that somebody cut short Webex has more to come, and an end that has passed it
// cannot be told. What ended early today is let be: people may be in it still.
func past(have Record, now time.Time) Decision {
	stands := have.Master && have.Kind.Owned() && have.Meeting != "" && (have.State == Linked || have.State == Silent)
	if stands && (have.End.IsZero() || have.End.After(now.Add(day))) {
		return Decision{Action: End, Reason: Over, Kind: have.Kind, Have: have}
	}
	return nothing(Over, have)
}

// leaves reports whether the mark of an event that is withdrawn says that it has a meeting, whatever a reader sees; or where it has no
// block, that a link of ours is in its location.
func (s Seen) leaves() bool {
	placed := s.Mark.Block.has(s.located) && s.Location.showsLink()
	return s.Mark.Valid && s.Mark.Kind != "" && (s.Withdraw || placed)
}

// unasked is why an event asks for nothing any more.
func (s Seen) unasked() Reason {
	if s.Withdraw {
		return Withdrawn
	}
	return KeywordRemoved
}

// begun reports whether anything was ever decided about an event. One that could not even be read the first time has a record
// that says so, and no more.
func (r Record) begun() bool {
	return r.State != NoRecord && (r.State != Intent || r.Keyword != "")
}

// planUnknown decides about an event that asks for a meeting and of which nothing is remembered.
func planUnknown(s Seen) Decision {
	switch {
	case !s.MarkRead && (s.Fresh || len(s.Own) > 0):
		return Decision{Action: Read, Reason: Unread}
	case s.MarkRead && s.Mark.Valid && s.Mark.Kind != "":
		return adopt(s, recordOf(s.Mark))
	case s.MarkRead && s.Mark.Dead() && s.Mark.Keyword == s.Keyword:
		return adopt(s, Record{State: Dead, Keyword: s.Keyword, Asked: s.Asked, Kind: s.fit(s.Asked), Remade: dead})
	case len(s.Own) > 0:
		return adopt(s, Record{State: Linked, Keyword: s.Keyword, Asked: s.Asked, Kind: s.fit(s.Asked)})
	case s.Foreign:
		return nothing(Foreign, Record{})
	case len(s.Attendees) > maxInvitees:
		return nothing(TooMany, Record{})
	case tooLarge(s.Body.Content, maxBody):
		return nothing(BodyTooLarge, Record{})
	case s.Copied:
		return Decision{Action: Create, Reason: Copied, Kind: s.fit(s.Asked)}
	default:
		return Decision{Action: Create, Reason: Typed, Kind: s.fit(s.Asked)}
	}
}

// adopt goes on from what the event itself says. What it does not say, whether the event changed since, is asked of Webex.
func adopt(s Seen, from Record) Decision {
	from.Fingerprint, from.Times = s.Print, s.When
	if from.Asked == "" {
		from.Asked = from.Kind
		if !from.Kind.Owned() && from.Keyword == s.Keyword {
			from.Asked = s.Asked
		}
	}
	if s.crossed(from) {
		from.Times = ""
	}
	d := planKnown(s, from)
	if d.Action == Nothing || d.Action == Note {
		return Decision{Action: Adopt, Reason: Rebuilt, Kind: from.Kind, Have: d.Have}
	}
	d.Have.Fingerprint, d.Have.Times = "", "" // what Webex was told last is not known
	return d
}

// crossed reports an event that had a meeting which Webex cannot hold any more, or the Personal Room instead of one that it could hold
// all along: somebody changed it meanwhile. What an operator's word for a keyword means may have changed too, which rewrites no calendar.
func (s Seen) crossed(from Record) bool {
	if from.Kind.Owned() {
		return s.Limit != ""
	}
	meant := from.Keyword == s.Keyword && strings.Contains(s.Keyword, ":") && from.Asked.Owned()
	return meant && s.Limit == "" && limit(s.Event, s.Start.Add(-day)) == "" // some limits pass with time alone
}

func recordOf(m Mark) Record {
	r := Record{
		State: Linked, Keyword: m.Keyword, Kind: m.Kind, Meeting: m.Meeting,
		Block: m.Block, Restored: m.Restored, Remade: m.Remade,
	}
	if m.Space != "" {
		r.Space = SpaceRecord{ID: m.Space, Marked: m.Meeting}
	}
	return r
}

// planKnown decides about an event that asks for a meeting and has a record.
func planKnown(s Seen, have Record) Decision {
	retyped := have.Keyword != s.Keyword || have.State == Leaving // it was taken out, or its event cancelled
	asked, kind := have.Asked, have.Kind
	if retyped {
		asked = s.Asked // the operator may have changed since what a keyword means; that rewrites no calendar
	}
	have.Asked = asked
	if retyped || have.Times != s.When {
		kind = s.fit(asked) // and what Webex can hold changes with time alone
	}
	changed := have.Fingerprint != s.Print
	switch {
	case have.State == Dead && retyped:
		return Decision{Action: Create, Reason: KeywordChanged, Kind: s.fit(s.Asked), Have: Record{Space: have.Space}}
	case have.State == Dead && (have.Block != "" || len(s.Own) > 0): // it was cut off, or the dead block was put back
		return Decision{Action: Withdraw, Reason: HostDeleted, Kind: have.Kind, Have: have}
	case have.State == Dead:
		return nothing(HostDeleted, have)
	case s.older(have) && !s.MarkRead:
		return Decision{Action: Read, Reason: Stale, Have: have}
	case s.outdates(have):
		return adopt(s, recordOf(s.Mark))
	case retyped && have.Kind != kind:
		return Decision{Action: Replace, Reason: KeywordChanged, Kind: kind, Have: have}
	case have.State == Intent && have.Kind.Owned() && have.Kind != kind: // cut off, with a meeting that Webex cannot hold any more
		return Decision{Action: Replace, Reason: cmp.Or(s.Limit, Edited), Kind: kind, Have: have}
	case have.State == Intent && len(s.Own) > 0 && !s.MarkRead:
		return Decision{Action: Read, Reason: Stale, Have: have} // the mark says which of several meetings is shown
	case have.State == Intent || have.State == Leaving:
		return Decision{Action: Create, Reason: Resumed, Kind: kind, Have: s.recalled(have)}
	case s.MeetingGone:
		return planGone(s, have)
	case have.Kind != kind:
		return Decision{Action: Replace, Reason: cmp.Or(s.Limit, Edited), Kind: kind, Have: have}
	case have.State == Linked && (len(s.Own) == 0 || s.older(have)):
		return planMissing(s, have, changed)
	case s.Copied && have.State == Linked:
		return Decision{Action: Rewrite, Reason: Copied, Kind: kind, Have: have} // somebody pasted another event's block
	case s.lostLink(have): // else the operator has changed his mind since
		return Decision{Action: Rewrite, Reason: LinkRemoved, Kind: kind, Have: have}
	case s.Rewrite && have.State == Linked:
		return Decision{Action: Rewrite, Reason: Rewritten, Kind: kind, Have: have}
	case changed && kind.Owned() && SameScheme(have.Fingerprint, s.Print):
		return Decision{Action: Update, Reason: Edited, Kind: kind, Have: have}
	case s.Owed && kind.Owned():
		return Decision{Action: Note, Reason: Owed, Kind: kind, Have: have}
	case changed || retyped:
		return Decision{Action: Note, Reason: Edited, Kind: kind, Have: have}
	case have.State == Silent:
		return nothing(BlockRefused, have)
	default:
		return nothing(Unchanged, have)
	}
}

// lostLink reports a location that was typed anew without the link which was put there.
func (s Seen) lostLink(have Record) bool {
	return have.State == Linked && (s.NoLink && have.Block.has(s.located) || s.Ousted && have.Block.has(s.sought))
}

// older reports a block that shows links, and none that is known to have been written into it last: somebody's client saved an older body
// back, or the record came from a backup.
func (s Seen) older(have Record) bool {
	return have.State == Linked && have.Block != "" && len(s.shown.links) > 0 && !have.Block.shows(s.shown)
}

// outdates reports that it is the record which is older than the event: what is shown is what the event's mark says.
func (s Seen) outdates(have Record) bool {
	return s.older(have) && s.Mark.Valid && s.Mark.Meeting != "" && s.Mark.Meeting != have.Meeting && s.Mark.Block.shows(s.shown)
}

// mostOlder is how often an older block gives way to the present one: nobody asked for it, but a program may go on and on saving it.
const mostOlder = 3

// planMissing decides about an event whose block a person took out: it comes back once. An older one in its place leads people to
// where nobody is; it gives way some more times.
func planMissing(s Seen, have Record, changed bool) Decision {
	most := 1
	if len(s.Own) > 0 {
		most = mostOlder
	}
	if s.Body.Content == "" && !s.MarkRead {
		return Decision{Action: Read, Reason: Unread, Have: have} // else all that is in it would be written over
	}
	if have.Restored < most {
		return Decision{Action: Rewrite, Reason: BlockRemoved, Kind: have.Kind, Have: have}
	}
	have.State = Silent
	if changed && have.Kind.Owned() {
		return Decision{Action: Update, Reason: BlockRefused, Kind: have.Kind, Have: have}
	}
	return Decision{Action: Note, Reason: BlockRefused, Kind: have.Kind, Have: have}
}

// planGone decides about an event whose meeting the host deleted: it is made again once.
func planGone(s Seen, have Record) Decision {
	if have.Remade == 0 {
		have.State, have.Meeting, have.Remade = Intent, "", 1
		return Decision{Action: Create, Reason: MeetingRemoved, Kind: have.Kind, Have: have}
	}
	have.Meeting = ""
	return Decision{Action: Withdraw, Reason: HostDeleted, Kind: have.Kind, Have: have}
}

// withdraw takes away what is there for an event that asks for nothing any more.
func withdraw(s Seen, have Record, why Reason) Decision {
	switch {
	case have.State == NoRecord && len(s.Own) == 0 && !s.leaves():
		return nothing(why, have)
	case !have.begun() && !s.MarkRead:
		return Decision{Action: Read, Reason: Unread, Have: have}
	case !have.begun() && s.Mark.Valid:
		have = recordOf(s.Mark)
	case s.older(have) && !s.MarkRead:
		return Decision{Action: Read, Reason: Stale, Have: have}
	case s.outdates(have):
		have.Kind, have.Meeting, have.Old, have.Block, have.Space = s.Mark.Kind, s.Mark.Meeting, have.Meeting, s.Mark.Block, recordOf(s.Mark).Space
	case have.State == Dead && len(s.Own) == 0:
		return Decision{Action: Forget, Reason: why, Have: have}
	case have.State == Intent && !have.Block.shows(s.shown) && len(s.Own) > 0 && !s.MarkRead:
		return Decision{Action: Read, Reason: Stale, Have: have} // the mark says what of the location is ours
	case have.State == Intent:
		have = s.recalled(have)
	}
	return Decision{Action: Withdraw, Reason: why, Kind: have.Kind, Have: have}
}

// recalled is a record together with what by the mark was written into the event, where the record does not know of it: who wrote it was
// cut off, or the record comes from a backup. Else the link that it put into the location would stay there.
func (s Seen) recalled(have Record) Record {
	if s.Mark.Valid && !have.Block.shows(s.shown) {
		have.Block = have.Block.And(s.Mark.Block)
	}
	return have
}

// PlanVanished decides about an event that a GET found gone.
func PlanVanished(have Record) Decision {
	switch have.State {
	case NoRecord:
		return nothing(EventDeleted, have)
	case Newer:
		return nothing(NewerRecord, have)
	}
	return Decision{Action: Withdraw, Reason: EventDeleted, Kind: have.Kind, Have: have}
}

func nothing(why Reason, have Record) Decision {
	return Decision{Action: Nothing, Reason: why, Kind: have.Kind, Have: have}
}

package delta

import "time"

// planException decides about an occurrence of a series that differs from the others. It shares the meeting of its series as
// long as it asks for the same; else it goes its own way, and the series' meeting loses that occurrence.
func planException(s Seen, have Record, now time.Time) Decision {
	series := *s.Series
	shares := have.State == NoRecord || have.State == Following || have.State == Apart
	switch {
	case s.over(now):
		return past(have, now)
	case s.turnsBack(have):
		return Decision{Action: Follow, Reason: Typed, Kind: series.Kind, Have: have}
	case !shares:
		return ownWay(s, have, planSingle(s, have, now)) // it has a meeting of its own, and keeps it
	case series.State == Intent:
		return Decision{Action: Follow, Reason: InSeries, Kind: series.Kind, Have: have} // it waits for its series
	case len(s.Own) > 0 && have.State == NoRecord:
		return planSingle(s, have, now) // it had one before the store was lost
	case !series.serves():
		return planLoose(s, have, now)
	case s.Cancelled:
		return part(s, have, EventCancelled)
	case s.Keyword == "":
		return part(s, have, s.unasked())
	case s.Draft:
		return nothing(Draft, have)
	case have.State == NoRecord && s.Fresh && !s.MarkRead && (len(s.Shared) == 0 && series.State != Silent || !s.alike(series)):
		return Decision{Action: Read, Reason: Unread} // it may say that it goes its own way, or does without the block
	case have.State == NoRecord && s.Mark.ownWay(series):
		return planSingle(s, have, now)
	case !s.alike(series):
		have.State = NoRecord
		return Decision{Action: Create, Reason: KeywordChanged, Kind: s.fit(s.Asked), Have: have}
	case series.Kind.Owned() && s.Limit != "":
		return planUnheld(s, have)
	default:
		return follow(s, have)
	}
}

// planUnheld decides about an exception that Webex cannot hold, unlike the others of its series: it goes its own way, with the Personal
// Room. Where somebody took the block out for good there is nothing to be seen of that.
func planUnheld(s Seen, have Record) Decision {
	if have.State == NoRecord && s.Mark.Valid {
		have.Restored = s.Mark.Restored
	}
	d := Decision{Action: Create, Reason: s.Limit, Kind: MyRoom, Have: have}
	if s.Series.State == Silent || d.Refuses(s) {
		d.Action = Note
		d.Have.State, d.Have.Kind, d.Have.Asked, d.Have.Shares = Silent, MyRoom, s.Asked, ""
		return d
	}
	d.Have.State = NoRecord
	return d
}

// turnsBack reports an exception that was about to get a meeting of its own, when it was given its series' keyword: nothing of that was
// shown yet. Mostly it is the series that was typed anew while this one was read.
func (s Seen) turnsBack(have Record) bool {
	about := have.State == Intent && have.Keyword != "" && have.Keyword != s.Keyword && len(s.Own) == 0
	return about && len(s.Shared) > 0 && s.Series.serves() && s.Keyword != "" && !s.Cancelled && s.alike(*s.Series)
}

// ownWay sees to it that the series' meeting does without an exception that has a meeting of its own: one that was made since, or
// told its times anew, has all occurrences.
func ownWay(s Seen, have Record, d Decision) Decision {
	if d.Action == Nothing && s.Doubled(have) {
		return Decision{Action: Note, Reason: InSeries, Kind: have.Kind, Have: have}
	}
	return d
}

// ownWay reports that an exception had, by its mark, something else than its series.
func (m Mark) ownWay(series Record) bool {
	return m.Dead() || m.Valid && m.Kind != "" && (m.Meeting != "" || m.Kind != series.Kind)
}

// Doubled reports whether the meeting of its series may have an occurrence for an exception that has, or is without, a meeting of
// its own.
func (s Seen) Doubled(have Record) bool {
	if s.Series == nil || have.State != Linked && have.State != Silent {
		return false
	}
	series := *s.Series
	stands := series.State == Linked || series.State == Silent
	return stands && series.Kind.Owned() && series.Meeting != "" && (s.Reset || have.Shares != series.Shared())
}

// serves reports whether a series has a meeting, or is about to.
func (r Record) serves() bool {
	switch r.State {
	case Intent, Linked, Silent:
		return true
	}
	return false
}

// alike reports whether an exception asks for what its series has.
func (s Seen) alike(series Record) bool {
	return s.Keyword == series.Keyword || s.Asked == series.Asked
}

// planLoose decides about an exception of a series that has no meeting.
func planLoose(s Seen, have Record, now time.Time) Decision {
	if have.State != NoRecord && s.Keyword == "" && len(s.Shared) == 0 {
		return Decision{Action: Forget, Reason: NotAsked, Have: have}
	}
	if len(s.Shared) > 0 && s.Keyword == "" {
		return Decision{Action: Part, Reason: s.unasked(), Have: have}
	}
	if series := *s.Series; series.State == Dead && s.Keyword != "" && s.alike(series) { // it goes with its series
		if len(s.Shared) > 0 {
			return Decision{Action: Part, Reason: HostDeleted, Kind: series.Kind, Have: have}
		}
		return nothing(HostDeleted, have)
	}
	block := have.Block
	have.State = NoRecord
	d := planSingle(s, have, now)
	if d.Action == Create {
		d.Have.Block = block // it may show the link of its series
	}
	return d
}

// LacksLink reports an exception whose location was typed anew without the link that its series' location has.
func (s Seen) LacksLink() bool {
	return s.NoLink && s.Series != nil && len(s.Shared) > 0 && s.Series.State == Linked && s.Series.Block.has(s.located)
}

// part takes an exception out of its series' meeting.
func part(s Seen, have Record, why Reason) Decision {
	told := s.Reset || have.Fingerprint == "" // the series was, with all its occurrences
	if have.State == Apart && len(s.Shared) == 0 && !told {
		return nothing(NotAsked, have)
	}
	return Decision{Action: Part, Reason: why, Kind: s.Series.Kind, Have: have}
}

// follow keeps an exception in its series' meeting.
func follow(s Seen, have Record) Decision {
	missing := len(s.Shared) == 0 && s.Series.State != Silent
	told := have.State == Following && missing && have.Restored == 0 && s.Mark.Valid && s.Mark.Restored > 0
	if told { // it was put back before the store was lost
		have.Restored = s.Mark.Restored
	}
	d := Decision{Action: Follow, Reason: Edited, Kind: s.Series.Kind, Have: have}
	switch {
	case have.State == NoRecord:
		d.Reason = InSeries
		switch {
		case s.Mark.Valid:
			d.Have.Restored = s.Mark.Restored
		case missing && !s.Fresh && !s.Reset: // it is new, and came with the block
			d.Reason = BlockRemoved
		}
		return d
	case have.State == Apart:
		d.Reason = Typed
		return d
	case missing && have.Restored == 0 && !s.MarkRead:
		return Decision{Action: Read, Reason: Unread, Have: have}
	case missing && have.Restored == 0:
		d.Reason = BlockRemoved
		return d
	case s.LacksLink():
		d.Reason = LinkRemoved
		return d
	case s.Reset, have.Shares != s.Series.Shared():
		return d
	case have.Fingerprint != s.Print && s.Series.Kind.Owned():
		return d
	case s.Rewrite && !missing:
		d.Reason = Rewritten
		return d
	case s.Owed && s.Series.Kind.Owned():
		return Decision{Action: Note, Reason: Owed, Kind: s.Series.Kind, Have: have}
	case have.Fingerprint != s.Print:
		return Decision{Action: Note, Reason: Edited, Kind: s.Series.Kind, Have: have}
	case told:
		return Decision{Action: Note, Reason: BlockRefused, Kind: s.Series.Kind, Have: have}
	case missing:
		return nothing(BlockRefused, have)
	default:
		return nothing(Unchanged, have)
	}
}

package delta

import (
	"errors"
	"slices"
	"time"

	"syncd/parser"
	"syncd/recurrence"
)

// Policy is what the operator decided.
type Policy struct {
	Webex, Meet Kind // what the bare keywords mean
	Link        bool // the join link is appended to the location
	// Rewrite writes the join details of every event anew that would look different today. Without it a changed template, language
	// or word changes no event that is there.
	Rewrite bool
	// Withdraw takes everything out again, whatever is typed.
	Withdraw bool
	// Parser knows the operator's own rules for join links; nil for the built-in ones alone.
	Parser *parser.Parser
}

// kind is what a keyword asks for. An unknown modifier was dropped by the parser.
func (p Policy) kind(k parser.Keyword) Kind {
	switch {
	case k.Modifier != "":
		return Kind(k.Modifier)
	case k.Word == "meet":
		return p.Meet
	case k.Word == "spark":
		return Space
	default:
		return p.Webex
	}
}

// Seen is an event with everything that a decision about it rests on.
type Seen struct {
	Event
	Keyword string // as typed, in plain form; "" for none
	Asked   Kind   // what the keyword means; "" without one
	// Limit is why Webex cannot hold a meeting of its own for this event; "" where it can.
	Limit   Reason
	Ref     string         // reference of this event's own block; "" on an event without keyword, block and series
	Own     []parser.Block // its own block, as many as a reader sees
	Shared  []parser.Block // of an exception, the block of its series
	Copied  bool           // another event's block is shown
	Foreign bool           // Webex details that are nobody's block
	NoLink  bool           // the operator wants the link in the location, and it is not there
	Ousted  bool           // the same, where another link is there instead
	located string         // what a digest holds if it was there once
	sought  string         // and what, if it is to be there whatever else is
	shown   shown          // by its own blocks
	Print   string         // fingerprint
	When    string         // the part of it that says when
	LastEnd time.Time      // when the event, or the last of the series, ends; zero for never
	// Series is what is remembered of the series of an exception, nil for other events. SeriesRef is its block's reference.
	Series    *Record
	SeriesRef string
	// Reset says that the series' times were told to Webex anew, which drops the changes of its occurrences there.
	Reset bool
	// Fresh says that a missing record proves nothing: the store is new, or was lost.
	Fresh bool
	// Rewrite says that the operator wants the block to be as it would be written today.
	Rewrite bool
	// Withdraw says that the operator takes everything out of the mailbox, and so nobody's keyword counts.
	Withdraw bool
	// Owed says that the space which could not be made, or the people who could not be brought in, are to be tried again.
	Owed bool
	// MeetingGone says that Webex was asked for the remembered meeting and has none.
	MeetingGone bool
}

// See reads an event of a mailbox.
func (k Keys) See(mailbox string, e Event, p Policy, now time.Time) Seen {
	s := Seen{Event: e, LastEnd: e.End, Withdraw: p.Withdraw}
	blocks := e.Body.Blocks()
	keyword, asks := parser.FindKeyword(e.Location.Text)
	if !asks && len(blocks) == 0 && e.SeriesID == "" {
		return s // most of a calendar: not worth a keyed hash
	}
	s.Ref = k.Ref(mailbox, e.ID)
	if e.SeriesID != "" {
		s.SeriesRef = k.Ref(mailbox, e.SeriesID)
	}
	for _, block := range blocks {
		switch block.Ref {
		case s.Ref:
			s.Own = append(s.Own, block)
		case s.SeriesRef:
			s.Shared = append(s.Shared, block)
		default:
			s.Copied = true
		}
	}
	s.shown = k.shown(s.Own...)
	if !asks || p.Withdraw {
		return s
	}
	s.Keyword = keyword.String()
	s.Asked = p.kind(keyword)
	s.Limit = limit(e, now)
	if e.Recurrence != nil {
		s.LastEnd = time.Time{} // a series that cannot be read is never over
		if series, err := SeriesOf(e); err == nil {
			s.LastEnd, _ = series.LastEnd()
		}
	}
	s.Rewrite, s.located = p.Rewrite, k.lineSum(located)
	if p.Link && e.Location.Place != nil {
		s.NoLink = !e.Location.showsLink()
		if s.Ousted = e.Location.ousts(s.Own); s.Ousted {
			s.sought = k.lineSum(sought)
		}
	}
	s.When = k.Times(mailbox, e)
	s.Print = k.Fingerprint(mailbox, e)
	if len(s.Own) == 0 {
		s.Foreign = showsWebex(p.Parser, e, blocks)
	}
	return s
}

// day is Webex's limit for a meeting's length; it takes 23 h 59 min at most (Create a Meeting).
const day = 24 * time.Hour

// limit is why Webex cannot hold a meeting for e.
func limit(e Event, now time.Time) Reason {
	switch {
	case e.AllDay:
		return AllDay
	case e.End.Sub(e.Start) >= day:
		return TooLong
	case e.Recurrence == nil:
		return ""
	}
	_, err := Rule(e, now)
	var reason recurrence.Reason
	if errors.As(err, &reason) && reason != recurrence.Over {
		return Reason(reason)
	}
	return ""
}

// fit is the kind that an event gets which asks for another: the Personal Room where Webex cannot hold a meeting.
func (s Seen) fit(asked Kind) Kind {
	if asked.Owned() && s.Limit != "" {
		return MyRoom
	}
	return asked
}

// SeriesOf is the series that an event's recurrence spans.
func SeriesOf(e Event) (recurrence.Series, error) {
	if e.Recurrence == nil {
		return recurrence.Series{}, errors.New("event has no recurrence")
	}
	name := e.Recurrence.Range.RecurrenceTimeZone
	if name == "" {
		name = e.Zone
	}
	zone, _, err := recurrence.Zone(name)
	if err != nil {
		return recurrence.Series{}, err
	}
	return recurrence.New(*e.Recurrence, e.Start, e.End, zone)
}

// startsIn is how long a request may be under way: a meeting that begins while it is sent would be refused as past.
const startsIn = 2 * time.Minute

// Rule is a series as Webex can be told of it from now on.
func Rule(e Event, now time.Time) (recurrence.Rule, error) {
	series, err := SeriesOf(e)
	if err != nil {
		return recurrence.Rule{}, err
	}
	return series.Rule(now.Add(startsIn))
}

// showsWebex reports Webex details that stand in no block: a person, or another product, put them there.
func showsWebex(p *parser.Parser, e Event, blocks []parser.Block) bool {
	rest := e.Body.Without("", parser.AllOurs)
	place := withoutLinks(e.Location.Text, func(link string) bool { // what a block came along with
		return slices.ContainsFunc(blocks, func(b parser.Block) bool { return slices.Contains(b.Lines, link) })
	})
	for _, c := range p.Candidates(parser.Text{Location: place, Body: rest.Content, HTML: rest.HTML}) {
		if c.Provider == "webex" && c.Rank < parser.RankWeak {
			return true
		}
	}
	return false
}

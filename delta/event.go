// Package delta knows what a change in a calendar means.
//
// It is the part that decides, and it touches nothing: no network, no store, no clock, no logger. An [Event] comes in as
// Graph told it, a [Record] as it was remembered; [Plan] answers with an action and a one-word reason, as data. Carrying
// that out is the business of package sweep.
//
// What is worth knowing before reading on:
//
//   - An event is recognised by its directory-wide facts only: tenant, mailbox and event id. From them and the installation's
//     key come the tag on its Webex meeting, the reference of its join block and the MAC of its mark ([Keys]). A copy of
//     an event carries another event's block and mark, and is thereby seen to be new.
//   - Whether something changed is asked of a keyed [Keys.Fingerprint] over the fields that syncd acts on, with our own block
//     left out. That makes echoes of our own PATCH, replays, new windows and full rounds free.
//   - Only events that ask for a meeting, or once did, have a record. The rest of a calendar is looked at and forgotten.
package delta

import (
	"cmp"
	"time"

	"syncd/parser"
	"syncd/recurrence"
)

// Mailbox is one enrolled mailbox.
type Mailbox struct {
	ID      string // directory id: it survives renames; "" while none was found
	Address string // as enrolled, lower case
}

// Key is what a mailbox is remembered under: its directory id, or its address while none was found for it.
func (m Mailbox) Key() string { return cmp.Or(m.ID, m.Address) }

// Event is an event of a mailbox's calendar with the fields that syncd acts on.
type Event struct {
	ID       string
	ETag     string    // version, for If-Match
	Modified time.Time // zero where Graph did not tell
	Type     Type
	SeriesID string // the series master's id, on occurrences and exceptions
	// OriginalStart is when an occurrence or exception would start by the pattern; zero on others.
	OriginalStart time.Time

	Subject   string
	Body      parser.Body
	Location  Location
	Start     time.Time // UTC
	End       time.Time // UTC
	Zone      string    // zone the event was made in, a Windows or IANA name
	AllDay    bool
	Cancelled bool
	Draft     bool // changed, but not yet sent to attendees
	Organizer bool // the mailbox's owner organises it
	Private   bool

	Recurrence *recurrence.Recurrence // on masters
	Attendees  []Attendee
	HideOthers bool // attendees see only themselves

	// Removed says that the event left the round: deleted, or moved out of the window. Only ID is set.
	Removed bool
	// Unreadable says that Graph's form of it made no sense. Only ID is set.
	Unreadable bool
	// Partial says that subject, location, body or recurrence were left out, as of an event of which Graph tells no more than what changed.
	Partial bool
	// Bare marks an occurrence as delta gives it: times and series, nothing else.
	Bare bool

	// Mark is what our extended property says; delta rounds do not show it.
	Mark Mark
	// MarkRead says that Mark was asked for.
	MarkRead bool
}

// Type is the part an event plays in a series, in Graph's words.
type Type string

// The types of events.
const (
	Single     Type = "singleInstance"
	Master     Type = "seriesMaster"
	Occurrence Type = "occurrence"
	Exception  Type = "exception"
)

// Location is where an event takes place, and what keywords are read from.
type Location struct {
	Text string
	// Place is Graph's `location` as JSON, nil where it cannot be written without losing something: writing it replaces the whole
	// collection `locations` (event-update.md).
	Place []byte
}

// Attendee is somebody invited to an event.
type Attendee struct {
	Address string // lower case
	Name    string
	Type    string // required, optional, resource
}

// Page is one page of a round of changes.
type Page struct {
	Events []Event
	// Link is the delta link; set on the last page of a round.
	Link string
}

// Patch is what syncd writes into an event, in one request.
type Patch struct {
	Body  *parser.Body // nil leaves the body alone
	Place []byte       // Graph's `location`; nil leaves it alone
	Mark  string       // value of [MarkProperty]; "" leaves it alone
	Tag   string       // value of [TagProperty]; likewise
}

// Empty reports a patch that would change nothing.
func (p Patch) Empty() bool { return p.Body == nil && p.Place == nil && p.Mark == "" }

// Mails is how many people a PATCH of the event tells: everybody invited but the organiser.
func (e Event) Mails() int { return len(e.Attendees) }

// Kind is what somebody who asks for a meeting gets.
type Kind string

// The kinds of meetings.
const (
	MyRoom  Kind = "myroom"  // the organiser's Personal Room; nothing is created
	OneTime Kind = "onetime" // a Webex meeting of its own
	Space   Kind = "space"   // a Webex space and its meeting
)

// Owned reports whether a meeting of this kind is made by syncd, and so to be deleted by it.
func (k Kind) Owned() bool { return k == OneTime || k == Space }

// Meeting is a Webex meeting as syncd knows it.
type Meeting struct {
	ID      string
	Host    string // e-mail address
	Title   string
	Tags    []string
	Start   time.Time
	End     time.Time
	RRULE   string // of a series
	Zone    string // IANA, in which a series recurs
	Details parser.Details
}

// MeetingRequest asks for a meeting.
type MeetingRequest struct {
	Host       string // e-mail address of the organiser
	Title      string // at most 128 characters
	Agenda     string // at most 1300 characters
	Start, End time.Time
	Zone       string // IANA
	RRULE      string // "" for a single meeting
	Tags       []string
	// Times says that start, end, zone and rule are part of an update. Webex cancels the modified occurrences of a series
	// whose times are sent again, so they are left out where they are what they were.
	Times bool
	// Single says that the meeting was a series and is none any more.
	Single bool
}

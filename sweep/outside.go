package sweep

import (
	"context"
	"iter"
	"time"

	"syncd/delta"
	"syncd/parser"
)

// What a sweep needs of the world: a calendar, Webex, and a memory. [Company] and [Quotas] stand where they are asked.

// Calendar is where changes come from and join details go to: the primary calendar of one mailbox.
type Calendar interface {
	Round(ctx context.Context, link string, start, end time.Time) iter.Seq2[delta.Page, error]
	// View lists a window as if it were a round that begins anew.
	View(ctx context.Context, start, end time.Time) iter.Seq2[delta.Page, error]
	// Tell names who is to be told until when the vendor wants the mailbox to be left alone, before that is waited for.
	Tell(told func(ctx context.Context, until time.Time))
	Event(ctx context.Context, id string) (e delta.Event, mark string, err error)
	Patch(ctx context.Context, id, etag string, p delta.Patch) (newETag string, modified time.Time, err error)
	// Ours lists the single events and series of the calendar with a tag property of ours, but for those that ended before.
	Ours(ctx context.Context, since time.Time) ([]string, error)
	// IDs lists all single events and series of the calendar, whenever they are.
	IDs(ctx context.Context) ([]string, error)
	// Exceptions lists the occurrences that differ from their series, of all series of the calendar. It costs a request for each series.
	Exceptions(ctx context.Context) ([]string, error)
	// Marked lists the events of the whole mailbox whose tag property has a value.
	Marked(ctx context.Context, tag string) ([]string, error)
	// Later lists the occurrences of a series that differ from it and begin at a time or later.
	Later(ctx context.Context, master string, from time.Time) ([]string, error)
	// Dropped lists the days, as yyyy-mm-dd in the series' zone, of a series' occurrences that were cancelled. known is false
	// where the calendar does not tell.
	Dropped(ctx context.Context, master string) (days []string, known bool, err error)
	Host(ctx context.Context) (string, error)
	// Addresses are all by which the owner may be known, the primary one first.
	Addresses(ctx context.Context) ([]string, error)
	Language(ctx context.Context) (string, error)
}

// Meetings is where meetings are made.
type Meetings interface {
	Tagged(ctx context.Context, host, tag string, from, to time.Time) ([]delta.Meeting, error)
	Occurrences(ctx context.Context, host string, from, to time.Time) ([]delta.Meeting, error)
	Meeting(ctx context.Context, host, id string) (delta.Meeting, error)
	Create(ctx context.Context, r delta.MeetingRequest) (delta.Meeting, error)
	Update(ctx context.Context, id string, r delta.MeetingRequest) error
	Delete(ctx context.Context, host, id string) error
	Room(ctx context.Context, host string) (parser.Details, error)
	Company
}

// Memory is what is remembered of one mailbox, under a lease.
type Memory interface {
	Cursor() delta.Cursor
	Waiting() []delta.Waiting
	HeldRemovals() []string
	// Accepted are those of them that an operator released.
	Accepted() []string
	Resync() *delta.Resync
	// Broken reports that the sweep before did not come to its end.
	Broken() bool
	Records(ctx context.Context, ids []string) (map[string]delta.Record, error)
	AllRecords(ctx context.Context) (map[string]delta.Record, error)
	Write(ctx context.Context, b delta.Batch) error
	Holds() error
	LeaseTTL() time.Duration
}

// Pauses is where all daemons see until when a vendor wants to be left alone. Webex's limits are the account's, not the mailbox's.
type Pauses interface {
	Pause(ctx context.Context, of string) (until time.Time, err error)
	SetPause(ctx context.Context, of string, until time.Time) error
}

// OfWebex names Webex's pause.
const OfWebex = "webex"

package delta

// Reason is why something was decided, in one word. It goes to the log, the metric, the dry run and the tests' names; every
// one has a row in the README.
type Reason string

// Reasons for doing something to an event.
const (
	Typed          Reason = "typed"           // a keyword, and nothing is there yet
	Copied         Reason = "copied"          // the same, in a copy of another event
	Resumed        Reason = "resumed"         // an earlier try was cut off
	Edited         Reason = "edited"          // something that syncd acts on changed
	KeywordChanged Reason = "keyword-changed" // another keyword, another kind of meeting
	KeywordRemoved Reason = "keyword-removed"
	Withdrawn      Reason = "withdrawn" // the operator took the mailbox's meetings and join details out
	EventCancelled Reason = "cancelled"
	EventDeleted   Reason = "deleted"
	BlockRemoved   Reason = "block-removed"   // a person took the join details out: put back, once
	MeetingRemoved Reason = "meeting-gone"    // the host deleted the meeting: made again, once
	MeetingChanged Reason = "meeting-changed" // somebody changed it at Webex: changed back
	Orphaned       Reason = "orphaned"        // a meeting of ours whose event is gone
	Rewritten      Reason = "rewritten"       // the operator asked for join details as they would be written today
	LinkRemoved    Reason = "link-removed"    // the location was typed anew without the link
	WebexRefused   Reason = "webex-refused"   // Webex would not change the occurrence: it gets a meeting of its own
	Rebuilt        Reason = "rebuilt"         // found again by mark or tag after the store was lost
	Unread         Reason = "unread"          // the event has to be read to decide
	Owed           Reason = "owed"            // a space, or people, whom Webex refused: tried again
)

// Reasons for giving the Personal Room instead of a meeting. Those of a series are package recurrence's.
const (
	AllDay  Reason = "all-day"
	TooLong Reason = "too-long" // 24 hours or more
)

// Reasons for doing nothing.
const (
	Unchanged         Reason = "unchanged"
	NotAsked          Reason = "not-asked"
	NotOrganizer      Reason = "not-organizer"
	InSeries          Reason = "in-series" // an occurrence of a series that has a meeting
	Over              Reason = "over"
	Draft             Reason = "draft"
	Foreign           Reason = "foreign-meeting" // Webex details are there that syncd did not write
	TooMany           Reason = "too-many-invitees"
	BodyTooLarge      Reason = "body-too-large"     // Graph takes no body of this size back
	BlockRefused      Reason = "block-refused"      // a person took the join details out twice
	HostDeleted       Reason = "host-deleted"       // the host deleted the meeting twice
	OccurrenceDeleted Reason = "occurrence-deleted" // the host deleted one of a series at Webex: the link of the series goes on working
	Outside           Reason = "outside"            // moved out of the window
	Stale             Reason = "stale"              // an older version than the one acted on
)

// Reasons for an event that has to wait, and for a mailbox's state.
const (
	HeldBack           Reason = "held"                // more removals than the limit
	Throttled          Reason = "throttled"           // the vendor asked to wait
	Quota              Reason = "quota"               // Webex's daily number of new meetings is used up
	Leased             Reason = "leased"              // another daemon has the mailbox
	Refused            Reason = "refused"             // the vendor will not do it
	Unknown            Reason = "unknown-host"        // Webex does not know the organiser
	NoRoom             Reason = "no-room"             // Webex gives the organiser no Personal Room
	Conflict           Reason = "conflict"            // the event kept changing under our hands
	Unanswered         Reason = "unanswered"          // no answer, or none that can be read
	Unreachable        Reason = "unreachable"         // the vendor has trouble
	NoMailbox          Reason = "no-mailbox"          // it does not exist, or has no calendar
	AccessDenied       Reason = "access-denied"       // closed to the application
	NotSignedIn        Reason = "not-signed-in"       // its owner has to sign in
	SignedOut          Reason = "signed-out"          // its owner has to sign in again
	Credentials        Reason = "credentials"         // the application itself is refused
	ApplicationRefused Reason = "application-refused" // most mailboxes refuse at once: all wait
	ForeignLink        Reason = "foreign-link"        // a link led to another host
	Loop               Reason = "loop"                // a round of changes that does not end
	Withdrawing        Reason = "withdrawing"         // everything is being taken out of it
	NewerRecord        Reason = "newer-record"        // a later version of syncd has it in hand
	StoreRefused       Reason = "redis"               // Redis does not do what a mailbox needs
	Stopped            Reason = "stopped"             // syncd was told to stop in the middle of it
	ListsUnread        Reason = "lists-unread"        // the directory does not tell which guests are distribution lists
	Hidden             Reason = "hidden-body"         // no place in the body where a block would be seen
	NoDetails          Reason = "bad-details"         // Webex's answer holds no usable join details
)

// Reasons for a meeting without the space that was asked for.
const (
	SpaceScope    Reason = "space-scope"     // the token may not make spaces
	SpaceRefused  Reason = "space-refused"   // Webex will not make it
	SpaceTooLarge Reason = "space-too-large" // more people than [MaxSpace]
	SpaceGone     Reason = "space-gone"      // people deleted it, or put syncd out of it
)

// Reasons for people who are invited and not brought along to Webex.
const (
	ListLeftOut   Reason = "list-left-out"  // a distribution list is no person
	GuestsHidden  Reason = "guests-hidden"  // attendees see only themselves
	GuestsCut     Reason = "guests-cut"     // more than [MaxInvited]
	GuestRefused  Reason = "guest-refused"  // Webex does not take somebody as an invitee
	MemberRefused Reason = "member-refused" // or as a member of the space
)

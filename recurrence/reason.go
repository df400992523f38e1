package recurrence

import "fmt"

// Reason is why a series cannot be read or cannot be told to Webex, as one word for the log, the metric and the operator's
// page. It is an error: compare with errors.Is, fetch with errors.As.
type Reason string

func (r Reason) Error() string { return string(r) }

const (
	// ZoneMissing: no zone name was given. Ask for the next best one.
	ZoneMissing Reason = "zone-missing"
	// ZoneCustom: the mailbox has a zone of its own whose rules Graph does not tell.
	ZoneCustom Reason = "zone-custom"
	// ZoneUnknown: neither a Windows nor an IANA name.
	ZoneUnknown Reason = "zone-unknown"

	// PatternUnknown: a pattern or range type that Graph's documentation does not have.
	PatternUnknown Reason = "pattern-unknown"
	// PatternMalformed: a member is missing or out of range, or the range has no date in it.
	PatternMalformed Reason = "pattern-malformed"
	// StartOffPattern: the event's start is no date of the pattern, and the phase of the interval cannot be told from it.
	StartOffPattern Reason = "start-off-pattern"

	// Over: no occurrence is left.
	Over Reason = "series-over"
	// SeveralDays: a monthly or yearly pattern over several weekdays, of which Webex would take the first only.
	SeveralDays Reason = "several-days"
	// ShortMonths: the 29th or 30th in months that are too short, where Exchange takes the last day and RFC 2445 none.
	ShortMonths Reason = "short-months"
	// TooMany: more occurrences than Webex keeps for a rule that ends.
	TooMany Reason = "too-many-occurrences"
	// TooLong: the last occurrence lies more than five years ahead, where Webex cuts a rule that ends.
	TooLong Reason = "longer-than-five-years"
	// TooFar: the first occurrence lies ten years ahead or more, which Webex refuses.
	TooFar Reason = "starts-in-ten-years"
	// StartSkipped: the next occurrence is at a wall clock time that a clock change skips, so that no rule can begin there
	// and keep the time. Gone when that occurrence is past.
	StartSkipped Reason = "start-in-clock-change"
)

// because gives a reason its details. They hold no text that a person typed but names of zones and pattern words.
func because(r Reason, format string, args ...any) error {
	return fmt.Errorf("recurrence: %w: %s", r, fmt.Sprintf(format, args...))
}

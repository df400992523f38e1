// Package recurrence knows what Microsoft Graph's patternedRecurrence means and how to say the same to Webex as an
// RFC 2445 rule. It is pure: no network, no clock, no state. (Zone may read the operating system's zone files through the
// standard library; a copy of them is linked in for a machine that has none.)
//
// # What Exchange means
//
// A series is a list of dates, one or more in each period, with one wall clock time in one zone. Every pattern gives a fixed
// number of dates for each period (a week has as many as it names days; all others have one), so occurrence number i is
// arithmetic, never a walk, and no value that somebody sends can make a loop long.
//
//   - Periods are counted from the one that holds the first occurrence; weeks begin on firstDayOfWeek.
//   - A day that a month does not have is that month's last day (AbsoluteMonthlyRecurrence of the Exchange web services);
//     29 February is 28 February in common years (DayOfMonth of CDO).
//   - An index counts the days named taken together: "second" with Monday to Friday is the month's second working day
//     (MS-OXOCAL 2.2.1.44.1.6).
//   - endDate is inclusive. A count counts every date, months cut short too.
//   - Nothing recurs after 31 August 4500, Exchange's own end of time.
//
// # Clock changes
//
// The wall clock time stays, the UTC time moves. A time that the clock skips is read with the offset before the change (02:30
// becomes 03:30); a time that comes twice is its first coming. That is RFC 5545's reading; neither vendor documents one.
// Where a skipped day makes two occurrences fall on one instant (Samoa, 30 December 2011), it is listed once.
//
// # What Webex takes
//
// Webex claims RFC 2445 and names its exceptions (pages Create, Update, Patch a Meeting): of several days in a monthly or yearly rule
// only the first is used; a rule with an end reaches five years from now at most, and 5 yearly, 60 monthly, 261 weekly or 1826
// daily occurrences; starts lie neither in the past nor ten years ahead. It shortens what is longer without an error, so
// everything that it would shorten is refused here, with a Reason. A rule without end has no limit there.
// Rule gives either exactly the remaining dates or a Reason; never other dates, never some of them.
//
// Graph does not show whether a series follows another calendar than the Gregorian one.
package recurrence

// Recurrence is Graph's patternedRecurrence; decode JSON straight into it. Text is compared without regard to case,
// since Graph's own samples differ. On read Graph fills members that do not apply with neutral values (0, 0001-01-01).
type Recurrence struct {
	Pattern Pattern `json:"pattern"`
	Range   Range   `json:"range"`
}

// Pattern is Graph's recurrencePattern.
type Pattern struct {
	// Type is daily, weekly, absoluteMonthly, relativeMonthly, absoluteYearly or relativeYearly.
	Type string `json:"type"`
	// Interval counts days, weeks, months or years, by Type; 1 to 999.
	Interval int `json:"interval"`
	// Month is 1 to 12, for the yearly types.
	Month int `json:"month,omitempty"`
	// DayOfMonth is 1 to 31, for the absolute types.
	DayOfMonth int `json:"dayOfMonth,omitempty"`
	// DaysOfWeek are English names, for weekly and the relative types.
	DaysOfWeek []string `json:"daysOfWeek,omitempty"`
	// FirstDayOfWeek matters for weekly only; absent means Sunday.
	FirstDayOfWeek string `json:"firstDayOfWeek,omitempty"`
	// Index is first, second, third, fourth or last, for the relative types; absent means first.
	Index string `json:"index,omitempty"`
}

// Range is Graph's recurrenceRange. Dates are yyyy-MM-dd in the zone RecurrenceTimeZone.
type Range struct {
	// Type is endDate, noEnd or numbered.
	Type string `json:"type"`
	// StartDate is the date of the event's own start.
	StartDate string `json:"startDate"`
	// EndDate is the last date on which an occurrence may start.
	EndDate string `json:"endDate,omitempty"`
	// RecurrenceTimeZone is a Windows or IANA name; absent means the event's zone. See Zone.
	RecurrenceTimeZone string `json:"recurrenceTimeZone,omitempty"`
	// NumberOfOccurrences applies to numbered.
	NumberOfOccurrences int `json:"numberOfOccurrences,omitempty"`
}

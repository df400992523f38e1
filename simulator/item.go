package simulator

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"time"
)

// item is an event as one mailbox holds it. An item is never changed once stored; store makes a new version.
type item struct {
	key     string
	uid     string // iCalUId
	version int64
	created time.Time
	changed time.Time

	subject     string
	location    string
	body        body
	start, end  time.Time // of a master: of the first occurrence
	zone        string    // as the person's client names it
	loc         *time.Location
	allDay      bool
	organizer   person
	mine        bool // isOrganizer
	attendees   []attendee
	hidden      bool // hideAttendees
	sensitivity string
	showAs      string
	cancelled   bool
	draft       bool
	teams       *teams
	props       map[string]string // extended property id → value; replaced, never changed
	transaction string
	response    string // of an attendee's copy
	byClient    bool   // made by POST events

	rec        *Recurrence
	exceptions map[string]*exception // original date → what differs there; replaced, never changed
	dropped    map[string]bool       // original dates of cancelled occurrences; replaced, never changed

	master   string    // of a merged exception or occurrence: its date, "" otherwise
	original time.Time // of the same: when it was to start
	kind     string    // singleInstance, seriesMaster, occurrence, exception

	wire wireCache
}

type body struct {
	html    bool
	content string
}

type person struct{ name, address string }

type attendee struct {
	person
	kind     string // required, optional, resource
	response string
}

// exception is what differs at one date of a series; nil members are the master's.
type exception struct {
	changed    time.Time
	subject    *string
	location   *string
	body       *body
	start, end *time.Time
	allDay     *bool
	attendees  []attendee // nil = the master's
	props      map[string]string
	cancelled  bool
}

// clone copies an item so that it can be changed and stored.
func (it *item) clone() *item {
	return &item{
		key: it.key, uid: it.uid, version: it.version, created: it.created, changed: it.changed,
		subject: it.subject, location: it.location, body: it.body, start: it.start, end: it.end, zone: it.zone, loc: it.loc,
		allDay: it.allDay, organizer: it.organizer, mine: it.mine, attendees: it.attendees, hidden: it.hidden,
		sensitivity: it.sensitivity, showAs: it.showAs, cancelled: it.cancelled, draft: it.draft, teams: it.teams,
		props: it.props, transaction: it.transaction, response: it.response, byClient: it.byClient,
		rec: it.rec, exceptions: it.exceptions, dropped: it.dropped, master: it.master, original: it.original, kind: it.kind,
	}
}

func (it *item) series() bool { return it.rec != nil }

// changeKey changes with each version.
func (it *item) changeKey() string {
	var b [20]byte
	copy(b[:], it.key[:12])
	binary.BigEndian.PutUint64(b[12:], uint64(it.version))
	return base64.StdEncoding.EncodeToString(b[:])
}

func (it *item) etag() string { return `W/"` + it.changeKey() + `"` }

// occurrence is one date of a series.
type occurrence struct {
	date       string // original local date
	start, end time.Time
	exception  *exception
}

// at is the occurrence of a plain date of the series.
func (it *item) at(d day) occurrence {
	y, m, dd := d.time().Date()
	s, e := it.start.In(it.loc), it.end.In(it.loc)
	over := int(dayOf(e.Date()) - dayOf(s.Date()))
	return occurrence{
		date:  d.String(),
		start: onClock(time.Date(y, m, dd, s.Hour(), s.Minute(), s.Second(), 0, it.loc), s),
		end:   onClock(time.Date(y, m, dd+over, e.Hour(), e.Minute(), e.Second(), 0, it.loc), e),
	}
}

// onClock is t in UTC. Where a clock change skips the time that was asked for, which t then does not show, it is read with the
// offset before the change (RFC 5545, 3.3.5).
func onClock(t, asked time.Time) time.Time {
	if t.Hour() == asked.Hour() && t.Minute() == asked.Minute() {
		return t.UTC()
	}
	y, m, d := t.Date()
	const back = 6 * time.Hour // no clock is changed twice in that
	before := time.Date(y, m, d, asked.Hour()-6, asked.Minute(), asked.Second(), 0, t.Location())
	return before.Add(back).UTC()
}

// eachDay calls yield with the plain days of a series from about from on.
func (it *item) eachDay(from time.Time, yield func(day) bool) {
	it.rec.each(dayOf(from.In(it.loc).Date())-2-day(it.end.Sub(it.start)/(24*time.Hour)), yield)
}

// occurrences lists what a calendar shows of a series between two times, exceptions at their changed times included.
func (it *item) occurrences(from, to time.Time) []occurrence {
	var found []occurrence
	it.eachDay(from, func(d day) bool {
		o := it.at(d)
		if !o.start.Before(to) {
			return false
		}
		if !it.dropped[o.date] && it.exceptions[o.date] == nil && overlaps(o.start, o.end, from, to) {
			found = append(found, o)
		}
		return true
	})
	for date, x := range it.exceptions {
		o := it.at(parseDay(date))
		o.exception = x
		if x.start != nil {
			o.start, o.end = *x.start, *x.end
		}
		if overlaps(o.start, o.end, from, to) {
			found = append(found, o)
		}
	}
	sortOccurrences(found)
	return found
}

// has tells whether the date is one of the series, cancelled ones excepted.
func (it *item) has(date string) bool {
	if it.exceptions[date] != nil {
		return true
	}
	want, is := parseDay(date), false
	it.rec.each(want, func(d day) bool {
		is = d == want
		return d < want
	})
	return is && !it.dropped[date]
}

// ends is when the last occurrence is over; false when there is no end.
func (it *item) ends() (time.Time, bool) {
	if !it.series() {
		return it.end, true
	}
	if it.rec.Count == 0 && it.rec.Until == "" {
		return time.Time{}, false
	}
	last := it.end
	it.rec.each(0, func(d day) bool {
		last = it.at(d).end
		return true
	})
	for _, x := range it.exceptions {
		if x.end != nil && x.end.After(last) {
			last = *x.end
		}
	}
	return last, true
}

// merged is the occurrence of a series at a date as a full item.
func (it *item) merged(date string, inherit bool) *item {
	o, x := it.at(parseDay(date)), it.exceptions[date]
	m := it.clone()
	m.rec, m.exceptions, m.dropped = nil, nil, nil
	m.master, m.kind = date, "occurrence"
	m.start, m.end, m.original = o.start, o.end, o.start
	if !inherit {
		m.props = nil
	}
	if x == nil {
		return m
	}
	m.kind, m.changed = "exception", x.changed // its etag is the master's, which is new with each exception
	if x.subject != nil {
		m.subject = *x.subject
	}
	if x.location != nil {
		m.location = *x.location
	}
	if x.body != nil {
		m.body = *x.body
	}
	if x.start != nil {
		m.start, m.end = *x.start, *x.end
	}
	if x.allDay != nil {
		if m.allDay = *x.allDay; m.allDay {
			m.loc = time.UTC // floating, as in schedule
		}
	}
	if x.attendees != nil {
		m.attendees = x.attendees
	}
	if x.props != nil {
		m.props = maps.Clone(m.props)
		if m.props == nil {
			m.props = map[string]string{}
		}
		maps.Copy(m.props, x.props)
	}
	m.cancelled = m.cancelled || x.cancelled
	return m
}

func sortOccurrences(list []occurrence) {
	slices.SortFunc(list, func(a, b occurrence) int {
		return cmp.Or(a.start.Compare(b.start), strings.Compare(a.date, b.date))
	})
}

func overlaps(start, end, from, to time.Time) bool {
	return start.Before(to) && (end.After(from) || start.Equal(end) && !start.Before(from))
}

package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"syncd/delta"
	"syncd/parser"
)

// obtain gets the meeting for an event: the one that carries its tag, or a new one, or the Personal Room. record learns of it
// before anything else happens. spare are other meetings with the tag, which have to go once the event shows the one.
func (r *run) obtain(ctx context.Context, s delta.Seen, record *delta.Record) (d parser.Details, spare []string, err error) {
	if !record.Kind.Owned() {
		d, err = r.details(ctx, *record)
		return d, nil, err
	}
	host, err := r.host(ctx)
	if err != nil {
		return d, nil, err
	}
	meeting, spare, err := r.seek(ctx, host, s, record)
	if err != nil {
		return d, nil, err
	}
	if meeting.ID != "" && meeting.ID != record.Meeting && record.Kind != delta.Space {
		// Nobody remembers what it was made for: before a crash, the loss of the store and another keyword it may have been a space.
		if err := r.closeTagged(ctx, []string{record.Tag}); err != nil {
			return d, nil, err
		}
	}
	if meeting.ID == "" {
		if meeting, spare, err = r.make(ctx, host, s, record); err != nil {
			return d, nil, err
		}
	} else if r.differs(s, meeting) {
		record.Meeting, record.Master = meeting.ID, meeting.RRULE != ""
		if err := r.tell(ctx, s, *record, true); err != nil {
			return d, nil, err
		}
	}
	record.Meeting = meeting.ID
	r.stranger = false
	return meeting.Details, spare, r.interim(ctx, s.ID, *record)
}

// seek looks for the event's meeting, by its tag and by the name that the record, or the event itself, has for it: lists lag.
func (r *run) seek(ctx context.Context, host string, s delta.Seen, record *delta.Record) (delta.Meeting, []string, error) {
	found, spare, err := r.find(ctx, host, s, record)
	name := record.Meeting
	if name == "" && s.Mark.Valid {
		name = s.Mark.Meeting
	}
	if err != nil || name == "" || name == found.ID || name == record.Old || s.MeetingGone {
		return found, spare, err
	}
	if err := r.webexReady(ctx); err != nil {
		return delta.Meeting{}, nil, err
	}
	named, err := r.Meetings.Meeting(ctx, host, name)
	switch {
	case errors.Is(err, delta.ErrGone):
		return found, spare, nil
	case err != nil:
		return delta.Meeting{}, nil, r.ofWebex(ctx, err)
	case found.ID != "":
		spare = append(spare, found.ID)
	}
	return named, spare, nil
}

// find looks for the event's meeting by its tag. The one that the record, or the event itself, names is preferred; else the
// one with the lowest id, so that two daemons agree.
func (r *run) find(ctx context.Context, host string, s delta.Seen, record *delta.Record) (delta.Meeting, []string, error) {
	if err := r.webexReady(ctx); err != nil {
		return delta.Meeting{}, nil, err
	}
	from, to := r.span(s)
	found, err := r.Meetings.Tagged(ctx, host, r.Keys.Tag(r.mailbox.ID, s.ID), from, to)
	if err != nil {
		return delta.Meeting{}, nil, r.ofWebex(ctx, err)
	}
	found = slices.DeleteFunc(found, func(m delta.Meeting) bool { return m.ID == record.Old })
	if len(found) == 0 {
		return delta.Meeting{}, nil, nil
	}
	chosen := slices.IndexFunc(found, func(m delta.Meeting) bool {
		return m.ID == record.Meeting || record.Meeting == "" && s.Mark.Valid && m.ID == s.Mark.Meeting
	})
	chosen = max(chosen, 0)
	meeting := found[chosen]
	var spare []string
	for _, m := range slices.Delete(found, chosen, chosen+1) {
		spare = append(spare, m.ID)
	}
	return meeting, spare, nil
}

// span is where a meeting of the event may lie: in the window, wherever in it the event was before, and where it is now.
func (r *run) span(s delta.Seen) (from, to time.Time) {
	const day = 24 * time.Hour
	from, to = r.now.Add(-r.Behind-8*day), r.now.Add(r.Ahead+8*day)
	if s.Start.Before(from) && s.Recurrence == nil && !s.Start.IsZero() {
		from = s.Start.Add(-day)
	}
	if s.End.After(to) {
		to = s.End.Add(day)
	}
	return from, to
}

// make makes a meeting. It was just looked for; whether another daemon made one meanwhile, or an answer got lost, is looked for
// after.
func (r *run) make(ctx context.Context, host string, s delta.Seen, record *delta.Record) (delta.Meeting, []string, error) {
	request, err := r.Keys.Request(r.mailbox.ID, host, s, r.now)
	if err != nil {
		return delta.Meeting{}, nil, err
	}
	if err := r.effect(); err != nil {
		return delta.Meeting{}, nil, err
	}
	if err := r.reserve(ctx, s); err != nil {
		return delta.Meeting{}, nil, err
	}
	made, err := r.Meetings.Create(ctx, request)
	if err = r.refusedCreate(ctx, r.ofWebex(ctx, err)); err != nil && !errors.Is(err, delta.ErrUnclear) {
		return delta.Meeting{}, nil, err
	}
	unclear := err
	if r.unclear = r.unclear || unclear != nil; unclear == nil {
		r.report.Created++
		record.Meeting = made.ID
		r.newborn.add(made.ID)
	}
	found, spare, err := r.find(ctx, host, s, record)
	switch {
	case err != nil && unclear != nil:
		return delta.Meeting{}, nil, err // the next try looks again before it makes one
	case err != nil, found.ID == "" && unclear == nil:
		return made, nil, nil // lists lag; what another daemon made goes when the tag is next looked for
	case found.ID == "":
		return delta.Meeting{}, nil, unclear
	}
	if unclear != nil {
		r.report.Created++
	}
	return found, spare, nil
}

// owned lists the meetings that syncd made for an event. Where the record may not know all of them, the tag does.
func (r *run) owned(ctx context.Context, s delta.Seen, record delta.Record, sure bool) ([]string, error) {
	meetings := []string{record.Meeting, record.Old}
	if sure || record.Kind == delta.MyRoom && record.Meeting == "" && record.Old == "" {
		return meetings, nil
	}
	host, err := r.host(ctx)
	if err != nil {
		return nil, err
	}
	found, spare, err := r.find(ctx, host, s, &record)
	if err != nil {
		return nil, err
	}
	for _, id := range append(spare, found.ID) {
		if !slices.Contains(meetings, id) {
			meetings = append(meetings, id)
		}
	}
	return meetings, nil
}

// differs reports whether a meeting is not what the event says now.
func (r *run) differs(s delta.Seen, m delta.Meeting) bool {
	want, err := r.Keys.Request(r.mailbox.ID, "", s, r.now)
	if err != nil {
		return false
	}
	if m.Title != want.Title || m.RRULE != "" && s.Recurrence == nil {
		return true
	}
	if same, known := delta.ToldTimes(m.Tags, s.When); known || s.Recurrence != nil {
		return known && !same
	}
	begun := s.Start.Before(r.now)
	minute := func(a, b time.Time) bool { return a.Truncate(time.Minute).Equal(b.Truncate(time.Minute)) }
	return !begun && (!minute(m.Start, want.Start) || !minute(m.End, want.End))
}

// tell changes the meeting of an event to what the event says now. Times are told only where they changed: Webex drops the
// changed occurrences of a series with them. Those of a meeting that has begun are its own.
func (r *run) tell(ctx context.Context, s delta.Seen, record delta.Record, times bool) error {
	host, err := r.host(ctx)
	if err != nil {
		return err
	}
	request, err := r.Keys.Request(r.mailbox.ID, host, s, r.now)
	if err != nil {
		return err
	}
	request.Times = times && (s.Recurrence != nil || s.Start.After(r.now))
	request.Single = request.Times && s.Recurrence == nil && record.Master
	if !request.Times {
		request.Tags = nil
	}
	if err := r.webexReady(ctx); err != nil {
		return err
	}
	if err := r.effect(); err != nil {
		return err
	}
	err = r.Meetings.Update(ctx, record.Meeting, request)
	if errors.Is(err, delta.ErrGone) {
		return errMeetingGone
	}
	if err != nil {
		return r.ofWebex(ctx, err)
	}
	r.report.Updated++
	if request.Times && s.Recurrence != nil {
		return r.seriesTold(ctx, s.ID)
	}
	return nil
}

// details reads how to join what a record stands for.
func (r *run) details(ctx context.Context, record delta.Record) (parser.Details, error) {
	host, err := r.host(ctx)
	if err != nil {
		return parser.Details{}, err
	}
	if record.Kind.Owned() {
		if err := r.webexReady(ctx); err != nil {
			return parser.Details{}, err
		}
		meeting, err := r.Meetings.Meeting(ctx, host, record.Meeting)
		if errors.Is(err, delta.ErrGone) {
			return parser.Details{}, errMeetingGone
		}
		return meeting.Details, r.ofWebex(ctx, err)
	}
	if room, ok := r.rooms.get(host, r.now); ok {
		return room, nil
	}
	if err := r.webexReady(ctx); err != nil {
		return parser.Details{}, err
	}
	room, err := r.Meetings.Room(ctx, host)
	if err == nil {
		r.stranger = false
		r.rooms.put(host, room, r.now)
	}
	return room, r.ofWebex(ctx, err)
}

// inPlace is the longest wait for Webex that is taken in place.
const inPlace = 30 * time.Second

// webexReady refuses to ask Webex before the time that it named, to whomever. A short wait is taken in place.
func (r *run) webexReady(ctx context.Context) error {
	if !r.pauseRead {
		until, err := r.Pauses.Pause(ctx, OfWebex)
		if err != nil {
			return ofStore(err)
		}
		r.pauseRead = true
		if left := time.Until(until); left > 0 && left <= inPlace {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(left):
				return nil
			}
		}
		if until.After(r.now) {
			r.webexLater = &delta.LaterError{At: until, Err: fmt.Errorf("%w: webex, until %s", delta.ErrThrottled, until.Format(time.RFC3339))}
		}
	}
	if r.webexLater != nil && time.Now().Before(r.webexLater.At) {
		return r.webexLater
	}
	return nil
}

// ofWebex tells everybody when Webex asked to be left alone.
func (r *run) ofWebex(ctx context.Context, err error) error {
	var later *delta.LaterError
	if !errors.As(err, &later) || r.webexLater != nil && !later.At.After(r.webexLater.At) {
		return err
	}
	r.webexLater = later
	if pausing := r.Pauses.SetPause(ctx, OfWebex, later.At); pausing != nil {
		return ofStore(pausing)
	}
	return err
}

// roomCache keeps Personal Rooms for a day, in memory: they hold addresses and numbers.
type roomCache struct {
	mu    sync.Mutex
	rooms map[string]cachedRoom // host → room; guarded by mu
}

type cachedRoom struct {
	details parser.Details
	read    time.Time
}

const roomLife = 24 * time.Hour

func (c *roomCache) get(host string, now time.Time) (parser.Details, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	room, ok := c.rooms[host]
	return room.details, ok && now.Sub(room.read) < roomLife
}

func (c *roomCache) put(host string, d parser.Details, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms == nil {
		c.rooms = map[string]cachedRoom{}
	}
	c.rooms[host] = cachedRoom{d, now}
}

package simulator

import (
	"fmt"
	"slices"
	"time"
)

// Meeting is how a Webex meeting stands at a moment.
type Meeting struct {
	ID, Number, Title, Agenda string
	Host                      string
	Start, End                time.Time
	Recurrence                string // RRULE, "" = single
	Zone                      string
	Link                      string
	Tags                      []string
	Invitees                  []string
	Deleted, Running          bool
	ByClient                  bool
	Changed, Dropped          []string // original UTC starts of modified and of deleted occurrences
}

// Meetings lists all meetings in the order of their making, deleted ones included.
func (w *World) Meetings() []Meeting {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Meeting, 0, len(w.webex.order))
	for _, met := range w.webex.order {
		all = append(all, met.show())
	}
	return all
}

// Live lists the meetings that are neither deleted nor over.
func (w *World) Live() []Meeting {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Meeting
	for _, met := range w.webex.order {
		if met.lives(w.now()) {
			all = append(all, met.show())
		}
	}
	return all
}

func (met *meeting) show() Meeting {
	m := Meeting{
		ID: met.id, Number: met.number, Title: met.title, Agenda: met.agenda, Host: met.host.email, Start: met.start, End: met.end,
		Recurrence: met.recurrence, Zone: met.zone, Link: met.link, Tags: slices.Clone(met.tags), Deleted: met.deleted, Running: met.running,
		ByClient: met.byClient, Changed: sortedKeys(met.changed), Dropped: sortedKeys(met.dropped),
	}
	for _, i := range met.invitees {
		m.Invitees = append(m.Invitees, i.email)
	}
	return m
}

// Space is how a Webex space stands at a moment.
type Space struct {
	ID, Title   string
	Description string
	Direct      bool
	Members     []string
	Messages    []Message
}

// Spaces lists all spaces.
func (w *World) Spaces() []Space {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Space
	for _, id := range sortedKeys(w.webex.spaces.rooms) {
		r := w.webex.spaces.rooms[id]
		if !r.deleted {
			all = append(all, Space{ID: id, Title: r.title, Description: r.about, Direct: r.direct, Members: w.webex.spaces.members(id), Messages: slices.Clone(r.messages)})
		}
	}
	return all
}

// DeleteMeeting is the host deleting a meeting at Webex; with an occurrence id, that date of it.
func (w *World) DeleteMeeting(id string) error {
	return w.host(id, func(met *meeting) error {
		if id != met.id {
			o, ok := met.sitting(id[len(met.id)+1:])
			if !ok {
				return fmt.Errorf("no occurrence %s", id)
			}
			met.drop(o.key)
			if met.refused == nil {
				met.refused = map[string]bool{}
			}
			met.refused[o.key] = true
			return nil
		}
		met.deleted, met.killed = true, true
		for _, e := range met.events {
			e.box.story(e.r).killings++
		}
		return nil
	})
}

// ChangeMeeting is the host changing title, agenda, times or tags at Webex; with an occurrence id, the first three of that date.
func (w *World) ChangeMeeting(id string, change func(*Meeting)) error {
	return w.host(id, func(met *meeting) error {
		m := met.show()
		if id != met.id {
			return met.changeSitting(id[len(met.id)+1:], m, change)
		}
		change(&m)
		if !m.Start.Equal(met.start) || !m.End.Equal(met.end) {
			met.changed, met.dropped = nil, nil
		}
		met.title, met.agenda, met.start, met.end, met.tags = m.Title, m.Agenda, m.Start.UTC(), m.End.UTC(), m.Tags
		return nil
	})
}

func (met *meeting) changeSitting(key string, m Meeting, change func(*Meeting)) error {
	o, ok := met.sitting(key)
	if !ok {
		return fmt.Errorf("no occurrence %s of %s", key, met.id)
	}
	var x meetingChange
	if o.change != nil {
		x = *o.change
	}
	if x.title != nil {
		m.Title = *x.title
	}
	m.Start, m.End = o.start, o.end
	change(&m)
	x.title, x.agenda, x.start, x.end = &m.Title, &m.Agenda, &m.Start, &m.End
	if met.changed == nil {
		met.changed = map[string]*meetingChange{}
	}
	met.changed[o.key] = &x
	return nil
}

// Occurrences lists the ids of the occurrences of a live meeting that begin between now and then.
func (w *World) Occurrences(id string, then time.Time) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	met, now, ids := w.webex.meetings[id], w.now(), []string(nil)
	if met == nil || met.deleted {
		return nil
	}
	met.sittings(now, func(o sitting) bool {
		if o.start.After(now) && o.start.Before(then) {
			ids = append(ids, met.id+"_"+o.key)
		}
		return o.start.Before(then)
	})
	return ids
}

// StartMeeting and EndMeeting make a meeting run: it cannot be changed or deleted meanwhile.
func (w *World) StartMeeting(id string) error {
	return w.host(id, func(met *meeting) error { met.running = true; return nil })
}

// EndMeeting ends a running meeting.
func (w *World) EndMeeting(id string) error {
	return w.host(id, func(met *meeting) error { met.running = false; return nil })
}

// SpendQuota lets so many of a host's meetings of these 24 hours have been tried, by the administrator's own means.
func (w *World) SpendQuota(email string, tries int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range tries {
		w.webex.spent[email] = append(w.webex.spent[email], w.now())
	}
}

// HostMeeting is a person scheduling a meeting at Webex by hand.
func (w *World) HostMeeting(email, title string, start, end time.Time) (Meeting, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.webex.user(email)
	if u == nil {
		return Meeting{}, fmt.Errorf("Webex does not know %s", email)
	}
	rng := w.rng
	met := &meeting{
		id: randomHex(rng, 32), number: "2" + randomDigits(rng, 10), password: "Aa" + randomHex(rng, 8) + "7", phonePassword: randomDigits(rng, 8),
		host: u, made: w.now(), zone: "UTC", loc: time.UTC, scheduled: "meeting", title: title, start: start.UTC(), end: end.UTC(),
	}
	met.link = "https://" + w.webex.host + "/" + w.opt.Site + "/j.php?MTID=m" + randomHex(rng, 32)
	w.webex.add(met)
	return met.show(), nil
}

// host does something to a meeting; what the host does allows one PATCH of the events that show it.
func (w *World) host(id string, act func(*meeting) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	met := w.webex.meetings[seriesID(id)]
	if met == nil || met.deleted {
		err := fmt.Errorf("no meeting %q", id)
		w.misused(err)
		return err
	}
	for _, e := range met.events {
		e.box.acted(e.r)
	}
	return act(met)
}

// Withdrawn tells the audit that the operator takes the mailbox out of service and everything with it, so that blocks and meetings
// of events that still ask for one may go.
func (m *Mailbox) Withdrawn(yes bool) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	m.withdrawn = yes
	for _, s := range m.stories {
		s.acts++
	}
}

// Allow tells the audit that the operator has asked for n more PATCHes of each event of the mailbox: a new template, say.
func (m *Mailbox) Allow(n int) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	for _, s := range m.stories {
		s.acts += n
	}
}

package sweep

import (
	"context"

	"syncd/delta"
)

// search looks for the events of stray meetings in a calendar. No one list has them all: the one of the calendar lacks the occurrences
// that differ from their series, and so does the one by tag.
type search struct {
	*run
	ids  map[string]string // an event's tag → its id, of all that were seen so far
	deep bool              // the occurrences of all series are among them
}

// event finds the event that a stray is for. It is one request where it is where it was seen last, or at the meeting's time; before it is
// taken for gone, each series of the calendar is asked once.
func (s *search) event(ctx context.Context, m stray) (id string, ok bool, err error) {
	for _, look := range []func(context.Context, stray) error{s.marked, s.at, s.exceptions} {
		if id, ok = s.ids[m.tag]; ok {
			return id, true, nil
		}
		if err := look(ctx, m); err != nil {
			return "", false, s.ofMailbox(err)
		}
	}
	id, ok = s.ids[m.tag]
	return id, ok, nil
}

// add notes events. Copies come under tags of their own, whatever tag they carry.
func (s *search) add(ids ...string) {
	for _, id := range ids {
		s.ids[s.Keys.Tag(s.mailbox.ID, id)] = id
	}
}

// marked looks through the whole mailbox for an event that carries the tag as its own.
func (s *search) marked(ctx context.Context, m stray) error {
	ids, err := s.calendar.Marked(ctx, m.tag)
	s.add(ids...)
	return err
}

// at looks at what the calendar shows while the meeting is held. That has occurrences, too, and a meeting follows its event.
func (s *search) at(ctx context.Context, m stray) error {
	if !m.to.After(m.from) {
		return nil
	}
	for page, err := range s.calendar.View(ctx, m.from, m.to) {
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if e.Type == delta.Exception {
				s.add(e.ID)
			}
		}
	}
	return nil
}

// exceptions looks at the occurrences of all series: one may have moved while the store was lost.
func (s *search) exceptions(ctx context.Context, _ stray) error {
	if s.deep {
		return nil
	}
	ids, err := s.calendar.Exceptions(ctx)
	s.add(ids...)
	s.deep = err == nil
	return err
}

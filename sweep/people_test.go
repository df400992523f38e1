package sweep_test

import (
	"fmt"
	"slices"
	"time"

	"syncd/simulator"
)

var locations = []string{"@webex", "@webex:onetime", "@webex:onetime", "@meet", "Room 4", "Room 4; @Webex:OneTime", ""}

// act lets somebody do something to a calendar.
func (c *chance) act() {
	person := c.people[c.rng.IntN(len(c.people))]
	mine := slices.DeleteFunc(person.Events(), func(e simulator.Event) bool {
		return !e.IsOrganizer || e.Cancelled || e.Type == "exception" || e.End.Before(time.Now()) && e.Recurrence == nil
	})
	if c.social && c.rng.IntN(3) == 0 && c.mingle(person, mine) {
		return
	}
	if len(mine) == 0 || c.rng.IntN(3) == 0 {
		c.invite(person)
		return
	}
	c.told(person, mine[c.rng.IntN(len(mine))], c.edit)
}

// told lets a person edit an event, and tells of it.
func (c *chance) told(person *simulator.Mailbox, e simulator.Event, edit func(*simulator.Mailbox, simulator.Event) (string, error)) {
	what, err := edit(person, e)
	c.tell("%s: %s %q at %q %s", person.Address(), what, e.Subject, e.Location, e.Start.Format("01-02 15:04"))
	if err != nil {
		c.tell("  which did not work: %v", err)
	}
}

// invite makes an event, one in three a series.
func (c *chance) invite(person *simulator.Mailbox) {
	d := draft(locations[c.rng.IntN(len(locations))])
	d.Subject = fmt.Sprint("Subject ", c.rng.IntN(1000))
	d.Start = tomorrow(c.rng.IntN(24)).Add(time.Duration(c.rng.IntN(20*24)) * time.Hour)
	d.End = d.Start.Add(time.Duration(1+c.rng.IntN(4)) * 30 * time.Minute)
	d.HTML = c.rng.IntN(4) > 0
	if !d.HTML {
		d.Body = "Agenda\r\n\r\n1. cake"
	}
	if c.rng.IntN(2) == 0 {
		d.Attendees = append(d.Attendees, c.people[0].Address(), c.people[1].Address())
	}
	if c.rng.IntN(3) == 0 {
		d.Zone = []string{"UTC", "W. Europe Standard Time", "Pacific Standard Time"}[c.rng.IntN(3)]
		d.Recurrence = &simulator.Recurrence{Pattern: []string{"weekly", "daily"}[c.rng.IntN(2)], Count: 2 + c.rng.IntN(8), Interval: 1 + c.rng.IntN(2)}
	}
	e := person.Create(d)
	c.tell("%s: makes %q at %q %s, series %v", person.Address(), e.Subject, e.Location, e.Start.Format("01-02 15:04"), d.Recurrence != nil)
}

// edit changes an event in one of the ways there are.
func (c *chance) edit(person *simulator.Mailbox, e simulator.Event) (what string, err error) {
	if e.Recurrence != nil && c.rng.IntN(2) == 0 {
		return c.editSeries(person, e)
	}
	switch c.rng.IntN(11) {
	case 0:
		return "renames", person.Edit(e.ID, func(d *simulator.Draft) { d.Subject = fmt.Sprint("Renamed ", c.rng.IntN(1000)) })
	case 1:
		return "moves", person.Move(e.ID, e.Start.Add(time.Duration(1+c.rng.IntN(5))*time.Hour))
	case 2:
		return "moves far", person.Move(e.ID, e.Start.Add(time.Duration(100+c.rng.IntN(200))*24*time.Hour))
	case 3, 4:
		location := locations[c.rng.IntN(len(locations))]
		return "types " + location + " into", person.Edit(e.ID, func(d *simulator.Draft) { d.Location = location })
	case 5:
		return "cancels", person.Cancel(e.ID)
	case 6:
		return "deletes", person.Delete(e.ID)
	case 7:
		person.Copy(e.ID)
		return "copies", nil
	case 8, 9:
		return c.odd(person, e)
	default:
		return c.write(person, e)
	}
}

// write puts a line above all others.
func (c *chance) write(person *simulator.Mailbox, e simulator.Event) (what string, err error) {
	return "writes into", person.Edit(e.ID, func(d *simulator.Draft) {
		if d.HTML {
			d.Body = fmt.Sprintf("<p>note%d</p>%s", c.rng.IntN(1000), d.Body)
		} else {
			d.Body = fmt.Sprintf("note%d\r\n%s", c.rng.IntN(1000), d.Body)
		}
	})
}

func (c *chance) editSeries(person *simulator.Mailbox, e simulator.Event) (what string, err error) {
	days := person.Dates(e.ID, time.Now(), time.Now().Add(ahead))
	if len(days) < 2 {
		return "finds over", nil
	}
	day := days[c.rng.IntN(len(days))]
	switch c.rng.IntN(6) {
	case 0:
		return "cancels " + day + " of", person.CancelOccurrence(e.ID, day)
	case 1:
		return "renames " + day + " of", person.EditOccurrence(e.ID, day, func(d *simulator.Draft) { d.Subject = fmt.Sprint("Once ", c.rng.IntN(1000)) })
	case 2:
		by := time.Duration(1+c.rng.IntN(3)) * time.Hour
		if c.rng.IntN(4) == 0 {
			by = time.Duration(100+c.rng.IntN(200)) * 24 * time.Hour
		}
		return "moves " + day + " of", person.EditOccurrence(e.ID, day, func(d *simulator.Draft) { d.Start, d.End = d.Start.Add(by), d.End.Add(by) })
	case 3:
		location := locations[c.rng.IntN(len(locations))]
		return "types " + location + " into " + day + " of", person.EditOccurrence(e.ID, day, func(d *simulator.Draft) { d.Location = location })
	case 4:
		return "ends on " + day, person.EndSeries(e.ID, day)
	default:
		slices.Sort(days) // one that was moved stands at its new place, and a series is not split at its first day
		day = days[1+c.rng.IntN(len(days)-1)]
		_, err := person.SplitSeries(e.ID, day, func(d *simulator.Draft) { d.Subject = "Split" })
		return "splits at " + day, err
	}
}

// atWebex lets the host of a meeting change or delete it at Webex, or one of its occurrences: such as are near enough to be compared
// daily.
func (c *chance) atWebex() {
	live := slices.DeleteFunc(c.world.Live(), func(m simulator.Meeting) bool { return m.Host == c.carol.Address() })
	if len(live) == 0 {
		return
	}
	m := live[c.rng.IntN(len(live))]
	id := m.ID
	if days := c.world.Occurrences(id, time.Now().AddDate(0, 0, 28)); m.Recurrence != "" && len(days) > 0 && c.rng.IntN(3) > 0 {
		id = days[c.rng.IntN(len(days))]
	}
	what, change := "renames", func(m *simulator.Meeting) { m.Title = fmt.Sprint("At Webex ", c.rng.IntN(1000)) }
	switch c.rng.IntN(4) {
	case 0:
		what, change = "lengthens", func(m *simulator.Meeting) { m.End = m.End.Add(30 * time.Minute) }
	case 1:
		what, change = "moves", func(m *simulator.Meeting) { m.Start, m.End = m.Start.Add(-time.Hour), m.End.Add(-time.Hour) }
	case 2:
		c.tell("at Webex %s deletes %s", m.Host, id)
		c.must(c.world.DeleteMeeting(id))
		return
	}
	c.tell("at Webex %s %s %s", m.Host, what, id)
	c.must(c.world.ChangeMeeting(id, change))
}

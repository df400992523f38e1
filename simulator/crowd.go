package simulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Crowd is the owners of some mailboxes who edit their calendars at random, the same for the same seed and the same clock. It keeps
// no time of its own: each Act is one thing that one person does now.
type Crowd struct {
	w     *World
	rng   *rand.Rand
	boxes []*Mailbox
	habit Habit
	n     int
}

// Habit says what the people of a crowd do.
type Habit struct {
	Singles     bool // no recurring appointments
	Keywords    []string
	Days        int  // how far ahead appointments are made; 0 = 60
	HostsAct    bool // hosts delete meetings at Webex now and then
	HandsOnText bool // people delete and overtype join blocks, and copy appointments with them
}

// Act is something that a person did.
type Act struct {
	Who, What string
	Event     Event // as it stands after
}

func (a Act) String() string {
	return fmt.Sprintf("%s %s: %q at %q, %s", a.Who, a.What, a.Event.Subject, a.Event.Location, a.Event.Start.Format("Mon 2 Jan 15:04"))
}

// Crowd gathers the owners of the mailboxes.
func (w *World) Crowd(seed uint64, habit Habit, boxes ...*Mailbox) *Crowd {
	if habit.Days == 0 {
		habit.Days = 60
	}
	if habit.Keywords == nil {
		habit.Keywords = []string{"@webex", "@webex:onetime", "@meet:onetime", "Room 4; @Webex:myroom", "@webex:onetime, Room 7"}
	}
	return &Crowd{w: w, rng: newRand(seed, "crowd"), boxes: boxes, habit: habit}
}

var topics = []string{"Budget", "Weekly sync", "Design review", "Interview", "Retrospective", "Customer call", "Planning", "One to one"}

// Act lets one person do one thing.
func (c *Crowd) Act() Act {
	m := c.boxes[c.rng.IntN(len(c.boxes))]
	var mine []Event
	for _, e := range m.Events() {
		if e.IsOrganizer && !e.Cancelled && (e.End.After(c.w.now()) || e.Recurrence != nil) {
			mine = append(mine, e)
		}
	}
	if len(mine) == 0 || c.rng.IntN(4) == 0 && len(mine) < 30 {
		return c.create(m)
	}
	e := mine[c.rng.IntN(len(mine))]
	acts := []func(*Mailbox, Event) string{c.move, c.rename, c.write, c.toggle, c.toggle, c.lengthen, c.remove}
	if e.Recurrence != nil {
		acts = append(acts, c.occurrence, c.occurrence)
	}
	if c.habit.HandsOnText {
		acts = append(acts, c.hands)
	}
	if c.habit.HostsAct {
		acts = append(acts, c.host)
	}
	what := acts[c.rng.IntN(len(acts))](m, e)
	if now, ok := m.Event(e.ID); ok {
		e = now
	}
	return Act{m.Address(), what, e}
}

func (c *Crowd) create(m *Mailbox) Act {
	c.n++
	start := c.w.now().UTC().Truncate(time.Hour).AddDate(0, 0, 1+c.rng.IntN(c.habit.Days)).Add(time.Duration(c.rng.IntN(8)) * time.Hour)
	topic := topics[c.rng.IntN(len(topics))]
	d := Draft{
		Subject: fmt.Sprintf("%s %d", topic, c.n), Location: c.place(), HTML: c.rng.IntN(4) > 0,
		Start: start, End: start.Add(time.Duration(1+c.rng.IntN(6)) * 30 * time.Minute),
	}
	d.Body = fmt.Sprintf("Dear all, item %d of %s. Regards, %s", c.n, topic, m.name)
	if d.HTML {
		d.Body = fmt.Sprintf("<p>Dear all,</p><p>item <b>%d</b> of&nbsp;%s.</p><p>Regards,<br>%s</p>", c.n, topic, m.name)
	}
	if other := c.boxes[c.rng.IntN(len(c.boxes))]; other != m {
		d.Attendees = []string{other.Address()}
	}
	what := "makes"
	if !c.habit.Singles && c.rng.IntN(3) == 0 {
		what = "makes a series"
		d.Recurrence = &Recurrence{Pattern: []string{"daily", "weekly", "absoluteMonthly"}[c.rng.IntN(3)], Count: 2 + c.rng.IntN(8)}
		d.Recurrence.DayOfMonth = min(start.Day(), 28)
	}
	return Act{m.Address(), what, m.Create(d)}
}

func (c *Crowd) place() string {
	if c.rng.IntN(3) == 0 {
		return []string{"", "Room 4", "Café; ground floor"}[c.rng.IntN(3)]
	}
	return c.habit.Keywords[c.rng.IntN(len(c.habit.Keywords))]
}

func (c *Crowd) move(m *Mailbox, e Event) string {
	_ = m.Move(e.ID, e.Start.AddDate(0, 0, c.rng.IntN(3)).Add(time.Duration(1+c.rng.IntN(3))*time.Hour))
	return "moves"
}

func (c *Crowd) lengthen(m *Mailbox, e Event) string {
	_ = m.Edit(e.ID, func(d *Draft) { d.End = d.Start.Add(time.Duration(2+c.rng.IntN(6)) * 20 * time.Minute) })
	return "changes the length of"
}

func (c *Crowd) rename(m *Mailbox, e Event) string {
	c.n++
	_ = m.Edit(e.ID, func(d *Draft) { d.Subject = fmt.Sprintf("%s %d", topics[c.rng.IntN(len(topics))], c.n) })
	return "renames"
}

// write types a line above or below what is there.
func (c *Crowd) write(m *Mailbox, e Event) string {
	c.n++
	text := fmt.Sprintf("PS %d.", c.n)
	_ = m.Edit(e.ID, func(d *Draft) {
		switch {
		case !d.HTML:
			d.Body += "\n" + text
		case c.rng.IntN(2) == 0:
			d.Body = strings.Replace(d.Body, "<p>", "<p>"+text+"</p><p>", 1)
		default:
			d.Body = beforeEnd(d.Body, "<p>"+text+"</p>")
		}
	})
	return "writes more into"
}

// toggle types another location: a keyword, another one, or none.
func (c *Crowd) toggle(m *Mailbox, e Event) string {
	place := c.place()
	_ = m.Edit(e.ID, func(d *Draft) { d.Location = place })
	return "changes the location of"
}

func (c *Crowd) remove(m *Mailbox, e Event) string {
	if c.rng.IntN(2) == 0 {
		_ = m.Cancel(e.ID)
		return "cancels"
	}
	_ = m.Delete(e.ID)
	return "deletes"
}

// occurrence edits or cancels one date of a series.
func (c *Crowd) occurrence(m *Mailbox, e Event) string {
	dates := m.Dates(e.ID, c.w.now(), c.w.now().AddDate(1, 0, 0))
	if len(dates) < 2 {
		return c.rename(m, e)
	}
	date := dates[c.rng.IntN(len(dates))]
	switch c.rng.IntN(3) {
	case 0:
		_ = m.CancelOccurrence(e.ID, date)
		return "cancels " + date + " of"
	case 1:
		_ = m.EditOccurrence(e.ID, date, func(d *Draft) { d.Subject += " (special)" })
		return "renames " + date + " of"
	}
	_ = m.EditOccurrence(e.ID, date, func(d *Draft) { d.Start, d.End = d.Start.Add(time.Hour), d.End.Add(time.Hour) })
	return "moves " + date + " of"
}

// hands does to the join block what people do.
func (c *Crowd) hands(m *Mailbox, e Event) string {
	switch {
	case m.Block(e.ID) == "" || c.rng.IntN(3) == 0:
		m.Copy(e.ID)
		return "copies"
	case c.rng.IntN(2) == 0:
		_ = m.DeleteBlock(e.ID)
		return "deletes the join details of"
	}
	_ = m.AlterBlock(e.ID, 0, "Click:")
	return "overtypes the join details of"
}

// host deletes a meeting at Webex.
func (c *Crowd) host(m *Mailbox, e Event) string {
	for _, met := range c.w.Live() {
		if met.Host == m.Address() && strings.Contains(e.Body, met.Link) && !slices.Contains(met.Dropped, "") {
			_ = c.w.DeleteMeeting(met.ID)
			return "deletes the Webex meeting of"
		}
	}
	return c.rename(m, e)
}

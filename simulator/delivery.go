package simulator

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Mail is one message that went out to people because an appointment or a meeting changed.
type Mail struct {
	At      time.Time
	By      Cause    // who caused it
	Request int64    // the request that caused it; 0 = none did
	From    string   // organiser or host
	Event   string   // immutable id of the event in the organiser's mailbox; "" for mails of Webex
	Meeting string   // Webex meeting id; "" for mails of Exchange
	Kind    string   // invitation, update, cancellation
	To      []string // addresses
}

// Cause says whose doing something was.
type Cause string

const (
	Person Cause = "person" // somebody in a calendar client
	Client Cause = "client" // the program under test
	Host   Cause = "host"   // somebody at Webex
)

type cause struct {
	kind    Cause
	request int64
}

// Mails lists what went out, oldest first.
func (w *World) Mails() []Mail {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.mails)
}

// ClearMails forgets what went out so far.
func (w *World) ClearMails() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = nil
}

// invite sends a new appointment to its attendees.
func (m *Mailbox) invite(it *item, c cause) {
	if it.mine && !it.draft {
		m.mail(it, ref{key: it.key}, c, "invitation", it.attendees)
		m.deliver(it)
	}
}

// update sends a changed appointment to its attendees and brings their copies up to date.
func (m *Mailbox) update(it *item, r ref, c cause) {
	if !it.mine || it.draft {
		return
	}
	kind := "update"
	if it.cancelled {
		kind = "cancellation"
	}
	to := it.attendees
	if r.date != "" {
		to = it.merged(r.date, true).attendees
	}
	m.mail(it, r, c, kind, to)
	m.deliver(it)
}

// withdraw cancels the appointment in the attendees' calendars.
func (m *Mailbox) withdraw(it *item, c cause) {
	if it.mine && !it.draft {
		m.mail(it, ref{key: it.key}, c, "cancellation", it.attendees)
		gone := it.clone()
		gone.cancelled = true
		m.deliver(gone)
	}
}

func (m *Mailbox) mail(it *item, r ref, c cause, kind string, to []attendee) {
	if len(to) == 0 {
		return
	}
	mail := Mail{At: m.w.now(), By: c.kind, Request: c.request, From: m.address, Event: m.stamp.id(r, true), Kind: kind}
	for _, a := range to {
		mail.To = append(mail.To, a.address)
	}
	m.w.mails = append(m.w.mails, mail)
}

// deliver writes the organiser's state into the copies of all attendees that have a mailbox here. A copy has ids of its own,
// the same iCalUId, and no extended properties (microsoft-graph.md 3.1).
func (m *Mailbox) deliver(it *item) {
	invited := map[*Mailbox]bool{}
	for _, a := range m.invited(it) {
		to := m.w.names[strings.ToLower(a)]
		if to == nil || to == m || invited[to] {
			continue
		}
		invited[to] = true
		to.accept(it)
	}
}

// invited lists the attendees of a series or of any of its exceptions.
func (m *Mailbox) invited(it *item) []string {
	var all []string
	for _, a := range it.attendees {
		all = append(all, a.address)
	}
	for _, x := range it.exceptions {
		for _, a := range x.attendees {
			all = append(all, a.address)
		}
	}
	return all
}

// accept makes or renews the mailbox's copy of somebody's appointment.
func (m *Mailbox) accept(from *item) {
	it := from.clone()
	it.key, it.mine, it.props, it.transaction, it.response = "", false, nil, "", "notResponded"
	if have := m.items[m.copies[from.uid]]; have != nil {
		it.key, it.created, it.response = have.key, have.created, have.response
	}
	if it.key == "" {
		if it.cancelled {
			return
		}
		it.key = m.newKey()
	}
	it.exceptions = map[string]*exception{}
	for date, x := range from.exceptions {
		y := *x
		y.props = nil
		it.exceptions[date] = &y
	}
	if m.purpose == "room" {
		it.response = "accepted"
		if !m.comments {
			m.stripComments(it)
		}
	}
	m.store(it)
}

// stripComments is what a room does with DeleteComments set: the body goes (webex.md 1.8).
func (m *Mailbox) stripComments(it *item) {
	it.body = body{html: true, content: emptyHTML}
	for date, x := range it.exceptions {
		if x.body != nil {
			y := *x
			y.body = nil
			it.exceptions[date] = &y
		}
	}
}

// newUID makes an iCalUId in Exchange's manner: the same for all copies of an appointment.
func newUID(rng *rand.Rand) string {
	return "040000008200E00074C5B7101A82E00800000000" + strings.ToUpper(hex.EncodeToString(randomBytes(rng, 36)))
}

// icalUID differs per occurrence of a series (microsoft-graph.md 2.1).
func (it *item) icalUID() string {
	if it.master == "" {
		return it.uid
	}
	return it.uid[:32] + strings.ReplaceAll(it.master, "-", "") + it.uid[40:]
}

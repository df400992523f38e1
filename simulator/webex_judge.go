package simulator

import "slices"

// What the audit has to say about calls of Webex as they are made.

// mailed notes the mails of Webex; there should never be any, the calendar is the invitation (webex.md 2.2).
func (c *call) mailed(send bool, met *meeting, kind string) {
	if !send {
		return
	}
	mail := Mail{At: c.w.now(), By: Client, Request: c.N, From: met.host.email, Meeting: met.id, Kind: kind, To: []string{met.host.email}}
	for _, i := range met.invitees {
		mail.To = append(mail.To, i.email)
	}
	c.w.mails = append(c.w.mails, mail)
	c.w.violated(Violation{Promise: "P6", Request: c.N, Mailbox: met.host.email, Event: met.id, Text: "Webex was told to send mail (sendEmail is not false)"})
}

// judgeDelete looks at a deletion by the client before it is done.
func (c *call) judgeDelete(met *meeting, at *sitting) {
	fail := func(promise, text string) {
		c.w.violated(Violation{Promise: promise, Request: c.N, Mailbox: met.host.email, Event: c.Item, Text: text})
	}
	if !met.byClient {
		fail("P2", "the client deleted a meeting that it had not made")
		return
	}
	if at != nil {
		return
	}
	for _, e := range met.events {
		if e.box.stillWants(e.r, met) {
			fail("P1", "the client deleted the meeting of event "+e.box.stamp.id(e.r, true)+", which still wants it")
		}
	}
}

// stillWants tells whether an event that shows the meeting asks for the same as when it was written, and the client knows that.
func (m *Mailbox) stillWants(r ref, met *meeting) bool {
	it := m.items[r.key]
	if it == nil || m.withdrawn || r.date != "" && (!it.series() || !it.has(r.date)) {
		return false
	}
	read := m.served[r.key] >= it.version
	if r.date != "" {
		it = it.merged(r.date, true)
	}
	s := m.storyOf(r)
	return read && slices.Contains(s.links, met.link) && s.asked != "" && s.asked == m.asks(r, it)
}

func (c *call) judgePatch(met *meeting) {
	if !met.byClient {
		c.w.violated(Violation{Promise: "P2", Request: c.N, Mailbox: met.host.email, Event: c.Item, Text: "the client changed a meeting that it had not made"})
	}
}

package parser

import (
	"fmt"
	"slices"
	"strings"
)

// Candidate is one of the things that a text may be joined by.
type Candidate struct {
	Rule          string // what it was recognised by
	Rank          int    // see the Rank constants; among equals the first in the text wins
	Where         string // "location", "body" or "online"
	Offset        int    // in the text that a reader sees, in bytes
	Provider      string
	URL           string
	MeetingNumber string // as far as the candidate itself holds it
	Passcode      string
	SIP           string
	Undone        []string // rewriters that were undone, outermost first
}

// Ranks of candidates, best first.
const (
	RankOwn             = 1 // what syncd wrote itself, which the text alone does not tell
	RankWebexLocation   = 2 // a Webex link or address in the location
	RankAddressLocation = 3 // another video address there
	RankLinkLocation    = 4 // another meeting link there
	RankOnline          = 5 // onlineMeeting.joinUrl
	RankBody            = 6 // any of them in the body, in reading order
	RankWeak            = 7 // what counts only where there is nothing else
)

// candidate is a finding with its place in the order.
type candidate struct {
	*finding
	rank int
	in   *reader // nil for the online meeting
}

func (r *reader) scanHTML(body string) {
	text := visibleText(body, r)
	links := len(r.found)
	r.scan(text)
	if links > 0 && links < len(r.found) {
		slices.SortStableFunc(r.found, func(a, b finding) int { return a.at - b.at })
	}
}

// reference takes a link's target out of HTML. A mail link is judged by the text
// that shows it, unless its host is one that devices dial.
func (r *reader) reference(at int, href string) {
	scheme, rest, _ := strings.Cut(href, ":")
	switch scheme = lowerASCII(scheme); scheme {
	case "http", "https":
		r.offer(href[:linkEnd(href)], at, at)
	case "msteams", "zoommtg", "zoomus", "zoomrc", "sip", "sips", "h323":
		inner := reader{Parser: r.Parser, event: r.event, where: r.where, denied: r.denied}
		inner.scan(unescape(href))
		for _, f := range inner.found[:min(len(inner.found), most-len(r.found))] {
			f.at, f.end = at, at
			r.found = append(r.found, f)
		}
	case "tel":
		r.tones(unescape(rest), at, at)
	case "mailto":
		address, _, _ := strings.Cut(unescape(rest), "?")
		user, host, _ := strings.Cut(address, "@")
		host = lowerASCII(host)
		d := r.rules.dialled(lowerASCII(user), host)
		if d == nil || d.gateway != "" || !plainHost(host) || !plainUser(user) || isRole(user) || len(r.found) >= most {
			return
		}
		r.found = append(r.found, finding{at: at, end: at, service: d.service, rule: "address at " + d.host, sip: address, second: d.second})
	}
}

// Candidates lists all that Parse chooses from, best first.
func (p *Parser) Candidates(t Text) []Candidate { return p.listed(t, nil) }

func (p *Parser) listed(t Text, denied *[]Denial) []Candidate {
	p = p.orBuiltin()
	e := p.read(t, denied)
	defer p.forget(e)
	list := p.candidates(e)
	out := make([]Candidate, 0, len(list))
	for _, c := range list {
		where := "online"
		if c.in != nil {
			where = c.in.where
		}
		out = append(out, Candidate{
			Rule: c.ruleText(), Rank: c.rank, Where: where, Offset: c.at, Provider: c.provider(),
			URL: c.url, MeetingNumber: c.number, Passcode: c.passcode, SIP: c.sip, Undone: names(c.undone),
		})
	}
	return out
}

// ruleText says what a finding was recognised by, and where that is written.
func (f *finding) ruleText() string {
	if f.path == nil {
		return f.rule
	}
	return fmt.Sprintf("%s %s (%s)", f.service.id, f.path.text, f.service.place(f.path.line))
}

func (f *finding) provider() string {
	switch {
	case f.service != nil:
		return f.service.id
	case f.h323:
		return "h323"
	case f.sip != "":
		return "sip"
	}
	return ""
}

// candidates gathers what was found, in the order in which it counts.
func (p *Parser) candidates(e *event) []candidate {
	list := e.list[:0]
	for _, r := range [...]*reader{&e.location, &e.body} {
		r.settle()
		for i := range r.found {
			if f := &r.found[i]; !f.tone {
				list = append(list, candidate{f, rank(f, r == &e.location), r})
			}
		}
	}
	if e.Online != "" {
		r := reader{Parser: p, event: e, where: "online", denied: e.body.denied}
		r.offer(e.Online, 0, 0)
		for i := range r.found {
			list = append(list, candidate{finding: &r.found[i], rank: RankOnline})
		}
	}
	if len(list) > 1 {
		slices.SortStableFunc(list, func(a, b candidate) int { return a.rank - b.rank })
	}
	e.list = list
	return list
}

func rank(f *finding, location bool) int {
	switch {
	case f.weak:
		return RankWeak
	case !location:
		return RankBody
	case f.service != nil && f.service.id == "webex":
		return RankWebexLocation
	case f.sip != "":
		return RankAddressLocation
	}
	return RankLinkLocation
}

// shownBy reports whether a link is what the one before it shows: the same, or
// another of the same service as the text of a reference.
func (f *finding) shownBy(text *finding) bool {
	if f.url == "" || text.url == "" {
		return false
	}
	const near = len(noWidth) + len(" ")
	return f.url == text.url || f.at == f.end && text.at-f.at <= near && text.end > text.at && f.service == text.service
}

// settle drops what the text around it does not bear out, and completes what is
// in two places of it.
func (r *reader) settle() {
	if len(r.found) == 0 {
		return
	}
	kept := r.found[:0]
	for i := range r.found {
		f := &r.found[i]
		if f.gateway != "" && !r.complete(f) {
			if r.explains() {
				r.deny(f.sip, f.at, nil, "a gateway's address, and no number of a meeting below it")
			}
			continue
		}
		if n := len(kept); n > 0 && kept[n-1].shownBy(f) {
			kept[n-1].end = max(kept[n-1].end, f.end)
			if kept[n-1].number == "" {
				kept[n-1].number = f.number
			}
			continue
		}
		if kept = kept[:len(kept)+1]; len(kept) <= i {
			kept[len(kept)-1] = *f
		}
	}
	clear(r.found[len(kept):])
	r.found = kept
}

package parser

import (
	"strings"
)

// finding is something in a text that joins a meeting, or half does.
type finding struct {
	at, end  int // in the visible text
	service  *service
	path     *rule // what a link was recognised by
	undone   []*rewriter
	rule     string // what anything else was, for people
	url      string
	number   string
	passcode string
	sip      string
	h323     bool
	second   bool   // an address to take only where there is no other
	gateway  string // the order in which a gateway's address is put together
	weak     bool
	tone     bool // only a number keyed in on a telephone
}

// most bounds the findings kept of one text. Whoever writes a thousand links
// into an invitation is not read to the end.
const most = 1000

// reader goes over one text once and gathers what it finds.
type reader struct {
	*Parser
	where   string // "location" or "body"
	event   *event
	text    string
	found   []finding
	keyword Keyword
	notYet  bool      // a link to register by, or to a recording
	denied  *[]Denial // nil unless somebody asks why
	looked  int       // addresses whose surroundings were read
	about   span      // the part of the text that is about the meeting, once that was chosen
	done    int       // everything before it is part of something found
}

// Bytes that something can be found at: the colon and slash of a link, the at
// sign of an address or a keyword, the first byte of a full-width at sign, the
// number signs between an H.323 host and its meeting.
var scanStops = byteSet(":/@\xef#")

func (r *reader) scan(text string) {
	r.text = text
	for i := 0; i < len(text); {
		if !scanStops[text[i]] {
			i++
			continue
		}
		var next int
		switch text[i] {
		case ':':
			next = r.colon(i)
		case '/':
			next = r.slash(i)
		case '#':
			next = r.twoHashes(i)
		default:
			next = r.atSign(i)
		}
		if next > i+1 {
			r.done = next
		}
		i = next
	}
}

// Bytes that the schemes without slashes end in: sip, sips, h323, tel, xmpp, im.
var schemeEnds = byteSet("pPsS3lLmM")

// colon looks at what a colon ends the scheme of.
func (r *reader) colon(i int) int {
	rest := r.text[i+1:]
	if i == r.done || rest == "" || rest[0] <= ' ' || rest[0] != '/' && !schemeEnds[r.text[i-1]] {
		return i + 1
	}
	start := i
	for start > r.done && i-start < 10 && isAlnum(r.text[start-1]) {
		start--
	}
	scheme := r.text[start:i]
	switch {
	case scheme == "":
	case strings.HasPrefix(rest, "//"):
		if at := schemeStart(scheme); at >= 0 {
			return r.linkAt(start+at, i)
		}
		return r.appLink(start, i, lowerASCII(scheme))
	case strings.EqualFold(scheme, "sip"), strings.EqualFold(scheme, "sips"), strings.EqualFold(scheme, "h323"):
		return r.dialLink(start, i+1, strings.EqualFold(scheme, "h323"))
	case strings.EqualFold(scheme, "tel"):
		end := i + 1 + linkEnd(r.text[i+1:])
		r.tones(r.text[i+1:end], start, end)
		return end
	case strings.EqualFold(scheme, "xmpp"), strings.EqualFold(scheme, "im"):
		return i + 1 + linkEnd(r.text[i+1:])
	}
	return i + 1
}

// linkAt reads the link that starts at start and has its colon at colon.
func (r *reader) linkAt(start, colon int) int {
	body := colon + len("://")
	end := body + linkEnd(r.text[body:])
	raw := trimLink(r.text, start, end)
	if start > 0 && r.text[start-1] == '<' {
		if whole, after := unfold(r.text, start, end); after > end {
			raw, end = whole, after
		}
	} else if end < len(r.text) && r.text[end] <= '\r' {
		if whole, after := rejoin(r.text, start, end); after > end && r.joins(whole) {
			raw, end = whole, after
		}
	}
	r.offer(raw, start, end)
	return end
}

// joins reports whether a link is one of a meeting.
func (r *reader) joins(raw string) bool {
	var l unwrapped
	if !l.split(undoAmp(raw)) || !r.rules.unwrap(&l) {
		return false
	}
	_, ok := r.rules.classifyBy(l.groups, &l.link, r)
	return ok
}

// slash looks at what may be a link that was written without its scheme.
func (r *reader) slash(i int) int {
	start := i
	for start > r.done && i-start < longestHost && (isAlnum(r.text[start-1]) || r.text[start-1] == '.' || r.text[start-1] == '-') {
		start--
	}
	host := r.text[start:i]
	if len(host) < len("a.bc") || strings.IndexByte(host, '.') < 0 || start > 0 && strings.IndexByte("/@:\\=%_&?+~", r.text[start-1]) >= 0 {
		return i + 1
	}
	if r.rules.groupsOf(lowerASCII(host)) == nil {
		return i + 1
	}
	end := i + linkEnd(r.text[i:])
	if end-start < longestLink {
		r.offer("https://"+trimLink(r.text, start, end), start, end)
	}
	return end
}

// offer takes a link as it was written, and keeps it if it joins a meeting.
func (r *reader) offer(raw string, at, end int) {
	if len(r.found) >= most || len(raw) > longestLink {
		return
	}
	var l unwrapped
	if !l.split(undoAmp(raw)) {
		if r.explains() {
			r.deny(raw, at, nil, "no web address: a user, or an odd host or port")
		}
		return
	}
	if !r.rules.unwrap(&l) {
		r.hint(&l, at, end)
		return
	}
	if f, ok := r.gatewayLink(&l.link); ok {
		f.at, f.end, f.undone = at, end, l.undone()
		r.found = append(r.found, f)
		return
	}
	if v, ok := r.rules.classifyBy(l.groups, &l.link, r); ok {
		r.found = append(r.found, finding{
			at: at, end: end, service: v.group.service, path: v.rule, url: l.raw, undone: l.undone(),
			number: v.number, passcode: v.passcode, weak: v.group.weak,
		})
		return
	}
	if indexFold(l.path, "regist") >= 0 || indexFold(l.path, "/rec") >= 0 {
		r.notYet = true
	}
	if r.explains() {
		r.deny(l.raw, at, l.undone(), r.rules.why(&l.link))
	}
}

// hint keeps the service whose host a link names that cannot be undone.
func (r *reader) hint(l *unwrapped, at, end int) {
	for _, g := range r.rules.groupsOf(l.hint) {
		if !g.excludes(l.hint) && !g.weak && len(g.near) == 0 {
			r.found = append(r.found, finding{at: at, end: end, service: g.service, rule: "host named by a rewriter", weak: true, undone: l.undone()})
			return
		}
	}
	if r.explains() {
		list := l.undone()
		last := len(list) - 1
		r.deny(l.raw, at, list[:last], "a link of "+list[last].id+" that cannot be undone from the text")
	}
}

// appLink reads the link of an application's own scheme, as the link that a
// browser opens for it.
func (r *reader) appLink(start, colon int, scheme string) int {
	body := colon + len("://")
	end := body + linkEnd(r.text[body:])
	raw := "https" + trimLink(r.text, colon, end)
	switch scheme {
	case "msteams":
		r.offer(raw, start, end)
	case "zoommtg", "zoomus", "zoomrc":
		l, ok := splitLink(raw)
		if number := value(l.query, "confno"); ok && number != "" {
			raw = "https://" + l.host + "/j/" + number
			if hash := value(l.query, "pwd"); hash != "" {
				raw += "?pwd=" + hash
			}
			r.offer(raw, start, end)
		}
	}
	return end
}

package parser

import (
	"strings"
	"unicode/utf8"
)

// atSign looks at what an at sign is the middle or the start of.
func (r *reader) atSign(i int) int {
	width := atSign(r.text[i:])
	if width == 0 {
		return i + 1
	}
	if next := i + width; next == len(r.text) || !isAlnum(r.text[next]) && r.text[next] < utf8.RuneSelf {
		return next
	}
	start := i
	for start > r.done && i-start < longestUser && userBytes[r.text[start-1]] {
		start--
	}
	if start < i && width == 1 {
		if end := r.address(start, i); end > i+1 {
			return end
		}
	}
	if !r.keyword.found() {
		if k, ok := keywordAt(r.text, i, width); ok {
			r.keyword = k
		}
	}
	return i + width
}

func (k Keyword) found() bool { return k.Word != "" }

// longestUser is the length of a mailbox name at most (RFC 5321, 4.5.3.1.1).
const longestUser = 64

var userBytes = byteSet(digitChars + lowerChars + upperChars + "._-+%")

// plainUser reports whether user is what the scan would take for one.
func plainUser(user string) bool {
	for i := 0; i < len(user); i++ {
		if !userBytes[user[i]] {
			return false
		}
	}
	return user != "" && len(user) <= longestUser
}

// hostEnd is the length of the host name that s starts with.
func hostEnd(s string) int {
	n := 0
	for n < len(s) && n < longestHost && (isAlnum(s[n]) || s[n] == '.' || s[n] == '-') {
		n++
	}
	for n > 0 && !isAlnum(s[n-1]) {
		n--
	}
	return len(unglued(s[:n]))
}

// unglued cuts off the sentence that was glued to a host, as in
// "acme.webex.comYou can also dial".
func unglued(host string) string {
	for i := strings.LastIndexByte(host, '.') + 2; i < len(host); i++ {
		if host[i]-'A' < 26 && host[i-1]-'a' < 26 {
			return host[:i]
		}
	}
	return host
}

// address judges the address whose user starts at start and whose at sign is at at.
func (r *reader) address(start, at int) int {
	end := at + 1 + hostEnd(r.text[at+1:])
	user, host := strings.TrimLeft(r.text[start:at], "._-+%"), lowerASCII(r.text[at+1:end])
	if user == "" || !plainHost(host) {
		return at + 1
	}
	if r.text[start] == '.' && user == r.text[start+1:at] { // what an address is to end in, as in ".acme@m.webex.com"
		return end
	}
	if end < len(r.text) && (r.text[end] == '@' || r.text[end] == '_') || len(r.found) >= most {
		return end
	}
	f, why := r.dialable(user, host, start, end)
	if why != "" {
		if r.explains() {
			r.deny(user+"@"+r.text[at+1:end], start, nil, why)
		}
		return end
	}
	f.at, f.end, f.sip = start, end, user+"@"+r.text[at+1:end]
	r.found = append(r.found, f)
	return end
}

// mostAddresses bounds the addresses whose surroundings are read.
const mostAddresses = 2000

// dialable reports whether an address is one that video devices dial: by its
// host, by being all digits, or because the text around it says so. A mail
// address is none whatever it looks like; why tells that.
func (r *reader) dialable(user, host string, start, end int) (f finding, why string) {
	if r.rules.mail(host) {
		return finding{}, "an address of a host that has mailboxes only"
	}
	if isRole(user) {
		return finding{}, "a mailbox that people write to"
	}
	if d := r.rules.dialled(lowerASCII(user), host); d != nil {
		return finding{service: d.service, rule: "address at " + d.host, second: d.second, gateway: d.gateway}, ""
	}
	if r.looked++; r.looked > mostAddresses {
		return finding{}, "too many addresses in one text"
	}
	said := r.around(start, end)
	digits := allDigits(user) && len(user) >= 3
	if f, ok := r.ownGateway(end); ok && (digits || said&meansDial != 0) {
		if digits {
			f.gateway = "tenant.video"
		}
		return f, ""
	}
	switch {
	case isIPv4(host) && !digits:
		return finding{}, "a host without a name, and a user that is no number"
	case said&meansMail != 0 && said&meansDial == 0:
		return finding{}, "the text around it speaks of mail"
	case digits:
		return finding{rule: "address of digits", h323: r.onlyH323(start)}, ""
	case said&meansDial == 0:
		return finding{}, "nothing around it says that it is dialled"
	case said&meansMail != 0:
		return finding{}, "the text around it speaks of dialling and of mail"
	}
	return finding{rule: "address to dial", h323: r.onlyH323(start)}, ""
}

// around is what the sentence around text[start:end] says, or where that says
// nothing and starts with it, the line before.
func (r *reader) around(start, end int) meaning {
	const reach = 160
	from, to := max(r.lineStart(start), start-reach), min(len(r.text), end+reach)
	before, after := r.text[from:start], r.text[end:to]
	before, after = before[sentenceStart(before):], after[:sentenceEnd(after)]
	said := r.words.ofAddress(before) | r.words.ofAddress(after)
	label := strings.Trim(before, "> *•-\t\u00a0")
	label, colon := strings.CutSuffix(label, ":")
	switch {
	case r.inHead(from, start):
		return meansMail
	case colon && r.words.is(strings.TrimSpace(label), meansLabel):
		return meansDial
	}
	if said != 0 || len(before) > 40 {
		return said
	}
	line := strings.TrimRight(r.text[max(0, from-reach):from], "\r\n\t >|")
	line = line[strings.LastIndexByte(line, '\n')+1:]
	if strings.IndexByte(line, '@') >= 0 || strings.Contains(line, "://") {
		return 0
	}
	return r.words.ofAddress(line)
}

// sentenceStart is where the last sentence of a line starts.
func sentenceStart(line string) int {
	for i := len(line); i > 1; i-- {
		if c := line[i-1]; c == ' ' && endsSentence[line[i-2]] || c == 0x82 && strings.HasSuffix(line[:i], "。") {
			return i
		}
	}
	return 0
}

// sentenceEnd is where the first sentence or line of a text ends.
func sentenceEnd(text string) int {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', endsSentence[c] && i+1 < len(text) && text[i+1] == ' ', c == 0xE3 && strings.HasPrefix(text[i:], "。"):
			return i
		}
	}
	return len(text)
}

var endsSentence = byteSet(".?!")

// ofAddress is what a text says of an address in it. A word about dialling counts
// where it starts as a word, and a short one where it ends as one, too: there is a
// bridge in Bridgewater and an endpoint in resolveEndpoints.
func (l *lexicon) ofAddress(text string) (all meaning) {
	const short = 8
	for at := 0; ; {
		w, ok := l.next(text, at)
		if !ok {
			return all & (meansDial | meansMail)
		}
		starts := w.start == 0 || !isLetter(text[w.start-1])
		ends := w.end-w.start >= short || w.end == len(text) || !isLetter(text[w.end]) || text[w.end] == 's'
		if starts && ends {
			all |= w.means
		} else {
			all |= w.means &^ meansDial
		}
		at = w.end
	}
}

// onlyH323 reports whether the line before an address speaks of H.323 and not of
// SIP.
func (r *reader) onlyH323(at int) bool {
	line := r.text[max(r.lineStart(at), at-60):at]
	return (indexFold(line, "h.323") >= 0 || indexFold(line, "h323") >= 0) && indexFold(line, "sip") < 0
}

// inHead reports whether the line of which text[from:at] is the start is one of
// a mail's head, as "From: …".
func (r *reader) inHead(from, at int) bool {
	label, _, ok := strings.Cut(r.text[from:at], ":")
	label = strings.Trim(label, "> *\t\u00a0")
	if !ok || len(label) > 30 {
		return false
	}
	return r.words.is(label, meansHead)
}

func (r *reader) lineStart(at int) int {
	return strings.LastIndexByte(r.text[max(0, at-400):at], '\n') + 1 + max(0, at-400)
}

func isIPv4(host string) bool {
	for i := 0; i < len(host); i++ {
		if !isDigit(host[i]) && host[i] != '.' {
			return false
		}
	}
	return true
}

// isRole reports whether a mailbox name is one that people write to.
func isRole(user string) bool {
	switch lowerASCII(user) {
	case "info", "help", "helpdesk", "support", "service", "servicedesk", "noreply", "no-reply",
		"donotreply", "do-not-reply", "messenger", "admin", "administrator", "webmaster", "postmaster",
		"abuse", "contact", "kontakt", "office", "sales", "press", "privacy", "security", "mail",
		"hello", "team", "events", "invite", "invites", "meetings", "calendar", "notifications", "it":
		return true
	}
	return false
}

package parser

import (
	"strings"
	"unicode/utf8"
)

// readDetails completes the meeting by what is labelled around it.
func (m *meeting) readDetails(location, body *reader) {
	for _, in := range [...]*reader{location, body} {
		from, to := m.segment(in)
		at := m.anchor(in)
		m.readAround(in.text, max(from, at-before), at, min(to, at+after))
		if m.best.passcode == "" && m.best.number != "" {
			m.readElsewhere(in.text, to)
		}
	}
	if m.best.number != "" {
		return
	}
	user, _, _ := strings.Cut(m.sip, "@")
	user, _, _ = strings.Cut(user, ".") // as in <number>.<passcode>@zoomcrc.com
	if len(user) >= 3 && allDigits(user) && !m.throughGateway() {
		m.best.number = user
		return
	}
	for _, in := range [...]*reader{location, body} {
		from, to := m.segment(in)
		for _, f := range in.found {
			if f.tone && f.at >= from && f.at < to && m.best.service != nil && m.best.service.phone && len(f.number) >= 9 {
				m.best.number = f.number
				return
			}
		}
	}
}

// throughGateway reports whether the address is that of an interop gateway, whose
// digits are no number of the meeting.
func (m *meeting) throughGateway() bool {
	for _, c := range m.list {
		if c.sip == m.sip {
			return c.gateway != ""
		}
	}
	return false
}

// How much of a text is read for labels, before the link and behind it.
const (
	before = 1500
	after  = 4000
)

// readAround reads the labels around text[at], mostly behind it. Some write them
// before the link: then those are the nearer ones.
func (m *meeting) readAround(text string, from, at, to int) {
	s := m.best.service
	if m.best.number == "" {
		m.best.number, _ = m.number(text, at, to, s)
	}
	if m.best.number == "" {
		m.best.number, _ = m.number(text, from, at, s)
	}
	if m.best.passcode == "" {
		m.best.passcode, _ = m.passcode(text, at, to, s, m.best.number)
	}
	if m.best.passcode == "" {
		m.best.passcode, _ = m.passcode(text, from, at, s, m.best.number)
	}
	if m.best.passcode == "" && m.best.number != "" {
		m.best.passcode = m.nextLabelled(text, at, to, s, m.best.number)
	}
}

// labelMeanings is what a label can tell of its value.
const labelMeanings = meansPasscode | meansAccess | meansPIN | meansNumber | meansConference | meansElsewhere

// readElsewhere reads what stands below the meeting's number where that is
// repeated behind the links of other meetings.
func (m *meeting) readElsewhere(text string, from int) {
	for i, to := from, min(len(text), from+after); i < to; {
		if !isDigit(text[i]) {
			i++
			continue
		}
		end := digitsEnd(text, i, to)
		if digitsOf(text[i:end]) == m.best.number && standsAsNumber(text, i, end, m.best.service) {
			if next := strings.Index(text[end:to], "://"); next >= 0 {
				to = end + next
			}
			m.best.passcode, _ = m.passcode(text, end, to, m.best.service, m.best.number)
			return
		}
		i = end
	}
}

// nextLabelled is the passcode in a language that words.txt does not know: all
// services write it in the line below the number's. It is read by its place
// alone, so the number's label must be unknown, too, and the value no plain word.
func (p *Parser) nextLabelled(text string, from, to int, s *service, number string) string {
	for i := from; i < to; i++ {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		end := digitsEnd(text, i, to)
		if digitsOf(text[i:end]) != number || !standsAsNumber(text, i, end, s) {
			continue
		}
		label, colon := labelBefore(text, from, i)
		if !colon || p.words.means(label)&labelMeanings != 0 {
			return ""
		}
		line := strings.TrimLeft(text[end:to], " \t\r\n>*_")
		if strings.IndexByte(text[end:to-len(line)], '\n') < 0 {
			return ""
		}
		line, _, _ = strings.Cut(line, "\n")
		label, value, ok := cutColon(line)
		if !ok || len(label) > 60 || p.words.means(label)&labelMeanings != 0 || strings.Contains(strings.TrimSpace(value), " ") {
			return ""
		}
		code, ok := p.typed(value, labelledValue{sure: true}, len(value), number, s)
		if ok && strong(code) && !looksLikeDate(code) {
			return code
		}
		return ""
	}
	return ""
}

// cutColon cuts a line at its first colon, of either width.
func cutColon(line string) (label, value string, ok bool) {
	if label, value, ok = strings.Cut(line, ":"); ok {
		return label, value, true
	}
	return strings.Cut(line, "：")
}

// looksLikeDate reports whether a word is of digits and what separates them.
func looksLikeDate(word string) bool {
	return !allDigits(word) && strings.Trim(word, "0123456789.-/") == ""
}

// number finds the meeting's number in text[from:to]: digits under a label.
// Where the service's links hold no number, the first labelled digits that no
// word forbids are taken in a language that words.txt does not know.
func (p *Parser) number(text string, from, to int, s *service) (digits string, at int) {
	unsure, unsureAt := "", -1
	links := linkSpans{text: text[:to], end: from}
	for i := from; i < to; {
		if !isDigit(text[i]) {
			i++
			continue
		}
		if past := links.past(i); past > i {
			i = past
			continue
		}
		end := digitsEnd(text, i, to)
		start := i
		i = end
		group := digitsOf(text[start:end])
		if len(group) < 5 || len(group) > 15 || !standsAsNumber(text, start, end, s) {
			continue
		}
		label, colon := labelBefore(text, from, start)
		said := p.words.means(label)
		switch {
		case said&(meansElsewhere|meansPasscode|meansPIN) != 0 && said&meansNumber == 0, said&meansElsewhere != 0:
		case said&meansNumber != 0, said&meansAccess != 0 && len(group) >= 9,
			said&meansConference != 0 && s != nil && s.phone:
			return group, start
		case said&meansConference != 0:
		case unsure == "" && s != nil && s.labelled && colon && len(group) >= 9:
			unsure, unsureAt = group, start
		}
	}
	return unsure, unsureAt
}

// linkSpans tells where links lie in a text, for positions that only grow.
type linkSpans struct {
	text       string
	start, end int // of the link last looked at
}

// past is the end of the link that holds position i, or i itself.
func (l *linkSpans) past(i int) int {
	for l.end <= i && l.end < len(l.text) {
		at := strings.Index(l.text[l.end:], "://")
		if at < 0 {
			l.start, l.end = len(l.text), len(l.text)
			return i
		}
		colon := l.end + at
		l.start = colon
		for l.start > l.end && isLetter(l.text[l.start-1]) {
			l.start--
		}
		l.end = colon + len("://") + linkEnd(l.text[colon+len("://"):])
	}
	if i >= l.start && i < l.end {
		return l.end
	}
	return i
}

// digitsEnd is where the digits end that start at text[i], with the single
// blanks, hyphens and dots that group them.
func digitsEnd(text string, i, to int) int {
	for i < to && isDigit(text[i]) {
		i++
		_, size := utf8.DecodeRuneInString(text[i:to])
		switch r, _ := utf8.DecodeRuneInString(text[i:to]); r {
		case ' ', '-', '.', '\u00a0', '\u2009', '\u202f', '\u2011', '\u2010', '\u2013':
			if i+size < to && isDigit(text[i+size]) {
				i += size
			}
		}
	}
	return i
}

// standsAsNumber reports whether text[start:end] may be a meeting's number for
// what touches it: no telephone number, no part of a word, address or link.
func standsAsNumber(text string, start, end int, s *service) bool {
	before, size := utf8.DecodeLastRuneInString(text[:start])
	if strings.ContainsRune("+/.=@,_-#$€£%", before) && start > 0 || joins(before) && start > 0 {
		return false
	}
	if before == ' ' || before == '(' {
		if outer, _ := utf8.DecodeLastRuneInString(text[:start-size]); outer == '+' || outer == ')' && before == ' ' {
			return false
		}
	}
	after, _ := utf8.DecodeRuneInString(text[end:])
	if end == len(text) {
		return true
	}
	if after == '#' {
		return s != nil && s.phone
	}
	return !joins(after) && !strings.ContainsRune("@/_:%+", after) && !strings.HasPrefix(text[end:], ",,")
}

// labelBefore is the text that labels what starts at text[at], and whether it
// ends in a colon: the rest of the line, or the line before.
func labelBefore(text string, from, at int) (label string, colon bool) {
	const reach = 90
	low := max(from, at-reach)
	start := low + strings.LastIndexByte(text[low:at], '\n') + 1
	label = trimLabel(text[start:at])
	if label == "" && start > low {
		line := strings.TrimRight(text[low:start], "\r\n\t >*_")
		label = trimLabel(line[strings.LastIndexByte(line, '\n')+1:])
	}
	// Of several labels in a line the last one counts.
	if cut := strings.LastIndexAny(strings.TrimRight(label, ":： \t"), "|;•·"); cut >= 0 {
		label = label[cut+1:]
	}
	for i := len(label) - 1; i > 0; i-- {
		if isDigit(label[i]) && isDigit(label[i-1]) {
			label = label[i+1:]
			break
		}
	}
	return label, strings.HasSuffix(label, ":") || strings.HasSuffix(label, "：")
}

func trimLabel(s string) string {
	return strings.TrimRight(strings.Trim(s, " \t\r\n>*_-•·#`\u00a0"), " \t*_(（[`\"“#\u00a0\u3000")
}

// passcode finds the passcode that a person types in text[from:to]. PINs and
// codes keyed in on telephones or video systems are none, nor is the number.
func (p *Parser) passcode(text string, from, to int, s *service, number string) (code string, at int) {
	wanted := meansPasscode
	if number != "" || s != nil && s.pin {
		wanted |= meansAccess
	}
	if s != nil && s.pin {
		wanted |= meansPIN
	}
	links := linkSpans{text: text[:to], end: from}
	for i := from; ; {
		w, ok := p.words.next(text[:to], i)
		if !ok {
			return "", -1
		}
		if past := links.past(w.start); past > w.start {
			i = past
			continue
		}
		i = w.end
		if w.means&wanted == 0 || w.means&meansElsewhere != 0 {
			continue
		}
		v := p.valueAfter(text, w, to)
		if v.at < 0 || p.words.means(beforeLabel(text, from, w.start))&meansElsewhere != 0 {
			continue
		}
		if code, ok := p.typed(text, v, to, number, s); ok {
			return code, v.at
		}
	}
}

// labelledValue is where a label's value starts.
type labelledValue struct {
	at    int
	sure  bool // a colon, a line of its own or an "is" stands between
	blank bool // only blanks do
}

// valueAfter finds where the value of the label around w starts; -1 if the rest
// of the label says that it is another's.
func (p *Parser) valueAfter(text string, w word, to int) labelledValue {
	const reach = 60
	none := labelledValue{at: -1}
	i := w.end
	for i < to && i-w.end < reach {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == ':' || r == '：' || r == '=':
			if p.words.means(text[w.end:i])&meansElsewhere != 0 || strings.HasPrefix(text[i:], "://") {
				return none
			}
			return labelledValue{at: i + size, sure: true}
		case r == '\n' || r == '\t':
			if p.words.means(text[w.end:i])&meansElsewhere != 0 {
				return none
			}
			return labelledValue{at: i, sure: r == '\t'}
		case isDigit(byte(min(r, 0x7F))), strings.ContainsRune(".,;!?|<。，；", r):
			return p.directValue(text, w, i)
		}
		i += size
	}
	return p.directValue(text, w, i)
}

// directValue is a value that follows its label after blanks or an "is".
func (p *Parser) directValue(text string, w word, to int) labelledValue {
	rest := strings.TrimLeft(text[w.end:to], " \u00a0")
	at := to - len(rest)
	if at == w.end {
		return labelledValue{at: -1}
	}
	first, _, _ := strings.Cut(rest, " ")
	if len(first) < len(rest) && p.words.is(first, meansIs) {
		return labelledValue{at: at + len(first) + 1, sure: true}
	}
	return labelledValue{at: at, blank: true}
}

// beforeLabel is what stands before a word in the same label.
func beforeLabel(text string, from, at int) string {
	const reach = 40
	before := text[max(from, at-reach):at]
	return before[strings.LastIndexAny(before, "\n\t|;:,.，；：。!?)")+1:]
}

// typed reads a passcode at a value's place.
func (p *Parser) typed(text string, v labelledValue, to int, number string, s *service) (string, bool) {
	rest := text[v.at:to]
	trimmed := strings.TrimLeft(rest, " \t\r\n>*_`\"'“”„«»([（【「：:-\u00a0\u3000\u200b\ufeff")
	lead := rest[:len(rest)-len(trimmed)]
	if strings.Count(lead, "\n") > 3 || v.blank && strings.IndexByte(lead, '\n') >= 0 {
		return "", false
	}
	end := tokenEnd(trimmed)
	token, after := trimToken(trimmed[:end], lead), trimmed[end:]
	digits := digitsOf(token)
	switch {
	case len(token) < 3 || len(token) > 64,
		strings.Contains(token, "://"), strings.HasSuffix(token, ":"), strings.HasPrefix(token, "+"),
		looksLikeAddress(token), looksLikeTime(token),
		strings.HasSuffix(token, "#") && !(s != nil && s.pin && allDigits(token[:len(token)-1])),
		number != "" && digits == number,
		p.words.is(token, meansNone):
		return "", false
	}
	token = strings.TrimSuffix(token, "#")
	if allDigits(token) {
		whole := digitsOf(trimmed[:digitsEnd(trimmed, 0, len(trimmed))])
		if number != "" && whole == number || len(whole) > 8 && len(whole) > len(token) || len(token) > 12 {
			return "", false
		}
		if len(whole) > len(token) {
			token = whole
		}
	}
	switch last := endsValue(after); {
	case strong(token):
		return token, true
	case v.sure && last:
		return token, true
	}
	return "", false
}

// tokenEnd is where the word that s starts with ends.
func tokenEnd(s string) int {
	for i, r := range s {
		switch {
		case r <= ' ', strings.ContainsRune("|<>\"`\u00a0\u3000，。；（）「」【】、", r), invisible(r):
			return i
		case r == '\\' && strings.HasPrefix(s[i:], `\n`):
			return i
		}
	}
	return len(s)
}

// trimToken takes what a sentence or mark-up put around a word off it.
func trimToken(token, lead string) string {
	if strings.ContainsAny(lead, "*_") {
		token = strings.TrimRight(token, "*_")
	}
	if at := strings.IndexByte(token, ')'); at > 0 && !strings.Contains(token[:at], "(") {
		token = token[:at]
	}
	token = strings.TrimRight(token, ",;'”“»")
	if bare := strings.TrimRight(token, "."); alnumOnly(bare) {
		token = bare
	}
	return token
}

func alnumOnly(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlnum(s[i]) {
			return false
		}
	}
	return true
}

// strong reports whether a word looks like a passcode and not like a word.
func strong(token string) bool {
	digits, upper, lower, marks, others := 0, 0, 0, 0, 0
	for i, r := range token {
		switch {
		case r < utf8.RuneSelf && isDigit(byte(r)):
			digits++
		case r >= 'A' && r <= 'Z':
			if i > 0 {
				upper++
			}
		case r >= 'a' && r <= 'z':
			lower++
		case strings.ContainsRune("!@#$%&*+=?^~_", r):
			marks++
		default:
			others++
		}
	}
	return others == 0 && (digits > 0 || upper > 0 && lower > 0 || marks > 0)
}

func looksLikeAddress(token string) bool {
	_, host, ok := strings.Cut(token, "@")
	return ok && plainHost(host)
}

func looksLikeTime(token string) bool {
	hours, minutes, ok := strings.Cut(token, ":")
	return ok && len(hours) <= 2 && len(minutes) >= 2 && allDigits(hours) && allDigits(minutes[:2])
}

// endsValue reports whether a value ends before after.
func endsValue(after string) bool {
	if strings.HasPrefix(after, noWidth) { // a link starts or ends here
		return true
	}
	after = strings.TrimLeft(after, " *_`\u00a0")
	if after == "" {
		return true
	}
	r, _ := utf8.DecodeRuneInString(after)
	return strings.ContainsRune("\n\r\t|<>()（）[],;.，。；\\/\"”", r)
}

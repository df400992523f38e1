package parser

import (
	"strings"
	"unicode/utf8"
)

// labelMeanings is what a label can tell of its value.
const labelMeanings = meansPasscode | meansAccess | meansPIN | meansNumber | meansConference | meansElsewhere

// nextLabelled is the passcode under a label that words.txt does not know: all
// services write it in the line below the number's. It is read by its place
// alone, so its value must be no plain word, and the text in a language that may
// have words for it that were not found.
func (p *Parser) nextLabelled(text string, from, to int, s *service, number string) string {
	for i := from; ; i++ {
		if i = nextDigit(text, min(i, to), to); i == to {
			return ""
		}
		if i > 0 && isDigit(text[i-1]) {
			continue
		}
		if text[i] != number[0] {
			continue
		}
		end := digitsEnd(text, i, to)
		if digitsOf(text[i:end]) != number || !standsAsNumber(text, i, end, s) {
			continue
		}
		label, colon := labelBefore(text, from, i)
		if !colon || indexFold(label, "meeting") >= 0 || p.words.means(label)&(meansPasscode|meansElsewhere) != 0 {
			return ""
		}
		line := strings.TrimLeft(text[end:to], " \t\r\n>*_")
		if strings.IndexByte(text[end:to-len(line)], '\n') < 0 {
			return ""
		}
		line, _, _ = strings.Cut(line, "\n")
		label, value, ok := cutColon(line)
		if !ok || len(label) > 60 || p.words.means(label)&labelMeanings&^meansPIN != 0 || strings.Contains(strings.TrimSpace(value), " ") {
			return ""
		}
		code, ok := p.typed(value, labelledValue{sure: true}, len(value), number, s)
		if ok && strong(code) && !looksLikeDate(code) && !(allDigits(code) && p.words.means(label)&meansPIN != 0) {
			return code
		}
		return ""
	}
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

// passcode finds the passcode that a person types in text[from:to]. PINs and
// codes keyed in on telephones or video systems are none, nor is the number.
func (p *Parser) passcode(text string, from, to int, s *service, number string) string {
	wanted := meansPasscode
	if number != "" || s != nil && s.pin {
		wanted |= meansAccess
	}
	if s != nil && s.pin {
		wanted |= meansPIN
	}
	links := linkSpans{text: text[:to], end: from}
	for i := from; i < to; {
		if past := links.past(i); past > i {
			i = past
			continue
		}
		w, ok := p.codes.next(text[:links.start], i)
		if !ok {
			i = links.start
			continue
		}
		i = w.end
		if w.means&wanted == 0 && !(w.means&meansAlone != 0 && number != "" && labelOfItsOwn(text, from, w)) {
			continue
		}
		v := p.valueAfter(text, w, to)
		if v.at < 0 || p.words.means(beforeLabel(text, from, w.start))&meansElsewhere != 0 {
			continue
		}
		if code, ok := p.typed(text, v, to, number, s); ok {
			return code
		}
	}
	return ""
}

// labelOfItsOwn reports whether a word is all of a label, with a colon behind it.
func labelOfItsOwn(text string, from int, w word) bool {
	after := strings.TrimLeft(text[w.end:min(len(text), w.end+8)], " \u00a0*_")
	if strings.Trim(beforeLabel(text, from, w.start), " \t\u00a0\u200b*_>•·-–🔑🔒") != "" {
		return false
	}
	return strings.HasPrefix(after, ":") || strings.HasPrefix(after, "：")
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
	for i := len(before); i > 0; i-- {
		if labelStops[before[i-1]] && (before[i-1] < utf8.RuneSelf || endsWide(before[:i])) {
			return before[i:]
		}
	}
	return before
}

// Bytes that end a label before the next one; of the wide marks, their last.
var labelStops = byteSet("\n\t|;:,.!?)\x8c\x9b\x9a\x82")

func endsWide(s string) bool {
	return strings.HasSuffix(s, "，") || strings.HasSuffix(s, "；") || strings.HasSuffix(s, "：") || strings.HasSuffix(s, "。")
}

// typed reads a passcode at a value's place.
func (p *Parser) typed(text string, v labelledValue, to int, number string, s *service) (string, bool) {
	rest := text[v.at:to]
	trimmed := strings.TrimLeftFunc(rest, leadsValue)
	lead := rest[:len(rest)-len(trimmed)]
	if strings.Count(lead, "\n") > 3 || v.blank && strings.IndexByte(lead, '\n') >= 0 {
		return "", false
	}
	end := tokenEnd(trimmed)
	token, after := trimToken(trimmed[:end], lead), trimmed[end:]
	token = strings.TrimSuffix(token, "=20") // of quoted-printable, at a line's end
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
	case v.sure && last && !(strings.ContainsAny(lead, "\n(（") && capitalised(token)):
		return token, true
	}
	return "", false
}

// leadsValue reports whether r may stand between a label and its value.
func leadsValue(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiLead[r]
	}
	return strings.ContainsRune("“”„«»（【「：\u00a0\u3000", r) || invisible(r)
}

var (
	asciiLead = byteSet(" \t\r\n>*_`\"'([:-")
	asciiEnd  = byteSet("|<>\"`")
)

// tokenEnd is where the word that s starts with ends.
func tokenEnd(s string) int {
	for i, r := range s {
		switch {
		case r <= ' ', r < utf8.RuneSelf && asciiEnd[r]:
			return i
		case r >= utf8.RuneSelf && (strings.ContainsRune("\u00a0\u3000，。；（）「」【】、", r) || invisible(r)):
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

// capitalised reports whether a word is written as at the start of a sentence.
func capitalised(word string) bool {
	return word[0] >= 'A' && word[0] <= 'Z' && len(word) > 1 && strings.ToLower(word[1:]) == word[1:]
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

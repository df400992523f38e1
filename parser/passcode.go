package parser

import (
	"strings"
	"unicode"
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
		if ofQuery(text, from, w) {
			continue
		}
		if w.means&wanted == 0 && !(w.means&meansAlone != 0 && number != "" && (labelOfItsOwn(text, from, w) || opensBracket(text, from, w))) {
			continue
		}
		v := p.valueAfter(text, w, to)
		if v.at < 0 || p.words.means(beforeLabel(text, from, w.start))&meansElsewhere != 0 {
			continue
		}
		if code, ok := p.typed(text, v, to, number, s); ok && !(number == "" && allDigits(code) && besidePhone(text, from, w.start)) {
			return code
		}
	}
	return ""
}

// ofQuery reports whether a word is a name in a link's query, which was torn off its link: "<br>?pwd=…". Such a code is not
// the one that is typed.
func ofQuery(text string, from int, w word) bool {
	return w.start > from && w.end < len(text) && (text[w.start-1] == '?' || text[w.start-1] == '&') && text[w.end] == '='
}

// besidePhone reports whether a telephone number stands in the line before at. Of
// a meeting without a number, digits labelled there are keyed in on the telephone.
func besidePhone(text string, from, at int) bool {
	const reach = 160
	line := text[max(from, at-reach):at]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	plus := strings.IndexByte(line, '+')
	return plus >= 0 && plus+1 < len(line) && isDigit(line[plus+1])
}

// labelOfItsOwn reports whether a word is all of a label, with a colon behind it.
func labelOfItsOwn(text string, from int, w word) bool {
	after := strings.TrimLeft(text[w.end:min(len(text), w.end+8)], " \u00a0*_")
	if strings.Trim(beforeLabel(text, from, w.start), " \t\u00a0\u200b*_>•·-–🔑🔒") != "" {
		return false
	}
	return strings.HasPrefix(after, ":") || strings.HasPrefix(after, "：")
}

// opensBracket reports whether a word is the first in a bracket right at the start,
// which is behind the link: "… (code 12ab)".
func opensBracket(text string, from int, w word) bool {
	before := text[from:w.start]
	return len(before) < 10 && strings.Trim(before, " \u00a0\u200b") == "("
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
	rest := strings.TrimLeft(text[w.end:to], " \u00a0*_`")
	at := to - len(rest)
	switch {
	case at > w.end && text[w.end] == ' ':
	case at == w.end && at < len(text) && text[at] < utf8.RuneSelf && endsIdeograph(text[:at]):
	case strings.Trim(text[w.end:at], "*_`") == "":
		return labelledValue{at: -1}
	}
	first, _, _ := strings.Cut(rest, " ")
	if len(first) < len(rest) && p.words.is(first, meansIs) {
		return labelledValue{at: at + len(first) + 1, sure: true}
	}
	return labelledValue{at: at, blank: true}
}

// endsIdeograph reports whether a text ends in a script that puts no blanks
// between words.
func endsIdeograph(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return wordless(r)
}

// wordless reports whether a letter is of such a script.
func wordless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
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

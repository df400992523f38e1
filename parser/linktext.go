package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// schemeStart is where "http" or "https" starts at the end of letters, or -1:
// texts run into links.
func schemeStart(letters string) int {
	for _, s := range [...]string{"https", "http"} {
		if hasSuffixFold(letters, s) {
			return len(letters) - len(s)
		}
	}
	return -1
}

// hasSuffixFold reports whether s ends in suffix, given in lower case.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && hasPrefixFold(s[len(s)-len(suffix):], suffix)
}

// linkEnd is the length of the link, or of what is left of it, that s starts with.
func linkEnd(s string) int {
	depth, query := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if !linkStops[c] {
			continue
		}
		switch {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '?' || c == '#':
			query = true
		case c == '{':
			size := objectEnd(s[i:])
			if size == 0 {
				return i
			}
			i += size - 1
		case c == ';' && (endsEntity(s[:i]) || strings.HasSuffix(s[:i], "__")):
		case c == ',' && (query || i+1 < len(s) && !isLetter(s[i+1])) && !strings.HasPrefix(s[i+1:], "http"):
		case c == ':' && nextLink(s, i) > 0:
			return nextLink(s, i)
		case c == ':' || c == '\'' && !endsQuoted(s, i):
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !continuesLink(r, size) {
				return i
			}
			i += size - 1
		default:
			return i
		}
	}
	return len(s)
}

// objectEnd is the length of the JSON object that s starts with, which Teams has
// in its links and some calendars do not escape; 0 if it is none.
func objectEnd(s string) int {
	if !strings.HasPrefix(s, `{"`) {
		return 0
	}
	for i := 0; i < min(len(s), 400); i++ {
		switch c := s[i]; {
		case c == '}':
			return i + 1
		case c <= ' ', c >= 0x7F, c == '<', c == '>', c == '\\':
			return 0
		}
	}
	return 0
}

// Bytes that end a link, or may.
var linkStops = func() (set [256]bool) {
	for c := range 256 {
		set[c] = c <= ' ' || c >= 0x7F || strings.IndexByte("<>\"`\\^{}|[]();,:?#'", byte(c)) >= 0
	}
	return set
}()

// nextLink is where a link of its own starts whose colon is s[colon], or 0: two
// in a row with nothing between them, not one within the other as in "?u=https:".
func nextLink(s string, colon int) int {
	if !strings.HasPrefix(s[colon:], "://") {
		return 0
	}
	from := max(0, colon-len("https"))
	at := from + schemeStart(s[from:colon])
	if at < max(1, from) || strings.IndexByte("=/?&#_*%+(@:", s[at-1]) >= 0 {
		return 0
	}
	return at
}

// endsQuoted reports whether the apostrophe at s[i] stands where a quotation ends.
func endsQuoted(s string, i int) bool {
	return i+1 == len(s) || !isAlnum(s[i+1])
}

// endsEntity reports whether s ends in what a semicolon makes an entity.
func endsEntity(s string) bool {
	at := strings.LastIndexByte(s[max(0, len(s)-8):], '&')
	return at >= 0 && strings.EqualFold(s[max(0, len(s)-8)+at:], "&amp") || strings.HasSuffix(s, "&#38")
}

// continuesLink reports whether a letter beyond ASCII may stand in a link. Those
// of scripts without blanks start the next word instead.
func continuesLink(r rune, size int) bool {
	if r == utf8.RuneError && size < 2 || !unicode.In(r, unicode.L, unicode.M) {
		return false
	}
	return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && !(r >= 0xFF00 && r <= 0xFFEF) && r != 'ー'
}

// trimLink takes off what a sentence put behind the link text[start:end].
func trimLink(text string, start, end int) string {
	raw := text[start:end]
	for raw != "" {
		if hasSuffixFold(raw, "%3e") { // of an angle bracket that somebody escaped
			raw = raw[:len(raw)-len("%3e")]
			continue
		}
		last := raw[len(raw)-1]
		if strings.IndexByte(".,;:!?*~'", last) < 0 && !(last == '_' && start > 0 && strings.IndexByte("_*", text[start-1]) >= 0) {
			break
		}
		raw = raw[:len(raw)-1]
	}
	return raw
}

// undoAmp undoes the one entity that is found in links where none should be.
func undoAmp(raw string) string {
	if strings.IndexByte(raw, '&') < 0 {
		return raw
	}
	return strings.ReplaceAll(raw, "&amp;", "&")
}

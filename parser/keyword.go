package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Keyword is a scheduling keyword as somebody typed it, for example
// "@WEBEX:Space".
//
// Webex Hybrid Calendar documents @webex, @meet and the older @spark, the
// modifiers :myroom, :onetime and :space, and that the first keyword of a
// location counts (help.webex.com, "Hybrid Calendar, schedule meetings").
// Letter case and word boundaries are our ruling.
type Keyword struct {
	Word     string // "webex", "meet" or "spark"
	Modifier string // "", "myroom", "onetime" or "space"
	Offset   int    // of the at sign, in bytes
}

// String gives the keyword in its plain form: "@webex:onetime".
func (k Keyword) String() string {
	for _, plain := range plainKeywords {
		if word, modifier, _ := strings.Cut(plain[1:], ":"); word == k.Word && modifier == k.Modifier {
			return plain
		}
	}
	return ""
}

// plainKeywords is every keyword there is, so that none need be put together.
var plainKeywords = [...]string{
	"@webex", "@webex:myroom", "@webex:onetime", "@webex:space",
	"@meet", "@meet:myroom", "@meet:onetime", "@meet:space", "@spark",
}

// longestHost is the length of a host name at most (RFC 1035, section 3.1). No
// look back in a text goes further, or hostile ones would cost their square.
const longestHost = 255

// FindKeyword finds the first keyword of an event's location.
//
// A keyword is a word of its own: nothing that belongs to a longer word, an
// address or a URL counts. An unknown modifier counts as none given. Full-width
// letters count as the plain ones, characters without width as nothing, and
// scripts that are written without blanks need none next to a keyword.
func FindKeyword(location string) (Keyword, bool) {
	for at := 0; at < len(location); at++ {
		if c := location[at]; c != '@' && c != 0xEF { // of a full-width one
			continue
		}
		width := atSign(location[at:])
		if width == 0 {
			continue
		}
		if k, ok := keywordAt(location, at, width); ok {
			return k, true
		}
	}
	return Keyword{}, false
}

// keywordAt reads the keyword whose at sign, width bytes wide, is at text[at].
func keywordAt(text string, at, width int) (Keyword, bool) {
	word, rest := foldedWord(text[at+width:], keywordWords[:])
	if word == "" || !endsWord(rest) || !startsWord(text[:at]) {
		return Keyword{}, false
	}
	k := Keyword{Word: word, Offset: at}
	if colon := colonWidth(rest); colon > 0 && word != "spark" {
		if modifier, rest := foldedWord(rest[colon:], modifiers[:]); endsWord(rest) {
			k.Modifier = modifier
		}
	}
	return k, true
}

var (
	keywordWords = [...]string{"webex", "meet", "spark"}
	modifiers    = [...]string{"myroom", "onetime", "space"}
)

// atSign is the width of the at sign that text starts with, or 0.
func atSign(text string) int {
	switch {
	case text[0] == '@':
		return 1
	case strings.HasPrefix(text, "＠"), strings.HasPrefix(text, "﹫"):
		return 3
	}
	return 0
}

func colonWidth(text string) int {
	text, skipped := skipInvisible(text)
	switch {
	case strings.HasPrefix(text, ":"):
		return skipped + 1
	case strings.HasPrefix(text, "："):
		return skipped + 3
	}
	return 0
}

// foldedWord takes the Latin letters that text starts with, in lower case and
// normal width, where they are one of words. Eight are enough to tell every
// keyword from a longer word.
func foldedWord(text string, words []string) (word, rest string) {
	var letters [8]byte
	n := 0
	for n < len(letters) && text != "" {
		if c := text[0]; isLetter(c) {
			letters[n] = c | 0x20
			n++
			text = text[1:]
			continue
		} else if c < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeRuneInString(text)
		if invisible(r) {
			text = text[size:]
			continue
		}
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFF01 - '!'
		}
		if r|0x20 < 'a' || r|0x20 > 'z' {
			break
		}
		letters[n] = byte(r | 0x20)
		n++
		text = text[size:]
	}
	for _, word := range words {
		if string(letters[:n]) == word {
			return word, text
		}
	}
	return "", text
}

// endsWord reports whether a word can end before rest. A dot, hyphen, slash or
// apostrophe ends it only where no further letter or digit hangs on it.
func endsWord(rest string) bool {
	rest, _ = skipInvisible(rest)
	r, size := utf8.DecodeRuneInString(rest)
	switch r {
	case '.', '-', '/', '\\', '\'', '’', '‐', '‑':
		next, _ := skipInvisible(rest[size:])
		r, _ = utf8.DecodeRuneInString(next)
		return next == "" || r == '@' || !joins(r)
	}
	return rest == "" || !joins(r)
}

// startsWord reports whether a word can start after before.
func startsWord(before string) bool {
	before = trimInvisible(before)
	r, size := utf8.DecodeLastRuneInString(before)
	switch r {
	case '.', '-', '+', '%', '\'', '’': // the end of a mailbox name, as in a.b-@webex
		before = trimInvisible(before[:len(before)-size])
		r, _ = utf8.DecodeLastRuneInString(before)
		return before == "" || !joins(r)
	case '/', '=', '&', '?', '#': // of a URL, or just between two words
		before = before[max(0, len(before)-longestHost):]
		word := before[strings.LastIndexFunc(before, unicode.IsSpace)+1:]
		return !strings.ContainsAny(word, ".:")
	}
	return before == "" || !joins(r)
}

// joins reports whether r, next to a word, makes it a longer one.
func joins(r rune) bool {
	if r == '_' || r == '@' || r == '＠' {
		return true
	}
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
		return false
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// invisible reports whether r takes no room in a line: joiners, byte order
// marks, soft hyphens, direction marks.
func invisible(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x2069, r == 0xFEFF:
		return true
	}
	return false
}

func skipInvisible(text string) (rest string, skipped int) {
	rest = strings.TrimLeftFunc(text, invisible)
	return rest, len(text) - len(rest)
}

func trimInvisible(text string) string { return strings.TrimRightFunc(text, invisible) }

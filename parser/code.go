package parser

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// looksLikeDate reports whether a word is of digits and what separates them.
func looksLikeDate(word string) bool {
	return !allDigits(word) && strings.Trim(word, "0123456789.-/") == ""
}

// typed reads a passcode at a value's place.
func (p *Parser) typed(text string, v labelledValue, to int, number string, s *service) (string, bool) {
	rest := text[v.at:to]
	trimmed := strings.TrimLeftFunc(rest, leadsValue)
	lead := rest[:len(rest)-len(trimmed)]
	if strings.Count(lead, "\n") > 3 || v.blank && strings.IndexByte(lead, '\n') >= 0 || strings.Contains(lead, masked) {
		return "", false
	}
	if last := len(lead) - 1; last > 0 && (lead[last] == '*' || lead[last] == '_') && ownMark(lead, trimmed) {
		trimmed, lead = rest[last:], lead[:last]
	}
	end := tokenEnd(trimmed)
	token, after := trimToken(trimmed[:end], lead), trimmed[end:]
	token = strings.TrimSuffix(token, "=20") // of quoted-printable, at a line's end

	if glued := ideographAt(token); glued > 0 && strong(token[:glued]) { // the next label follows without a blank
		token, after = token[:glued], "\n"
	}
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
	case strong(token), last && joined(token):
		return token, true
	case v.sure && last && !(strings.ContainsAny(lead, "\n(（") && capitalised(token)):
		return token, true
	}
	return "", false
}

// ideographAt is where the first letter of a script without blanks is in s; -1 if none is.
func ideographAt(s string) int {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf && wordless(r) })
}

// masked stands where a passcode was blotted out; as mark-up there are three stars at most.
const masked = "****"

// ownMark reports whether the star or underscore that lead ends in is the passcode's
// first character: a blank stands before it, and none in the line closes it as mark-up.
func ownMark(lead, value string) bool {
	mark := len(lead) - 1
	if lead[mark-1] != ' ' || strings.Trim(lead[:mark], " \u00a0") != "" || value == "" || !isAlnum(value[0]) {
		return false
	}
	line, _ := cutByte(value, '\n')
	end := tokenEnd(line)
	return line[end-1] != lead[mark] && strings.IndexByte(line[end:], lead[mark]) < 0
}

// leadsValue reports whether r may stand between a label and its value.
func leadsValue(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiLead[r]
	}
	return strings.ContainsRune("“”„«»‹›（【「：\u00a0\u3000", r) || invisible(r)
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
	if token == "" || isAlnum(token[len(token)-1]) {
		return token
	}
	const quotes = ",;'”“»«‹›"
	token = strings.TrimRight(token, quotes)
	bare := strings.TrimRight(token, ".")
	if unquoted := strings.TrimRight(bare, quotes); unquoted != bare || alnumOnly(bare) {
		token = unquoted
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
	digits, upper, lower, marks, beyond, others := 0, 0, 0, 0, 0, 0
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
		case r >= utf8.RuneSelf && unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek):
			beyond++
		default:
			others++
		}
	}
	if others > 0 || beyond > 0 && digits == 0 {
		return false
	}
	return digits > 0 || upper > 0 && lower > 0 || marks > 0
}

// joined reports whether a word is of letters and of digits with hyphens between
// them, as some print their codes.
func joined(token string) bool {
	return strings.Trim(token, "0123456789-") != "" && strings.ContainsAny(token, digitChars) && alnumOnly(strings.ReplaceAll(token, "-", ""))
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

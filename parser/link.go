package parser

import "strings"

// link is a web address taken apart. Nothing in it is decoded.
type link struct {
	raw      string // as written, with HTML entities undone
	host     string // in lower case
	port     string // "" for the scheme's own
	path     string // with its leading slash, or empty
	query    string // without the question mark
	fragment string // without the number sign
	lead     byte   // what the path starts with, in lower case; 0: nothing
}

// longestLink bounds what is taken for a link at all. Browsers refuse more,
// and rewriters' links, the longest seen, stay well below.
const longestLink = 8 << 10

// splitLink takes an http or https address apart. It refuses what no invitation
// has and a trap may: a user before the host, a host of other than letters,
// digits, dots and hyphens, a port that is no number.
func splitLink(raw string) (link, bool) {
	rest, ok := cutScheme(raw)
	if !ok || len(raw) > longestLink {
		return link{}, false
	}
	end := 0
	for end < len(rest) && rest[end] != '/' && rest[end] != '?' && rest[end] != '#' {
		end++
	}
	host, port, _ := strings.Cut(rest[:end], ":")
	if !plainHost(host) || !allDigits(port) {
		return link{}, false
	}
	l := link{raw: raw, host: lowerASCII(host), port: port, path: rest[end:]}
	if secure := len(raw)-len(rest) == len("https://"); secure && port == "443" || !secure && port == "80" {
		l.port = ""
	}
	l.path, l.fragment, _ = strings.Cut(l.path, "#")
	l.path, l.query, _ = strings.Cut(l.path, "?")
	if first, _ := nextPart(l.path); first != "" {
		l.lead = first[0] | 0x20
	}
	return l, true
}

// cutScheme takes "http://" or "https://" off, in any letter case.
func cutScheme(raw string) (rest string, ok bool) {
	for _, scheme := range [...]string{"https://", "http://"} {
		if len(raw) > len(scheme) && hasPrefixFold(raw, scheme) {
			return raw[len(scheme):], true
		}
	}
	return raw, false
}

// plainHost reports whether host is a name of at least two labels or an IPv4
// address. Internationalised names are written with xn-- or not recognised.
func plainHost(host string) bool {
	if len(host) > longestHost {
		return false
	}
	dots, label := 0, 0
	for i := 0; i < len(host); i++ {
		switch c := host[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			dots, label = dots+1, 0
		case isAlnum(c), c == '-' && label > 0, c == '_' && label > 0:
			label++
		default:
			return false
		}
	}
	return dots > 0 && label > 0
}

// lookup is the first value that query holds under name, in any letter case. A
// name with an equals sign and nothing behind it is not there.
func lookup(query, name string) (found string, ok bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		pair = strings.TrimPrefix(pair, "amp;") // an entity undone once too few
		n, v, hasValue := strings.Cut(pair, "=")
		if strings.EqualFold(n, name) {
			return v, !hasValue || v != ""
		}
	}
	return "", false
}

func value(query, name string) string {
	v, _ := lookup(query, name)
	return v
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// digitsOf is s without everything that is not a digit.
func digitsOf(s string) string {
	if allDigits(s) {
		return s
	}
	digits := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			digits = append(digits, s[i])
		}
	}
	return string(digits)
}

func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i]-'A' < 26 {
			return strings.ToLower(s)
		}
	}
	return s
}

package parser

import "strings"

// link is a web address taken apart. Nothing in it is decoded.
type link struct {
	raw  string // as written, with HTML entities undone
	host string // in lower case
	port string // "" for the scheme's own
	path string // with its leading slash, or empty
	route
	fragment string // without the number sign
	lead     byte   // what the path starts with, in lower case; 0: nothing
}

// route is a path and a query as a pattern is held against them.
type route struct {
	parts [mostParts]string // what stands between the path's slashes, without empty ones
	count int               // of these, though there are more than have room
	query string            // without the question mark
}

// mostParts bounds the parts of a path that a rule may look at.
const mostParts = 8

// cut takes the parts of the path that s starts with, and gives its length.
func (r *route) cut(s string) int {
	r.count = 0
	start := 0
	for i := 0; ; i++ {
		if i < len(s) && !pathStops[s[i]] {
			continue
		}
		if i > start {
			if r.count < mostParts {
				r.parts[r.count] = s[start:i]
			}
			r.count++
		}
		if i == len(s) || s[i] != '/' {
			return i
		}
		start = i + 1
	}
}

// Bytes that end a part of a path.
var pathStops = byteSet("/?#")

// longestLink bounds what is taken for a link at all. Browsers refuse more,
// and rewriters' links, the longest seen, stay well below.
const longestLink = 8 << 10

// splitLink takes an http or https address apart.
func splitLink(raw string) (l link, ok bool) {
	ok = l.split(raw)
	return l, ok
}

// split does the same in place, and leaves a link as it was where it fails. It refuses what no invitation
// has and a trap may: a user before the host, a host of other than letters,
// digits, dots and hyphens, a port that is no number.
func (l *link) split(raw string) bool {
	rest, ok := cutScheme(raw)
	if !ok || len(raw) > longestLink {
		return false
	}
	end, upper := hostLength(rest)
	if end == 0 {
		return false
	}
	host, port, rest := rest[:end], "", rest[end:]
	if rest != "" && rest[0] == ':' {
		end = 1
		for end < len(rest) && isDigit(rest[end]) {
			end++
		}
		port, rest = rest[1:end], rest[end:]
		if secure := raw[4] != ':'; secure && port == "443" || !secure && port == "80" {
			port = ""
		}
	}
	if rest != "" && rest[0] != '/' && rest[0] != '?' && rest[0] != '#' {
		return false
	}
	if upper {
		host = lowerASCII(host)
	}
	l.raw, l.host, l.port = raw, host, port
	end = l.cut(rest)
	l.path, rest = rest[:end], rest[end:]
	l.query, l.fragment, l.lead = "", "", 0
	if rest != "" {
		l.query, l.fragment = cutByte(rest[1:], '#')
		if rest[0] == '#' {
			l.query, l.fragment = "", rest[1:]
		}
	}
	if l.count > 0 {
		l.lead = l.parts[0][0] | 0x20
	}
	return true
}

// cutByte is strings.Cut for one byte.
func cutByte(s string, c byte) (before, after string) {
	if at := strings.IndexByte(s, c); at >= 0 {
		return s[:at], s[at+1:]
	}
	return s, ""
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

// Kinds of bytes in a host's name.
const (
	hostLetter = iota + 1 // or a digit
	hostUpper
	hostHyphen // not at the start of a label
	hostDot
)

var hostBytes = func() (kinds [256]byte) {
	for c := range 256 {
		switch {
		case c >= 'A' && c <= 'Z':
			kinds[c] = hostUpper
		case isAlnum(byte(c)):
			kinds[c] = hostLetter
		case c == '-' || c == '_':
			kinds[c] = hostHyphen
		case c == '.':
			kinds[c] = hostDot
		}
	}
	return kinds
}()

// hostLength is the length of the host that s starts with: a name of at least
// two labels or an IPv4 address, and whether letters of it are upper case; 0 if
// it is none. Internationalised names are written with xn-- or not recognised.
func hostLength(s string) (n int, upper bool) {
	starts, dotted := true, false
	for ; n < len(s); n++ {
		switch kind := hostBytes[s[n]]; {
		case kind == hostLetter:
			starts = false
			continue
		case kind == hostUpper:
			starts, upper = false, true
			continue
		case kind != 0 && starts:
			return 0, false
		case kind != 0:
			starts = kind == hostDot
			dotted = dotted || starts
			continue
		}
		break
	}
	if starts || !dotted || n > longestHost {
		return 0, false
	}
	return n, upper
}

// plainHost reports whether all of host is one.
func plainHost(host string) bool {
	n, _ := hostLength(host)
	return n > 0 && n == len(host)
}

// lookup is the first value that query holds under name, in any letter case. A
// name with an equals sign and nothing behind it is not there.
func lookup(query, name string) (found string, ok bool) {
	for query != "" {
		var pair string
		pair, query = cutByte(query, '&')
		pair = strings.TrimPrefix(pair, "amp;") // an entity undone once too few
		if len(pair) < len(name) || !strings.EqualFold(pair[:len(name)], name) {
			continue
		}
		switch rest := pair[len(name):]; {
		case rest == "":
			return "", true
		case rest[0] == '=':
			return rest[1:], len(rest) > 1
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

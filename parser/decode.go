package parser

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// proofpoint3 undoes urldefense.com/v3: the link stands between "__" and "__;",
// each star for a character of the base64 tail, and "**" with a letter for a
// run of two or more (Proofpoint's own decoder is the reference).
func proofpoint3(raw string) (string, bool) {
	_, rest, ok := strings.Cut(raw, "/v3/__")
	end := strings.LastIndex(rest, "__;")
	if !ok || end < 0 {
		return "", false
	}
	tail, _, _ := strings.Cut(rest[end+len("__;"):], "!")
	chars := decode64(tail)
	const runs = upperChars + lowerChars + digitChars + "-_"
	var b strings.Builder
	for s := rest[:end]; s != ""; {
		star := strings.IndexByte(s, '*')
		if star < 0 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:star])
		s = s[star+1:]
		count := 1
		if len(s) > 1 && s[0] == '*' {
			if run := strings.IndexByte(runs, s[1]); run >= 0 {
				count, s = run+2, s[2:]
			}
		}
		for range count {
			if chars == "" {
				return "", false
			}
			_, size := utf8.DecodeRuneInString(chars)
			b.WriteString(chars[:size])
			chars = chars[size:]
		}
	}
	inner := b.String()
	return absolute(inner, &link{})
}

var (
	plainBase64      = strings.NewReplacer("+", "-", "/", "_")
	proofpointEscape = strings.NewReplacer("-", "%", "_", "/")
)

// decode64 reads base64 of either alphabet, padded or not; "" when it is none.
func decode64(s string) string {
	s = plainBase64.Replace(strings.TrimRight(s, "="))
	decoded, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(decoded)
}

// unescape undoes percent escapes and leaves what is none as it is: links hold
// broken ones, and a plus is a plus there.
func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 16 && low < 16 {
				b = append(b, high<<4|low)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case (c|0x20)-'a' < 6:
		return c | 0x20 - 'a' + 10
	}
	return 0xFF
}

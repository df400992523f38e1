package parser

import "strings"

// unquoted undoes what is left of quoted-printable (RFC 2045, section 6.7) where
// a mail program gave the transfer form for the text: no other text has both an
// escaped equals sign and lines that end in a bare one, or in HTML an escaped
// one before a quoted value.
func unquoted(text string, html bool) string {
	if !strings.Contains(text, "=3D") || !(strings.Contains(text, "=\n") || strings.Contains(text, "=\r\n") || html && strings.Contains(text, `=3D"`)) {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		rest := text[i:]
		switch {
		case rest[0] != '=':
			b = append(b, rest[0])
		case strings.HasPrefix(rest, "=\n"):
			i++
		case strings.HasPrefix(rest, "=\r\n"):
			i += 2
		case len(rest) > 2 && isUpperHex(rest[1]) && isUpperHex(rest[2]):
			b = append(b, unhex(rest[1])<<4|unhex(rest[2]))
			i += 2
		default:
			b = append(b, '=')
		}
	}
	return string(b)
}

func isUpperHex(c byte) bool { return isDigit(c) || c-'A' < 6 }

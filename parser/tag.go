package parser

import (
	"html"
	"strings"
)

// tagName is the name that a tag starts with, as written.
func tagName(s string) string {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\r', '\n', '\f', '/', '>':
			return s[:i]
		}
	}
	return s
}

// lowerInto writes name in lower case into room, if it fits.
func lowerInto(room []byte, name string) []byte {
	if len(name) > len(room) {
		return nil
	}
	for i := 0; i < len(name); i++ {
		room[i] = name[i]
		if c := name[i]; c >= 'A' && c <= 'Z' {
			room[i] += 'a' - 'A'
		}
	}
	return room[:len(name)]
}

func isVoid(name []byte) bool {
	switch string(name) {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
		"source", "track", "wbr":
		return true
	}
	return false
}

func isBlock(name []byte) bool {
	switch string(name) {
	case "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd",
		"details", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
		"h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "legend", "li", "main",
		"menu", "nav", "ol", "option", "p", "section", "summary", "table", "tbody", "tfoot",
		"thead", "tr", "ul":
		return true
	}
	return false
}

// attribute is the value of the first attribute of that name.
func attribute(attributes, name string) (value string, ok bool) {
	for s := attributes; s != ""; {
		s = strings.TrimLeft(s, " \t\r\n\f/>")
		end := indexSet(s, &nameStops)
		if end == len(s) {
			return "", false
		}
		if end == 0 { // a stray equals sign
			s = s[1:]
			continue
		}
		found := s[:end]
		s = strings.TrimLeft(s[end:], " \t\r\n\f")
		value = ""
		if strings.HasPrefix(s, "=") {
			value, s = attributeValue(strings.TrimLeft(s[1:], " \t\r\n\f"))
		}
		if strings.EqualFold(found, name) {
			return value, true
		}
	}
	return "", false
}

func attributeValue(s string) (value, rest string) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return s[1 : 1+end], s[2+end:]
		}
		s = s[1:]
	}
	end := indexSet(s, &valueStops)
	return s[:end], s[end:]
}

// Bytes that end an attribute's name, and a value without quotes.
var (
	nameStops  = byteSet(" \t\r\n\f/>=")
	valueStops = byteSet(" \t\r\n\f>")
)

// indexSet is where the first byte of a set stands in s, or its length.
func indexSet(s string, set *[256]bool) int {
	for i := 0; i < len(s); i++ {
		if set[s[i]] {
			return i
		}
	}
	return len(s)
}

// hides reports whether a tag's attributes take it out of display.
func hides(attributes string) bool {
	displays := strings.IndexByte(attributes, 'y') >= 0 || strings.IndexByte(attributes, 'Y') >= 0
	if !(displays && indexFold(attributes, "display") >= 0) && !strings.Contains(attributes, "idden") {
		return false
	}
	if style, ok := attribute(attributes, "style"); ok {
		if at := indexFold(style, "display"); at >= 0 {
			rest := strings.TrimLeft(style[at+len("display"):], " \t\r\n")
			if strings.HasPrefix(rest, ":") {
				rest = strings.TrimLeft(rest[1:], " \t\r\n")
				return len(rest) >= 4 && strings.EqualFold(rest[:4], "none")
			}
		}
	}
	value, ok := attribute(attributes, "hidden")
	return ok && !strings.EqualFold(value, "until-found") && !strings.EqualFold(value, "false")
}

// indexFold is strings.Index for a lower-case ASCII word in any letter case.
func indexFold(s, word string) int {
	first, last := word[0], len(s)-len(word)
	for i := 0; i <= last; i++ {
		if s[i]|0x20 == first && strings.EqualFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// referenceText is what an attribute's value says as a reference: without the
// white space that a URL cannot hold, entities undone. Only closed entities
// are, as in a browser: "&copy=1" is a parameter.
func referenceText(value string) string {
	if indexSet(value, &oddInReferences) == len(value) {
		return value
	}
	value = strings.TrimFunc(value, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(value, "\t\r\n") {
		value = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(value)
	}
	if strings.IndexByte(value, '&') < 0 {
		return value
	}
	var b strings.Builder
	for value != "" {
		at := strings.IndexByte(value, '&')
		if at < 0 {
			b.WriteString(value)
			break
		}
		b.WriteString(value[:at])
		decoded, size := entity(value[at:])
		b.WriteString(decoded)
		value = value[at+size:]
	}
	return b.String()
}

// Bytes that a reference does not just consist of.
var oddInReferences = func() (set [256]bool) {
	for c := range 256 {
		set[c] = c <= ' ' || c == '&'
	}
	return set
}()

// byteSet is a table of the bytes in s.
func byteSet(s string) (set [256]bool) {
	for i := 0; i < len(s); i++ {
		set[s[i]] = true
	}
	return set
}

// tagEnd is the position behind the ">" that ends the tag whose attributes
// start at body[i]. A ">" in a quoted value does not; a quote that is never
// closed quotes nothing.
func (h *htmlReader) tagEnd(i int) int {
	valued := false
	for ; i < len(h.body); i++ {
		switch c := h.body[i]; c {
		case '>':
			return i + 1
		case '=':
			valued = true
		case '"', '\'':
			if valued {
				i += strings.IndexByte(h.body[i+1:], c) + 1
			}
			valued = false
		case ' ', '\t', '\r', '\n', '\f':
		default:
			valued = false
		}
	}
	return len(h.body)
}

// rawEnd skips the content of an element that is no markup.
func (h *htmlReader) rawEnd(i int, name string) int {
	for {
		at := strings.Index(h.body[i:], "</")
		if at < 0 {
			return len(h.body)
		}
		i += at + 2
		if strings.EqualFold(tagName(h.body[i:]), name) {
			return h.tagEnd(i + len(name))
		}
	}
}

// entity decodes the reference that text starts with.
func entity(text string) (decoded string, size int) {
	end := 1
	for end < len(text) && end < 34 && (isAlnum(text[end]) || text[end] == '#' && end == 1) {
		end++
	}
	closed := end < len(text) && text[end] == ';'
	if closed {
		end++
	}
	switch name := text[1:end]; {
	case name == "nbsp;":
		return " ", end
	case name == "amp;":
		return "&", end
	case closed, len(name) > 1 && name[0] == '#':
		if decoded = html.UnescapeString(text[:end]); decoded == "\u00a0" {
			decoded = " "
		}
		return decoded, end
	}
	return text[:end], end
}

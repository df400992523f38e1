package simulator

import (
	"strconv"
	"unicode/utf8"
)

// object is a JSON object in the making.
type object struct {
	b   []byte
	sel selection
}

func (o *object) wants(name string) bool { return o.sel.has(name) }

// name begins a member; false when it is not wanted.
func (o *object) name(name string) bool {
	if !o.wants(name) {
		return false
	}
	if len(o.b) > 0 {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), name...), `":`...)
	return true
}

func (o *object) raw(name, value string) {
	if o.name(name) {
		o.b = append(o.b, value...)
	}
}

func (o *object) always(name, value string) {
	sel := o.sel
	o.sel = nil
	o.str(name, value)
	o.sel = sel
}

func (o *object) str(name, value string) {
	if o.name(name) {
		o.b = appendString(o.b, value)
	}
}

func (o *object) orNull(name, value string) {
	if value == "" {
		o.raw(name, "null")
		return
	}
	o.str(name, value)
}

func (o *object) bool(name string, value bool) { o.raw(name, strconv.FormatBool(value)) }

func (o *object) value(name string, value any) {
	if o.name(name) {
		o.b = append(o.b, encode(value)...)
	}
}

// appendString writes a JSON string without escaping HTML; bad UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}

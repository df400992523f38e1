package parser

import (
	"strings"
)

// htmlReader turns HTML into the text that a reader sees, one line for each
// block and a tab between cells, and hands over each reference on its way.
// It builds no tree, so nesting costs nothing; every byte is looked at a fixed
// number of times whatever is left unclosed.
//
// It stands in for the tokenizer of golang.org/x/net/html, which alone takes
// twice the time that the whole parser may (measured on the corpus: 30 to 50
// MB/s on single bodies, 100 MB/s on one of 10 MB).
type htmlReader struct {
	body string
	link linkTaker

	out         strings.Builder
	last        byte // last byte of out
	blank       bool // white space seen and not yet written
	pre         int  // depth of <pre>
	hidden      int  // depth of the element that is not displayed, 0 when none
	hiddenName  string
	showsHidden bool
}

// linkTaker takes the references of HTML with the place in the text where they
// stand. restart forgets them: the text is read anew.
type linkTaker interface {
	reference(at int, href string)
	restart()
}

// visibleText reads an HTML body.
func visibleText(body string, links linkTaker) string {
	h := htmlReader{body: body, link: links}
	h.read()
	if h.hidden > 0 { // it never ended: then it cannot have been meant
		links.restart()
		h = htmlReader{body: body, link: links, showsHidden: true}
		h.read()
	}
	return h.out.String()
}

func (h *htmlReader) read() {
	h.last = '\n'
	if strings.IndexByte(h.body, '<') < 0 { // text after all, lines and all
		h.pre = 1
	}
	h.out.Grow(len(h.body)/2 + 16)
	for i := 0; i < len(h.body); {
		next := strings.IndexByte(h.body[i:], '<')
		if next < 0 {
			next = len(h.body) - i
		}
		h.text(h.body[i : i+next])
		if i += next; i < len(h.body) {
			i = h.markup(i)
		}
	}
}

// Bytes of text that are not just copied.
var textStops = byteSet(" \t\r\n\f&\x00")

// text writes a run of character data with its white space collapsed.
func (h *htmlReader) text(run string) {
	if h.hidden > 0 {
		return
	}
	for i := 0; i < len(run); {
		start := i
		for i < len(run) && (!textStops[run[i]] ||
			run[i] == ' ' && i > start && i+1 < len(run) && !textStops[run[i+1]]) {
			i++
		}
		h.write(run[start:i])
		if i == len(run) {
			return
		}
		switch {
		case run[i] == '&':
			decoded, size := entity(run[i:])
			switch {
			case decoded == " ":
				h.blank = true
			case decoded == noWidth && h.last == '/': // a long link may break there
			default:
				h.write(decoded)
			}
			i += size
			continue
		case run[i] == '\n' && h.pre > 0:
			h.newline()
		default: // a NUL, too, keeps apart what it stands between
			h.blank = true
		}
		i++
	}
}

func (h *htmlReader) write(s string) {
	if s == "" {
		return
	}
	if h.blank && h.last != '\n' && h.last != '\t' {
		h.out.WriteByte(' ')
	}
	h.blank = false
	h.out.WriteString(s)
	h.last = s[len(s)-1]
}

func (h *htmlReader) newline() {
	h.blank = false
	if h.last != '\n' && h.hidden == 0 {
		h.out.WriteByte('\n')
		h.last = '\n'
	}
}

func (h *htmlReader) cell() {
	h.blank = false
	if h.last != '\n' && h.last != '\t' && h.hidden == 0 {
		h.out.WriteByte('\t')
		h.last = '\t'
	}
}

// markup handles what starts with the "<" at body[i] and returns where it ends.
func (h *htmlReader) markup(i int) int {
	rest := h.body[i+1:]
	switch {
	case strings.HasPrefix(rest, "!--"):
		return h.after(i+4, "-->")
	case rest != "" && (rest[0] == '!' || rest[0] == '?'):
		return h.after(i+1, ">")
	case len(rest) > 1 && rest[0] == '/' && isLetter(rest[1]):
		name := tagName(rest[1:])
		h.endTag(name)
		return h.tagEnd(i + 2 + len(name))
	case rest != "" && isLetter(rest[0]) && !startsLink(rest):
		return h.startTag(i)
	}
	h.write("<")
	return i + 1
}

// after is the position behind the next end from body[i:] on, or the very end.
func (h *htmlReader) after(i int, end string) int {
	if i < len(h.body) {
		if at := strings.Index(h.body[i:], end); at >= 0 {
			return i + at + len(end)
		}
	}
	return len(h.body)
}

// startsLink tells the "label<https://…>" of plain text from a tag.
func startsLink(rest string) bool {
	_, ok := cutScheme(rest[:min(len(rest), 10)])
	return ok
}

func (h *htmlReader) startTag(i int) int {
	name := tagName(h.body[i+1:])
	start := i + 1 + len(name)
	end := h.tagEnd(start)
	if h.body[end-1] != '>' { // the text was cut here, and a link in it with it
		return end
	}
	attributes := h.body[start:end]
	var low [10]byte
	lower := lowerInto(low[:], name)
	if h.hidden > 0 {
		if string(lower) == h.hiddenName {
			h.hidden++
		}
	} else if len(attributes) > len(">") && !h.showsHidden && hides(attributes) && !isVoid(lower) {
		h.hidden, h.hiddenName = 1, string(lower)
		return end
	}
	switch string(lower) {
	case "a", "area":
		h.separate()
		if href, ok := attribute(attributes, "href"); ok && h.hidden == 0 {
			h.link.reference(h.out.Len(), referenceText(href))
		}
	case "script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes":
		if !strings.HasSuffix(attributes, "/>") {
			return h.rawEnd(end, name)
		}
	case "pre":
		h.pre++
		h.newline()
	case "td", "th":
		h.cell()
	default:
		if isBlock(lower) {
			h.newline()
		}
	}
	return end
}

func (h *htmlReader) endTag(name string) {
	var low [10]byte
	lower := lowerInto(low[:], name)
	if h.hidden > 0 && string(lower) == h.hiddenName {
		h.hidden--
	}
	switch string(lower) {
	case "a":
		h.separate()
	case "pre":
		h.pre = max(0, h.pre-1)
		h.newline()
	case "br":
		h.newline()
	case "td", "th":
		h.cell()
	default:
		if isBlock(lower) {
			h.newline()
		}
	}
}

// separate keeps what stands in a link apart from what touches it, without a
// blank that a reader would not see.
func (h *htmlReader) separate() {
	if h.hidden == 0 && h.last > ' ' {
		h.out.WriteString(noWidth)
		h.last = noWidth[len(noWidth)-1]
	}
}

// noWidth is U+200B, zero width space.
const noWidth = "\u200b"

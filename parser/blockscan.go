package parser

import (
	"html"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
)

// A body is read as a browser shows it: tags, comments and hidden elements are passed over, references are resolved. Only
// the tokenizer of x/net/html is used, never its tree, which refuses deep nesting and would have to be printed again.

// layout is where the tags of a body are, and where a block may be put.
type layout struct {
	tags []tag
	// insert is the offset for a new block at the end of what a reader sees: before </body> where there is one, else
	// before whatever is left open and would hide it.
	insert int
}

// tag is one HTML tag in a body.
type tag struct {
	span
	name    string
	closing bool
	void    bool // has no partner by nature, as <br>
	partner int  // index of the matching tag, -1 where there is none
}

// scan reads b once. onMarker gets the frame markers of blocks, onRune every visible character and a '\n' for each break of
// a line; either may be nil.
func (b Body) scan(onMarker func(marker), onRune func(rune, span)) layout {
	s := scanner{markers: markerFinder{found: onMarker}, onRune: onRune}
	if b.HTML {
		s.html(b.Content)
	} else {
		s.plain(b.Content)
	}
	return s.layout
}

type scanner struct {
	markers markerFinder
	onRune  func(rune, span)
	layout  layout
	hidden  string // the element that hidesContent what it holds, "" where text is seen
	depth   int    // of hidden within itself
	space   keptSpace
	end     int // last offset at which a block would be seen
	body    int // offset of the last visible </body> or </html>, -1 if none
}

func (s *scanner) html(content string) {
	s.body = -1
	z := nethtml.NewTokenizer(strings.NewReader(content))
	at := 0
	for {
		kind := z.Next()
		raw := len(z.Raw())
		here := span{at, at + raw}
		if kind == nethtml.ErrorToken {
			break
		}
		at = here.end
		switch kind {
		case nethtml.TextToken:
			if s.hidden == "" {
				s.entities(content[here.start:here.end], here.start)
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
			s.tag(z, kind, here)
		case nethtml.CommentToken:
			if !commentEnds(content[here.start:here.end]) {
				continue // it swallows whatever is put behind it
			}
		}
		if s.hidden == "" {
			s.end = here.end
		}
	}
	s.layout.insert = s.end
	if s.body >= 0 {
		s.layout.insert = s.body
	}
	matchTags(s.layout.tags)
}

// commentEnds tells a comment from one that runs to the end of the body.
func commentEnds(raw string) bool {
	if strings.HasPrefix(raw, "<!--") {
		return strings.HasSuffix(raw, "-->") || strings.HasSuffix(raw, "--!>")
	}
	return strings.HasSuffix(raw, ">")
}

func (s *scanner) tag(z *nethtml.Tokenizer, kind nethtml.TokenType, here span) {
	rawName, hasAttr := z.TagName()
	name := string(rawName)
	t := tag{span: here, name: name, closing: kind == nethtml.EndTagToken, void: voidElement[name], partner: -1}
	s.layout.tags = append(s.layout.tags, t)
	seen, hides, says := s.hidden == "", hidesContent[name], spaceUnsaid
	if hasAttr && seen && !t.closing && !t.void {
		hidden, rule := readAttributes(z)
		hides, says = hides || hidden, rule
	}
	switch {
	case !seen:
		s.stillHidden(t)
	case !t.closing && !t.void && hides:
		s.hidden, s.depth = name, 1
	case t.closing && (name == "body" || name == "html"):
		if s.body < 0 || name == "body" {
			s.body = here.start
		}
	}
	if seen && s.hidden == "" {
		s.space.tag(t, says)
	}
	if breaksLine[name] {
		s.rune('\n', span{here.start, here.start})
	} else if name == "td" || name == "th" {
		s.rune(' ', span{here.start, here.start})
	}
}

// stillHidden follows the tags inside a hidden element until it ends. <body> ends a <head> that was left open.
func (s *scanner) stillHidden(t tag) {
	switch {
	case s.hidden == "head" && t.name == "body":
		s.hidden = ""
	case t.name != s.hidden || t.void:
	case t.closing:
		if s.depth--; s.depth == 0 {
			s.hidden = ""
		}
	default:
		s.depth++
	}
}

// readAttributes tells whether an element is hidden, and what it says of white space.
func readAttributes(z *nethtml.Tokenizer) (hidden bool, says spaceRule) {
	for {
		key, value, more := z.TagAttr()
		switch string(key) {
		case "hidden":
			hidden = true
		case "style":
			style := strings.ToLower(strings.Join(strings.Fields(string(value)), ""))
			hidden = hidden || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden")
			says = spaceIn(style)
		}
		if !more {
			return hidden, says
		}
	}
}

// entities passes on the characters of a text token, character references resolved.
func (s *scanner) entities(raw string, at int) {
	for raw != "" {
		amp := strings.IndexByte(raw, '&')
		if amp < 0 {
			s.text(raw, at)
			return
		}
		s.text(raw[:amp], at)
		raw, at = raw[amp:], at+amp
		n := referenceLen(raw)
		for _, r := range html.UnescapeString(raw[:n]) {
			s.rune(s.space.sourceBreak(r), span{at, at + n})
		}
		raw, at = raw[n:], at+n
	}
}

// referenceLen is the length of the character reference that raw, which starts with '&', begins with; 1 if it is none.
func referenceLen(raw string) int {
	const longest = 40 // the longest name, &CounterClockwiseContourIntegral;, has 33
	for i := 1; i < len(raw) && i < longest; i++ {
		switch c := raw[i]; {
		case c == ';':
			return i + 1
		case c == '#' && i == 1, '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		default:
			return i
		}
	}
	return 1
}

// text passes on characters between tags. See [softBreak] for its line breaks.
func (s *scanner) text(raw string, at int) {
	for i := 0; i < len(raw); {
		r, size := utf8.DecodeRuneInString(raw[i:])
		s.rune(s.space.sourceBreak(r), span{at + i, at + i + size})
		i += size
	}
}

// plain passes on a text body, where a line break is a line break.
func (s *scanner) plain(content string) {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRuneInString(content[i:])
		s.rune(r, span{i, i + size})
		i += size
	}
	s.layout.insert = len(content)
}

func (s *scanner) rune(r rune, at span) {
	if s.hidden != "" {
		return
	}
	s.markers.add(r, at)
	if s.onRune != nil {
		s.onRune(r, at)
	}
}

// matchTags finds for each tag the one that closes or opens it, in linear time however wild the nesting.
func matchTags(tags []tag) {
	var stack []int
	open := map[string]int{} // name → how many of it are on the stack
	for i := range tags {
		t := &tags[i]
		if t.void {
			continue
		}
		if !t.closing {
			stack = append(stack, i)
			open[t.name]++
			continue
		}
		if open[t.name] == 0 {
			continue
		}
		for {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			open[tags[top].name]--
			if tags[top].name == t.name {
				tags[top].partner, t.partner = i, top
				break
			}
		}
	}
}

func set(names string) map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		m[name] = true
	}
	return m
}

var (
	// hidesContent lists elements whose content a reader of mail does not see, or sees only where something else fails.
	hidesContent = set("head script style title template noscript iframe noembed noframes textarea select datalist object " +
		"video audio canvas xmp plaintext frameset")
	voidElement = set("area base br col embed hr img input link meta param source track wbr")
	breaksLine  = set("body html p div br hr table tr ul ol li dl dt dd blockquote pre h1 h2 h3 h4 h5 h6 " +
		"center section article header footer address form fieldset")
)

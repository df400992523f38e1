package simulator

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Harshness says how much Exchange rewrites HTML that is stored (microsoft-graph.md 3, reliability.md D13). What a reader sees
// is never changed: every word stays, in its order.
type Harshness int

const (
	Normal Harshness = iota // as below, and ids and classes go, lines are wrapped, no-break spaces become entities
	Gentle                  // html, head and body are put around; comments, scripts, unknown and data- attributes go
	Harsh                   // as Normal, and p becomes div, attributes change order, accents become numbers, styles are respaced
	Varied                  // one of the above, by the seed
)

const (
	headHTML  = "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n<meta name=\"Generator\" content=\"Microsoft Exchange Server\">\r\n"
	emptyHTML = headHTML + "</head>\r\n<body>\r\n</body>\r\n</html>\r\n"
	lineWidth = 76
)

// kept are the attributes that survive.
var kept = set(`abbr align alt bgcolor border cellpadding cellspacing class color colspan dir face height href id lang name
	hidden noshade nowrap rel rowspan size span src start style summary target title type valign value vspace hspace width`)

// framed are the elements whose tags go, since the frame is made anew; raw ones become pre. What is in an unseen element goes
// with it.
var (
	framed = set(`html head body meta link base embed`)
	raw    = set(`xmp plaintext listing`)
)

// rewritten is what Exchange stores of a body.
func rewritten(b body, h Harshness) body {
	if !b.html {
		return body{content: b.content}
	}
	r := rewriter{harshness: h, nest: newNesting(), spaced: true}
	r.run(b.content)
	var all strings.Builder
	all.Grow(len(b.content) + 400)
	all.WriteString(headHTML)
	if h != Harsh {
		all.WriteString(r.styles.String())
	}
	fmt.Fprintf(&all, "</head>\r\n<body%s>\r\n", r.bodyAttrs)
	all.WriteString(strings.TrimRight(r.out.String(), "\r\n"))
	all.WriteString("\r\n</body>\r\n</html>\r\n")
	return body{html: true, content: all.String()}
}

type rewriter struct {
	harshness Harshness
	out       strings.Builder
	styles    strings.Builder
	bodyAttrs string
	nest      *nesting
	pre       int
	column    int
	spaced    bool // the last that was written ends a word
}

func (r *rewriter) run(content string) {
	z := html.NewTokenizer(strings.NewReader(content))
	style := false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			switch {
			case style:
				r.style(string(z.Raw()))
			case !r.nest.now():
				r.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			style = t.Data == "style"
			r.start(t)
		case html.EndTagToken:
			style = false
			r.end(z.Token().Data)
		}
	}
}

// style keeps a style sheet without its comment marks.
func (r *rewriter) style(text string) {
	text = strings.NewReplacer("<!--", "", "-->", "").Replace(text)
	if !strings.Contains(text, "<") && strings.TrimSpace(text) != "" {
		fmt.Fprintf(&r.styles, "<style>\r\n%s\r\n</style>\r\n", strings.TrimSpace(text))
	}
}

func (r *rewriter) start(t html.Token) {
	hidden := r.nest.now()
	if !voids[t.Data] {
		r.nest.open(t.Data, unseen[t.Data])
	}
	name, attrs := t.Data, t.Attr
	switch {
	case hidden || unseen[name]:
		return
	case framed[name]:
		if name == "body" && r.bodyAttrs == "" {
			r.bodyAttrs = r.attributes(attrs)
		}
		r.frame(name)
		return
	case raw[name] || name == "pre":
		name = "pre"
		r.pre++
	case name == "p" && r.harshness == Harsh:
		name = "div"
		attrs = append(slices.Clone(attrs), html.Attribute{Key: "style", Val: "margin-top:14pt; margin-bottom:14pt"})
	}
	r.write("<" + name + r.attributes(attrs) + ">")
	if name == "br" && r.pre == 0 {
		r.write("\r\n")
	}
}

func (r *rewriter) end(name string) {
	r.nest.close(name)
	switch {
	case r.nest.now() || unseen[name]:
		return
	case framed[name]:
		r.frame(name)
		return
	case raw[name] || name == "pre":
		name = "pre"
		r.pre = max(0, r.pre-1)
	case name == "p" && r.harshness == Harsh:
		name = "div"
	}
	r.write("</" + name + ">")
	if breaks[name] && r.pre == 0 {
		r.write("\r\n")
	}
}

// frame leaves of a frame's tag what it did to the words around it.
func (r *rewriter) frame(name string) {
	if breaks[name] && !r.spaced {
		r.write("\r\n")
	}
}

// attributes renders those that survive; of two with one name the first.
func (r *rewriter) attributes(attrs []html.Attribute) string {
	var parts []string
	have := map[string]bool{}
	for _, a := range attrs {
		scripted := a.Key == "href" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:")
		named := r.harshness != Gentle && (a.Key == "id" || a.Key == "class" || a.Key == "name")
		if !kept[a.Key] || have[a.Key] || scripted || named || a.Namespace != "" {
			continue
		}
		have[a.Key] = true
		value := a.Val
		if a.Key == "style" && r.harshness == Harsh {
			value = respaced(value)
		}
		parts = append(parts, fmt.Sprintf(" %s=\"%s\"", a.Key, attributeEscaper.Replace(value)))
	}
	if r.harshness == Harsh {
		slices.Sort(parts)
	}
	return strings.Join(parts, "")
}

var attributeEscaper = strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;")

// respaced writes "a:b;c:d" as "a:b; c:d".
func respaced(style string) string {
	var parts []string
	for part := range strings.SplitSeq(style, ";") {
		if part = strings.TrimSpace(part); part != "" {
			key, value, _ := strings.Cut(part, ":")
			parts = append(parts, strings.TrimSpace(key)+":"+strings.TrimSpace(value))
		}
	}
	return strings.Join(parts, "; ")
}

// text writes the characters of a text node; runs of white space become one space or a new line.
func (r *rewriter) text(s string) {
	if r.pre > 0 {
		r.write(r.escape(s))
		return
	}
	space := func(c rune) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' }
	for s != "" {
		i := strings.IndexFunc(s, space)
		if i != 0 {
			if i < 0 {
				i = len(s)
			}
			r.write(r.escape(s[:i]))
			s = s[i:]
			continue
		}
		s = strings.TrimLeftFunc(s, space)
		if r.spaced {
			continue
		}
		if r.harshness != Gentle && r.column > lineWidth {
			r.write("\r\n")
		} else {
			r.write(" ")
		}
	}
}

// escape writes characters as Exchange likes them; each means what it meant.
func (r *rewriter) escape(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return c == '&' || c == '<' || c == '>' || c >= 0xa0 }) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '&':
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		case c == 0xa0 && r.harshness == Normal:
			b.WriteString("&nbsp;")
		case c == 0xa0 && r.harshness == Harsh, c > 0xa0 && c < 0x180 && r.harshness == Harsh:
			fmt.Fprintf(&b, "&#%d;", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (r *rewriter) write(s string) {
	if s == "" {
		return
	}
	r.out.WriteString(s)
	last := s[len(s)-1]
	r.spaced = last == ' ' || last == '\n'
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		r.column = len(s) - i - 1
	} else {
		r.column += len(s)
	}
}

package simulator

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// breaks are the elements that end a word even without white space, where they can be seen.
var breaks = set(`address article aside blockquote br button caption center dd details dialog dir div dl dt fieldset figcaption
	figure footer form h1 h2 h3 h4 h5 h6 header hr img input legend li main menu nav ol option p pre section select summary
	listing plaintext xmp table tbody td tfoot th thead tr ul body html`)

// voids have no end tag.
var voids = set(`area base br col embed hr img input link meta param source track wbr`)

// unseen are the elements whose content nobody sees.
var unseen = set(`applet script style title template iframe noembed noframes noscript object textarea`)

func set(names string) map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(names) {
		all[name] = true
	}
	return all
}

// seen is the text of a body as a reader's eye finds it: no comments, no scripts, nothing with display:none.
func seen(b body) string { return seenFirst(b, len(b.content)) }

// seenFirst is seen, but may stop once there are so many bytes.
func seenFirst(b body, enough int) string {
	if !b.html {
		return b.content[:min(enough, len(b.content))]
	}
	var text strings.Builder
	z := html.NewTokenizer(strings.NewReader(b.content))
	hidden := newNesting()
	for text.Len() <= enough {
		switch z.Next() {
		case html.ErrorToken:
			return text.String()
		case html.TextToken:
			if !hidden.now() {
				text.Write(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, more := z.TagName()
			name := string(tag)
			if breaks[name] && !hidden.now() {
				text.WriteByte('\n')
			}
			if !voids[name] {
				hidden.open(name, unseen[name] || more && concealed(z))
			}
		case html.EndTagToken:
			tag, _ := z.TagName()
			hidden.close(string(tag))
			if breaks[string(tag)] && !hidden.now() {
				text.WriteByte('\n')
			}
		}
	}
	return text.String()
}

// concealed reads the attributes of the current tag and tells whether they hide the element.
func concealed(z *html.Tokenizer) bool {
	hides, styled := false, false
	for {
		key, value, more := z.TagAttr()
		switch string(key) {
		case "hidden":
			hides = true
		case "style":
			if styled {
				break // of two attributes with one name the first counts
			}
			styled = true
			style := strings.ToLower(strings.ReplaceAll(string(value), " ", ""))
			hides = hides || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") ||
				strings.Contains(style, "mso-hide:all")
		}
		if !more {
			return hides
		}
	}
}

// words are what of a body can be seen, cut at white space; no-break spaces count as white space.
func (b body) words() []string { return strings.Fields(seen(b)) }

// joinLinks are those of links that lead into a Webex meeting.
func (b body) joinLinks() []string {
	return slices.DeleteFunc(b.links(), func(link string) bool { return !webexLink(link) })
}

// links are the targets of all anchors of a body, and the addresses that can be seen in it.
func (b body) links() []string {
	var all []string
	for _, word := range b.words() {
		if i := strings.Index(word, "https://"); i >= 0 {
			all = append(all, strings.TrimRight(word[i:], ".,;)>]\"'"))
		}
	}
	if !b.html {
		return all
	}
	z := html.NewTokenizer(strings.NewReader(b.content))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind != html.StartTagToken {
			continue
		}
		for _, attr := range z.Token().Attr {
			if attr.Key == "href" && strings.HasPrefix(attr.Val, "https://") {
				all = append(all, attr.Val)
			}
		}
	}
	return all
}

// nesting follows open elements and knows whether one of them hides what is in it. Stray and missing end tags cost nothing.
type nesting struct {
	open_  []element
	count  map[string]int
	hiding int
}

type element struct {
	name  string
	hides bool
}

func newNesting() *nesting { return &nesting{count: map[string]int{}} }

func (n *nesting) now() bool { return n.hiding > 0 }

func (n *nesting) open(name string, hides bool) {
	n.open_ = append(n.open_, element{name, hides})
	n.count[name]++
	if hides {
		n.hiding++
	}
}

func (n *nesting) close(name string) {
	for n.count[name] > 0 {
		last := n.open_[len(n.open_)-1]
		n.open_ = n.open_[:len(n.open_)-1]
		n.count[last.name]--
		if last.hides {
			n.hiding--
		}
		if last.name == name {
			return
		}
	}
}

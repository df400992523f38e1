package parser

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var bareLink = regexp.MustCompile(`https?://[^\s<>"'\[\](){},;，（）]+`)

// eachLink rewrites every link of a text.
func eachLink(text string, rewrite func(link string) string) string {
	return bareLink.ReplaceAllStringFunc(text, func(link string) string {
		bare := strings.TrimRight(link, "*.:!?。")
		return rewrite(bare) + link[len(bare):]
	})
}

func lines(text, between string) string { return strings.ReplaceAll(text, "\n", between) }

// wrappings is what programs on its way do to an invitation.
var wrappings = map[string]struct {
	html bool
	wrap func(body string) string
}{
	"HTML with line breaks": {true, func(b string) string { return lines(html.EscapeString(b), "<br>\r\n") }},
	"HTML in blocks":        {true, func(b string) string { return "<div>" + lines(html.EscapeString(b), "</div><div>") + "</div>" }},
	"Word's HTML": {true, func(b string) string {
		return "<html><head><title>x</title><style>p{margin:0}</style></head><body><p class=MsoNormal>" +
			lines(html.EscapeString(b), "<o:p></o:p></p>\n\n<p class=MsoNormal><span lang=EN>") + "</body></html>"
	}},
	"a table": {true, func(b string) string {
		return "<table><tr><td>" + lines(html.EscapeString(b), "</td></tr>\n<tr><td>") + "</td></tr></table>"
	}},
	"preformatted HTML": {true, func(b string) string { return "<pre>" + html.EscapeString(b) + "</pre>" }},
	"links made active": {true, func(b string) string {
		b = eachLink(b, func(l string) string { return "\x01" + l + "\x02" })
		b = html.EscapeString(b)
		b = regexp.MustCompile("\x01([^\x02]*)\x02").ReplaceAllString(b, `<a href="$1" target="_blank">$1</a>`)
		return lines(b, "<br>")
	}},
	"Safe Links": {true, func(b string) string {
		b = eachLink(b, func(l string) string {
			return "https://nam02.safelinks.protection.outlook.com/?url=" + url.QueryEscape(l) + "&data=05%7C02&reserved=0"
		})
		return lines(html.EscapeString(b), "<br>")
	}},
	"a quotation": {false, func(b string) string { return "> " + lines(b, "\n> ") }},
	"a quoted block": {true, func(b string) string {
		return "<blockquote>&gt; " + lines(html.EscapeString(b), "<br>&gt; ") + "</blockquote>"
	}},
	"carriage return": {false, func(b string) string { return lines(b, "\r\n") }},
	"indentation":     {false, func(b string) string { return "\t" + lines(b, "\n    ") }},
	"blank lines":     {false, func(b string) string { return lines(b, "\n\n") }},
	"hard blanks":     {false, func(b string) string { return strings.ReplaceAll(b, ": ", ":\u00a0") }},
	"angle brackets":  {false, func(b string) string { return eachLink(b, func(l string) string { return "link<" + l + ">" }) }},
	"text before":     {false, func(b string) string { return strings.Repeat("Lorem ipsum dolor sit amet.\n", 300) + b }},
	"text behind":     {false, func(b string) string { return b + "\n" + strings.Repeat("Lorem ipsum dolor sit amet.\n", 300) }},
}

func TestAnInvitationReadsTheSameHoweverItIsWrapped(t *testing.T) {
	var plain []invite
	for _, name := range []string{"corpus/invites-dev", "cases/tune", "cases/held", "cases/real", "cases/real2"} {
		for _, one := range readInvites(t, "testdata/"+name+".jsonl") {
			// Not those whose links the expression above does not hold, or that are broken.
			odd := strings.Contains(one.Source, "constructed: ") || strings.Contains(one.ID, "angle-wrap") ||
				strings.Contains(one.ID, "raw-context") || strings.Contains(one.ID, "ppv3") || strings.Contains(one.ID, "amp-text") || strings.Contains(one.ID, "glued")
			if one.ContentType == "text" && !odd {
				plain = append(plain, one)
			}
		}
	}
	for name, w := range wrappings {
		t.Run(name, func(t *testing.T) {
			for _, one := range plain {
				want := Parse(one.text())
				got := Parse(Text{Location: one.Location, Body: w.wrap(one.Body), HTML: w.html})
				if got != want {
					t.Errorf("%s:\n got %+v\nwant %+v", one.ID, got, want)
				}
			}
		})
	}
}

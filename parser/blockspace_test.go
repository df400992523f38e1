package parser

import (
	"html"
	"slices"
	"strings"
	"testing"
)

// asSource is the text of a block as it stands in the source of HTML, links as programs make them.
func asSource(lines []string, lineBreak string, links bool) string {
	var out []string
	for _, line := range lines {
		source := html.EscapeString(line)
		if links && plainLink(line) {
			source = `<a class="moz-txt-link-freetext" href="` + source + `">` + source + "</a>"
		}
		out = append(out, source)
	}
	return strings.Join(out, lineBreak)
}

// framedLines are all lines of the block in a body, the markers with them, and what tells which are ours.
func framedLines(t *testing.T) (lines []string, wrote func(string) bool) {
	block := rendered(t, refA)
	between := Body{Content: block.Text}.Blocks()[0].Lines
	return slices.Concat([]string{OpenMarker(refA)}, between, []string{CloseMarker(refA)}), func(line string) bool { return slices.Contains(between, line) }
}

func TestABlockWhoseLinesOnlyNewlinesPartGoesAsAWhole(t *testing.T) {
	lines, wrote := framedLines(t)
	ours := func(_, line string) bool { return wrote(line) }
	for name, around := range map[string][2]string{
		"pre":                {"<html><body><pre>", "</pre></body></html>"},
		"pre of Thunderbird": {`<body><div class="moz-text-plain"><pre class="moz-quote-pre" wrap="">`, "</pre></div></body>"},
		"pre-wrap":           {`<body><div style="color: red; White-Space : PRE-WRAP">`, "</div></body>"},
		"pre-line":           {`<body style="white-space:pre-line"><p>`, "</p></body>"},
		"collapse":           {`<span style="white-space-collapse: preserve">`, "</span>"},
		"pre with more":      {"<pre>Hello\r\n", "\r\nBye</pre>"},
		"nested":             {`<div style="white-space:pre"><div><div>a</div><p style="white-space:normal">b</p>`, "</div></div>"},
		"flowed":             {"<html><body>", "</body></html>"},
		"flowed with more":   {"<html><body><div>Hello ", " Bye</div></body></html>"},
		"nowrap":             {`<div style="white-space:nowrap">`, "</div>"},
		"after white space":  {`<body style="line-break:after-white-space">`, "</body>"},
	} {
		for _, lineBreak := range []string{"\r\n", "\n", "\n\n", " "} {
			if lineBreak == " " && !strings.Contains(name, "flowed") {
				continue
			}
			for _, links := range []bool{false, true} {
				body := Body{HTML: true, Content: around[0] + asSource(lines, lineBreak, links) + around[1]}
				if left := body.Without(refA, ours); strings.Join(strings.Fields(left.VisibleText()), " ") != strings.Join(strings.Fields(body.VisibleText()), " ") || strings.Contains(left.Content, "Webex") || strings.Contains(left.Content, "aBc") {
					t.Errorf("%s, %q: left is %q", name, lineBreak, left.Content)
				}
				put, err := body.With(rendered(t, refA), ours)
				if err != nil || len(put.Blocks()) != 1 || !slices.Equal(put.Blocks()[0].Lines, lines[1:len(lines)-1]) {
					t.Errorf("%s, %q: replaced is %q, %v", name, lineBreak, put.Content, err)
				}
			}
		}
	}
}

func TestWhatAPersonTypedBetweenNewlinesStaysAsItStands(t *testing.T) {
	lines, wrote := framedLines(t)
	ours := func(_, line string) bool { return wrote(line) }
	for typed, want := range map[string]string{
		"Please  bring &amp; charge\r\n\r\n\tthe headset": `<div style="white-space:pre-wrap">Please  bring &amp; charge` + "\r\n\r\n\tthe headset</div>",
		"  indented": `<div style="white-space:pre-wrap">  indented</div>`,
		"see <a href=\"https://x.example\">x</a>\r\n&lt;here&gt;": "<div>see x</div><div>&lt;here&gt;</div>",
		html.EscapeString(lines[3]) + " and mine":                 `<div style="white-space:pre-wrap">` + html.EscapeString(lines[3]) + " and mine</div>",
	} {
		for _, at := range []int{1, 3, len(lines) - 1} {
			body := Body{HTML: true, Content: "<pre>Hello\r\n" + asSource(lines[:at], "\r\n", true) + "\r\n" + typed + "\r\n" + asSource(lines[at:], "\r\n", true) + "\r\nBye</pre>"}
			if got := body.Without(refA, ours).Content; got != "<pre>Hello\r\n"+want+"\r\nBye</pre>" {
				t.Errorf("%q at %d: %q", typed, at, got)
			}
		}
	}
}

func TestWhatAPersonTypedIntoAFlowedBlockStays(t *testing.T) {
	lines, wrote := framedLines(t)
	ours := func(_, line string) bool { return wrote(line) }
	for _, c := range []struct{ before, typed, after, want string }{
		{"\r\n", "call me\r\nabout it", "\r\n", "call me about it"},
		{" ", "call me", "\r\n", lines[2] + " call me"}, // nobody can tell where a line of ours ends
		{"\r\n", "call me", " ", "call me " + lines[3]},
		{"\r\n", lines[2] + "!", "\r\n", lines[2] + "!"},
	} {
		body := Body{HTML: true, Content: "<body>Hello\r\n" + asSource(lines[:3], "\r\n", true) + c.before + html.EscapeString(c.typed) + c.after + asSource(lines[3:], "\r\n", true) + "\r\nBye</body>"}
		want := Body{HTML: true, Content: "<body>Hello<div>" + html.EscapeString(c.want) + "</div>Bye</body>"}.VisibleText()
		if got := body.Without(refA, ours); got.VisibleText() != want {
			t.Errorf("%q: %q, want %q", c.typed, got.VisibleText(), want)
		}
	}
	flat := Body{HTML: true, Content: "<p>" + asSource(slices.Insert(slices.Clone(lines), 4, "call me"), " ", false) + "</p>"}
	if got := flat.Without(refA, ours).VisibleText(); !strings.Contains(got, "call me") {
		t.Errorf("left is %q", got)
	}
	if links := flat.Blocks()[0].Links(); len(links) == 0 || links[0] != detailsFor(refA).Link {
		t.Errorf("links %q", links) // it is known by its link, and not by the form of its lines
	}
	rest := strings.Replace(asSource(lines, " ", false), html.EscapeString(detailsFor(refA).Link), "", 1)
	if got := (Body{HTML: true, Content: "<p>" + rest + "</p>"}).Without(refA, ours).VisibleText(); !strings.Contains(got, lines[len(lines)-2]) {
		t.Errorf("left is %q of a block without its link", got)
	}
	two := Body{HTML: true, Content: "<p>" + lines[0] + "</p><p>" + html.EscapeString(lines[1]+" "+lines[2]+" "+lines[3]) + "</p><p>" + lines[len(lines)-1] + "</p>"}
	if got := two.Without(refA, ours).VisibleText(); got != lines[1]+" "+lines[2]+" "+lines[3] {
		t.Errorf("left is %q", got) // a person put them together
	}
}

func TestABrokenSourceLineIsOneLineAsBefore(t *testing.T) {
	body := Body{HTML: true, Content: "<p>" + OpenMarker(refA) + "</p><p>one\r\ntwo</p>\r\n<p>\r\nthree</p><p>" + CloseMarker(refA) + "</p>"}
	if got := body.Blocks()[0].Lines; !slices.Equal(got, []string{"one two", "three"}) {
		t.Errorf("%q", got)
	}
	body = Body{HTML: true, Content: "<pre>a\r\nb</pre>"}
	if got := body.VisibleText(); got != "a b" { // the fingerprints of what is there hold
		t.Errorf("%q", got)
	}
}

func TestATornBlockInPreIsFound(t *testing.T) {
	lines, wrote := framedLines(t)
	ours := func(_, line string) bool { return wrote(line) }
	for _, torn := range [][]string{lines[1:], lines[:len(lines)-1], lines[1 : len(lines)-1]} {
		body := Body{HTML: true, Content: "<pre>Hello\n" + asSource(torn, "\n", true) + "\nBye</pre>"}
		if got := body.Mend(refA, wrote).Without(refA, ours).VisibleText(); got != "Hello Bye" && got != "Hello\nBye" {
			t.Errorf("left is %q", got)
		}
	}
}

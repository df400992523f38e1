package parser

import (
	"os"
	"strings"
	"testing"
)

const refA, refB = "7KQ2M9XD4F", "0000000001"

// detailsFor are those of a meeting with everything there is to show.
func detailsFor(ref string) Details {
	return Details{
		Link: "https://example.webex.com/example/j.php?MTID=m" + ref + "&x=1", Number: "25414224390", Password: "aBc<3",
		DialPassword: "22233344", Video: "25414224390@example.webex.com", VideoIP: "173.243.2.68",
		Phones: []Phone{{"US Toll", "+1-555-0100", TollCharged}, {"", "1-800-555-0199", TollFree}},
	}
}

func wordsFor(t testing.TB, locale string) Words {
	t.Helper()
	words, err := WordsFor(locale)
	if err != nil {
		t.Fatal(err)
	}
	return words
}

func rendered(t testing.TB, ref string) Rendered {
	t.Helper()
	r, err := Render(ref, detailsFor(ref), wordsFor(t, "en-US"), DefaultParts())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var bodies = map[string]Body{
	"empty text":             {Content: ""},
	"text":                   {Content: "Agenda\r\n1. one"},
	"text with an end break": {Content: "Agenda\r\n"},
	"text with a gap":        {Content: "Agenda\r\n\r\n"},
	"empty html":             {HTML: true},
	"fragment":               {HTML: true, Content: "<p>Agenda</p>"},
	"outlook":                {HTML: true, Content: "<html>\r\n<head><style>p{}</style></head>\r\n<body lang=\"EN\">\r\n<div class=\"WordSection1\"><p>Hi&nbsp;all</p></div>\r\n</body>\r\n</html>\r\n"},
	"empty body":             {HTML: true, Content: "<html><body></body></html>"},
	"unclosed div":           {HTML: true, Content: "<div>Agenda<div>"},
	"unclosed comment":       {HTML: true, Content: "<p>Agenda</p><!-- never ends <p>"},
	"unclosed script":        {HTML: true, Content: "<p>Agenda</p><script>if (a"},
	"unclosed tag":           {HTML: true, Content: `<p>Agenda</p><a href="x`},
	"unclosed textarea":      {HTML: true, Content: `<p>Agenda</p><textarea>x`},
	"hidden tail":            {HTML: true, Content: `<p>Agenda</p><div style="display: NONE"><p>pre</p>`},
	"hidden but closed":      {HTML: true, Content: `<body><p>Agenda</p><div hidden>pre</div></body>`},
	"body end in a comment":  {HTML: true, Content: `<body><p>Agenda</p><!-- </body> --></body>`},
	"stray end tags":         {HTML: true, Content: `</div></p>Agenda</div></body></html></div>`},
	"plaintext element":      {HTML: true, Content: `Agenda<plaintext>all the rest`},
	"right to left":          {HTML: true, Content: "<div dir=\"rtl\">שלום <b>@webex</b>\u200f</div>"},
}

func TestABlockIsSeenOnceAndLeavesNoTrace(t *testing.T) {
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			once, err := body.With(rendered(t, refA), AllOurs)
			if err != nil {
				t.Fatal(err)
			}
			if got := once.Blocks(); len(got) != 1 || got[0].Ref != refA {
				t.Fatalf("blocks = %+v in %q", got, once.Content)
			}
			if once.VisibleText() != body.VisibleText() {
				t.Errorf("visible text without the block is %q, want %q", once.VisibleText(), body.VisibleText())
			}
			twice, err := once.With(rendered(t, refA), AllOurs)
			if err != nil || twice.Content != once.Content {
				t.Errorf("putting it twice (error %v):\n%q\nonce:\n%q", err, twice.Content, once.Content)
			}
			if back := once.Without(refA, AllOurs); back.Content != body.Content {
				t.Errorf("after taking it out:\n%q\nwant\n%q", back.Content, body.Content)
			}
		})
	}
}

func TestABodyThatSwallowsEverythingIsRefused(t *testing.T) {
	for _, content := range []string{"<!-- ", "<script>", `<div hidden>`, "<plaintext>"} {
		body, err := Body{HTML: true, Content: content}.With(rendered(t, refA), AllOurs)
		if err != nil {
			t.Errorf("%q: %v", content, err) // before the opening element there is still room
		} else if len(body.Blocks()) != 1 {
			t.Errorf("%q: no block in %q", content, body.Content)
		}
	}
}

func TestACopiedBlockMakesRoomForTheEventsOwn(t *testing.T) {
	for _, body := range []Body{{Content: "Agenda"}, {Content: "<p>Agenda</p>", HTML: true}} {
		copied, _ := body.With(rendered(t, refB), AllOurs)
		own, err := copied.With(rendered(t, refA), AllOurs)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := own.Block(refB); ok {
			t.Error("the foreign block is still there")
		}
		if back := own.Without("", AllOurs); back.Content != body.Content {
			t.Errorf("after taking it out %q, want %q", back.Content, body.Content)
		}
	}
}

func TestWhatAPersonTypesAroundABlockStays(t *testing.T) {
	text, _ := Body{Content: "above"}.With(rendered(t, refA), AllOurs)
	text.Content += "below"
	if got := text.Without(refA, AllOurs).Content; got != "above\r\n\r\nbelow" {
		t.Errorf("text: %q", got)
	}
	html, _ := Body{Content: "<p>above</p>", HTML: true}.With(rendered(t, refA), AllOurs)
	html.Content += "<p>below</p>"
	again, err := html.With(rendered(t, refA), AllOurs)
	if err != nil || again.Content != html.Content {
		t.Errorf("replaced: %v\n%q\nwant\n%q", err, again.Content, html.Content)
	}
	if got := html.Without(refA, AllOurs).Content; got != "<p>above</p><p>below</p>" {
		t.Errorf("html: %q", got)
	}
}

func TestWhatAPersonTypesIntoABlockStays(t *testing.T) {
	for _, body := range []Body{{Content: "above"}, {Content: "<p>above</p>", HTML: true}} {
		put, _ := body.With(rendered(t, refA), AllOurs)
		block, _ := put.Block(refA)
		wrote := map[string]bool{}
		for _, line := range block.Lines {
			wrote[line] = true
		}
		put.Content = strings.Replace(put.Content, CloseMarker(refA), "bring cake & tea\r\n<br>"+CloseMarker(refA), 1)
		got := put.Without(refA, func(_, line string) bool { return wrote[line] })
		if !strings.Contains(got.VisibleText(), "bring cake") {
			t.Errorf("lost the person's line: %q", got.Content)
		}
		if strings.Contains(got.VisibleText(), "webex.com") {
			t.Errorf("the block is still there: %q", got.Content)
		}
	}
}

func TestABlockIsFoundInWhateverExchangeMadeOfIt(t *testing.T) {
	html := `<html><head>
<meta name="Generator" content="Microsoft Exchange Server"></head><body><p class="x">above</p>
<p><font size="2"><span>[Web</span>ex&nbsp;` + "\r\n" + `7KQ2M9XD4F&#93;</font></p><p>Join</p>
<p><a href="https://e.webex.com/j">https://e.webex.com/j</a><br>
<span>[/Webex 7kq2m9xd4f ]</span></p><p>below</p></body></html>`
	body := Body{HTML: true, Content: html}
	block, ok := body.Block(refA)
	if !ok || strings.Join(block.Lines, "|") != "Join|https://e.webex.com/j" {
		t.Fatalf("found %v %+v", ok, block)
	}
	if got := body.Without(refA, AllOurs).VisibleText(); got != "above\nbelow" {
		t.Errorf("left %q", got)
	}
}

func TestMarkersThatAreNoBlock(t *testing.T) {
	for _, content := range []string{
		"[Webex 7KQ2M9XD4F] only the first", "only the last [/Webex 7KQ2M9XD4F]", "[/Webex 7KQ2M9XD4F] x [Webex 7KQ2M9XD4F]",
		"[Webex 7KQ2M9XD4] x [/Webex 7KQ2M9XD4]", "[Webex 7KQ2M9XD4FF] x [/Webex 7KQ2M9XD4FF]", "<!-- [Webex 7KQ2M9XD4F] --> [/Webex 7KQ2M9XD4F]",
		`<a title="[Webex 7KQ2M9XD4F]">x</a> [/Webex 7KQ2M9XD4F]`, `<div hidden>[Webex 7KQ2M9XD4F] x [/Webex 7KQ2M9XD4F]</div>`,
		"[Webex 7KQ2M9XD4F] x [/Webex 0000000001]", "[webex 7KQ2M9XD4F] x [/webex 7KQ2M9XD4F]",
	} {
		if got := (Body{HTML: true, Content: content}).Blocks(); got != nil {
			t.Errorf("%q: %+v", content, got)
		}
	}
}

func TestTeamsTextStaysByteForByte(t *testing.T) {
	raw, err := os.ReadFile("testdata/teams-body.html")
	if err != nil {
		t.Fatal(err)
	}
	body := Body{HTML: true, Content: string(raw)}
	put, err := body.With(rendered(t, refA), AllOurs)
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(body.Content, `<div class="me-email-text"`)
	end := strings.LastIndex(body.Content, "</body>")
	if blob := body.Content[start:end]; !strings.Contains(put.Content, blob) {
		t.Error("Microsoft's part was changed")
	}
}

func FuzzBlock(f *testing.F) {
	for _, body := range bodies {
		f.Add(body.Content, body.HTML)
	}
	f.Add("[Webex 7KQ2M9XD4F]<div>[/Webex 7KQ2M9XD4F]</div>", true)
	f.Add("<pre>a\r\n[Webex 7KQ2M9XD4F]\r\nb\r\n\r\nc[/Webex 7KQ2M9XD4F]\r\n<pre hidden>d</pre></pre>", true)
	f.Add("<p style=\"white-space:pre-wrap\">[Webex 7KQ2M9XD4F]\n b\n<i>c</i>\n[/Webex 7KQ2M9XD4F]<p style=\"white-space: normal\">d\ne", true)
	f.Fuzz(func(t *testing.T, content string, html bool) {
		body := Body{Content: content, HTML: html}
		bare := body.Without("", AllOurs)
		put, err := body.With(rendered(t, refA), AllOurs)
		if err != nil {
			return
		}
		if len(put.Blocks()) != 1 {
			t.Fatalf("%d blocks", len(put.Blocks()))
		}
		again, err := put.With(rendered(t, refA), AllOurs)
		if err != nil || again.Content != put.Content {
			t.Fatalf("twice is not once: %v\n%q\n%q", err, put.Content, again.Content)
		}
		if _, had := body.Block(refA); !had && len(bare.Blocks()) == 0 && put.Without(refA, AllOurs).Content != bare.Content {
			t.Fatalf("left a trace: %q, want %q", put.Without(refA, AllOurs).Content, bare.Content)
		}
	})
}

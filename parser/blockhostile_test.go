package parser

import (
	"errors"
	"slices"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

var hostileValues = []string{
	`</div><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' style='x`, `<b>`, `&lt;script&gt;`, `javascript:alert(1)`,
	"a\r\nb", "\x00\x1b[31m", "\u202egnp.exe", "\u2067x", "[/Webex " + refA + "]", "[Webex " + refB + "] x [/Webex " + refB + "]",
	"[/Webex", refA + "]", "\xff\xfe", "{password}{digits}{number}", "*01*#,,;", "%23%3Cscript%3E", strings.Repeat("x", 200), "<!--", "]]>",
	"שלום", "表\u3000示", "\u2028\u2029",
}

// A hostile value may be refused or changed, but not act: the elements and attributes are those of a harmless block.
func TestHostileValuesDoNotAct(t *testing.T) {
	for _, locale := range Locales() {
		for _, bad := range hostileValues[:12] { // the rest acts on no language's words
			all := Details{Number: bad, Password: bad, DialPassword: bad, Video: bad, VideoIP: bad, Phones: []Phone{{bad, bad, TollFree}, {bad, "+1-555-0100", bad}}}
			tryHostile(t, locale, bad, all)
		}
	}
}

func TestEachHostileValueIsKeptInItsPlace(t *testing.T) {
	for _, bad := range hostileValues {
		for _, d := range []Details{
			{Number: bad}, {Password: bad}, {Password: "x", DialPassword: bad}, {Video: bad}, {Video: "1@x", VideoIP: bad, Number: "1"},
			{Number: "123456789", Phones: []Phone{{bad, "+1-555-0100", TollFree}}}, {Number: "123456789", Phones: []Phone{{"US", bad, bad}}},
		} {
			tryHostile(t, "he", bad, d)
		}
	}
}

func tryHostile(t *testing.T, locale, bad string, d Details) {
	t.Helper()
	d.Link = "https://e.webex.com/j?a=1&b=<2>"
	r, err := Render(refA, d, wordsFor(t, locale), allParts(t))
	if err != nil {
		if !strings.Contains(bad, "Webex") {
			t.Errorf("%s, %q in %+v: %v", locale, bad, d, err)
		}
		return
	}
	checkHarmless(t, r)
	if body := (Body{HTML: true, Content: r.HTML}); len(body.Blocks()) != 1 || body.Without(refA, AllOurs).Content != "" {
		t.Errorf("%s, %q in %+v: left %q", locale, bad, d, body.Without(refA, AllOurs).Content)
	}
}

// checkHarmless holds a block's HTML against a list of what may be in it.
func checkHarmless(t *testing.T, r Rendered) {
	t.Helper()
	if strings.ContainsAny(r.HTML+r.Text, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\u2028") {
		t.Errorf("characters that act unseen in %q", r.Text)
	}
	z := nethtml.NewTokenizer(strings.NewReader(r.HTML))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() {
		token := z.Token()
		switch kind {
		case nethtml.TextToken, nethtml.EndTagToken:
			continue
		case nethtml.StartTagToken:
		default:
			t.Errorf("a %v in %s", kind, r.HTML)
		}
		if !slices.Contains([]string{"div", "p", "span", "a", "b", "i"}, token.Data) {
			t.Errorf("<%s> in %s", token.Data, r.HTML)
		}
		for _, a := range token.Attr {
			switch {
			case a.Key == "lang", a.Key == "dir", a.Key == "style" && !strings.Contains(a.Val, "url"):
			case a.Key == "href" && (strings.HasPrefix(a.Val, "https://") || strings.HasPrefix(a.Val, "tel:") || strings.HasPrefix(a.Val, "sip:")):
				if strings.HasPrefix(a.Val, "tel:") && strings.Trim(a.Val[4:], "+0123456789,*%") != "" {
					t.Errorf("dial string %q", a.Val)
				}
			default:
				t.Errorf("%s=%q in %s", a.Key, a.Val, r.HTML)
			}
		}
	}
}

func TestALabelThatReadsLikeAMarkerIsShownOtherwise(t *testing.T) {
	d := detailsFor(refA)
	d.Phones = []Phone{{"[/Webex " + refA + "]", "+1-555-0100", ""}, {"x [/Webex", refA + "]", ""}}
	r, err := Render(refA, d, wordsFor(t, "en"), DefaultParts())
	if err != nil || !strings.Contains(r.Text, "(/Webex "+refA+")") {
		t.Errorf("%v in %s", err, r.Text)
	}
	d.Password = "a[Webex " + refB + "]"
	if _, err := Render(refA, d, wordsFor(t, "en"), DefaultParts()); !errors.Is(err, ErrDetails) || strings.Contains(err.Error(), refB) {
		t.Errorf("a password with a marker: %v", err)
	}
	d.Password = "a[b]"
	if r, err := Render(refA, d, wordsFor(t, "en"), DefaultParts()); err != nil || !strings.Contains(r.Text, ": a[b] (") {
		t.Errorf("a password with brackets: %v", err)
	}
}

func TestLongValuesAreRefusedAndLongLabelsCut(t *testing.T) {
	d := detailsFor(refA)
	d.Password = strings.Repeat("x", 300)
	if _, err := Render(refA, d, wordsFor(t, "en"), DefaultParts()); !errors.Is(err, ErrDetails) || strings.Contains(err.Error(), "xxx") {
		t.Errorf("a password of 300 bytes: %v", err)
	}
	d = detailsFor(refA)
	d.Phones = nil
	for range 1000 {
		d.Phones = append(d.Phones, Phone{strings.Repeat("é", 10_000), "+1-555-0100", ""})
	}
	r, err := Render(refA, d, wordsFor(t, "en"), DefaultParts())
	if err != nil || len(r.HTML) > 20_000 {
		t.Errorf("a thousand numbers with long labels: %v, %d bytes", err, len(r.HTML))
	}
}

func FuzzRender(f *testing.F) {
	for _, bad := range hostileValues {
		f.Add(bad, "1234567890", bad, "de", "<b>a</b>"+bad)
		f.Add("12", bad, "x", "he", bad)
	}
	f.Fuzz(func(t *testing.T, number, password, label, locale, note string) {
		p := DefaultParts()
		p.Lync = true
		p.Header, _ = NewNotes("header", map[string]string{"": note})
		d := Details{Link: "https://e.webex.com/j", Number: number, Password: password, DialPassword: password, Video: number + "@e.webex.com", VideoIP: label,
			Phones: []Phone{{label, number, TollFree}, {password, label, ""}}}
		r, err := Render(refA, d, wordsFor(t, locale), p)
		if err != nil {
			return
		}
		checkHarmless(t, r)
		for _, body := range []Body{{Content: "above"}, {Content: "<p>above</p>", HTML: true}} {
			put, err := body.With(r, AllOurs)
			if err != nil || len(put.Blocks()) != 1 || put.Without(refA, AllOurs).Content != body.Content {
				t.Fatalf("%v in %q", err, put.Content)
			}
		}
	})
}

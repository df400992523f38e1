package parser

import (
	"errors"
	"strings"
	"testing"
)

// noteShown renders a note as the header of a block for a locale and gives the lines before the block's own.
func noteShown(t *testing.T, notes Notes, locale string) (html, text string) {
	t.Helper()
	r, err := Render(refA, Details{Link: "https://e.webex.com/j"}, wordsFor(t, locale), Parts{Header: notes})
	if err != nil {
		t.Fatal(err)
	}
	html, _, _ = strings.Cut(r.HTML, wordsFor(t, locale).Join)
	var lines []string
	for _, l := range linesOf(t, r) {
		if l == wordsFor(t, locale).Join {
			break
		}
		lines = append(lines, l)
	}
	return html, strings.Join(lines, "|")
}

func TestANoteMayBeTextOrSimpleHTML(t *testing.T) {
	for note, want := range map[string]string{
		"": "", "  \n \n": "",
		"Plain":                            "Plain",
		"two\nlines\r\nthree\rfour":        "two|lines|three|four",
		"AT&T & R&D, 1 < 2, a <3":          "AT&T & R&D, 1 < 2, a <3",
		"&lt;b&gt; is bold":                "<b> is bold",
		"<b>bold</b> <I>it</I><BR/>new":    "bold it|new",
		"<b>never closed\nnext":            "never closed|next",
		"</b></i></a>stray":                "stray",
		"<b onclick=x style='color:red'>x": "x",
		`<a href="https://x.example/y">`:   "https://x.example/y",
		`<a href='https://x.example/'>go`:  "go (https://x.example/)",
		"a\u202eb\u2066c\x07d":             "abcd",
		"para\n\n\n\npara":                 "para|para",
		`<a href="https://a.example">a<a href="https://b.example">b</a>`: "a (https://a.example)b (https://b.example)",
		`<a href=https://x.example/>https://x.example/</a> after`:        "https://x.example/ after",
	} {
		notes, err := NewNotes("header", map[string]string{"": note})
		if err != nil {
			t.Errorf("%q: %v", note, err)
			continue
		}
		if _, text := noteShown(t, notes, "en"); text != want {
			t.Errorf("%q shows %q, want %q", note, text, want)
		}
	}
	notes, err := NewNotes("header", map[string]string{"": "<b>a <i>b</i></b>\n<a href='https://x.example'>c</a>"})
	if err != nil {
		t.Fatal(err)
	}
	html, _ := noteShown(t, notes, "en")
	for _, want := range []string{"<b>a </b><b><i>b</i></b>", `<a href="https://x.example">c</a>`} {
		want = strings.Replace(want, "<b><i>b</i></b>", "<b><i>b</i></b>", 1)
		if !strings.Contains(html, want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
}

func TestAFaultyNoteNamesItsSetting(t *testing.T) {
	long := strings.Repeat("ж", LongestNote+1)
	for note, want := range map[string]string{
		long:                                "1025 characters, 1024 at most",
		"<script>alert(1)</script>":         `"<script>"`,
		"<img src=x>":                       `"<img src=x>"`,
		"<!-- x -->":                        "comment",
		"<!doctype html>":                   "comment",
		"x <a href=\"https://x":             "ends within a tag",
		"<a>x</a>":                          "https",
		"<a href='javascript:alert(1)'>x":   "https",
		"<a href='http://x.example'>x":      "https",
		"<a href='https://u:p@x.example'>x": "https",
		"mail <help@example.com>":           "&lt;",
		"a\n[/Webex " + refA + "]":          "marker",
		"\xff":                              "UTF-8",
	} {
		_, err := NewNotes("SYNCD_HEADER", map[string]string{"de-DE": note, "fr_FR": "ok"})
		var fault NoteError
		if !errors.As(err, &fault) || fault.Setting != "SYNCD_HEADER" || fault.Locale != "de_DE" || !strings.Contains(fault.Problem, want) {
			t.Errorf("%.40q: %v", note, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "SYNCD_HEADER for de_DE: ") {
			t.Errorf("%.40q: %v", note, err)
		}
	}
	if _, err := NewNotes("footer", map[string]string{"": strings.Repeat("ж", LongestNote)}); err != nil {
		t.Errorf("a note of the full length: %v", err)
	}
	_, err := NewNotes("footer", map[string]string{"xx": "a", "de_DE": "a", "de-de": "b", "": long})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "twice") || !strings.Contains(err.Error(), "footer for xx: unknown locale") {
		t.Errorf("all faults at once: %v", err)
	}
}

func TestALanguageHasItsOwnNoteOrTheOneForAll(t *testing.T) {
	notes, err := NewNotes("header", map[string]string{"": "all", "fr-CA": "Canada", "nl_NL": ""})
	if err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string]string{"fr_CA": "Canada", "fr-FR": "all", "de": "all", "nl": ""} {
		if _, text := noteShown(t, notes, locale); text != want {
			t.Errorf("%s shows %q, want %q", locale, text, want)
		}
	}
	own, err := NewNotes("header", map[string]string{"he": "שלום 12 34"})
	if err != nil {
		t.Fatal(err)
	}
	if _, text := noteShown(t, own, "en"); text != "" {
		t.Errorf("English shows %q", text)
	}
}

func FuzzNotes(f *testing.F) {
	f.Add("<b>a</b>\n<a href='https://x.example'>c</a> &amp; &#x5b;Webex 7KQ2M9XD4F]")
	f.Add("<i><br><b></i>x</b>")
	f.Fuzz(func(t *testing.T, note string) {
		notes, err := NewNotes("header", map[string]string{"": note})
		if err != nil {
			return
		}
		r, err := Render(refA, detailsFor(refA), wordsFor(t, "ar"), Parts{Header: notes, Footer: notes})
		if err == nil {
			checkHarmless(t, r)
		}
	})
}

package parser

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"syncd/simulator"
)

// withoutMarkers deletes what a reader sees of markers, as a person does in an editor. Exchange may have broken their lines.
func withoutMarkers(b Body, markers ...string) Body {
	for _, marker := range markers {
		words := strings.Fields(regexp.QuoteMeta(marker))
		b.Content = regexp.MustCompile(strings.Join(words, `\s+`)).ReplaceAllLiteralString(b.Content, "")
	}
	return b
}

func TestWhatIsLeftOfABlockWithoutItsMarkersIsReplacedAndCutAsAWhole(t *testing.T) {
	for _, harshness := range []simulator.Harshness{simulator.Normal, simulator.Harsh} {
		exchange := newExchange(t, harshness)
		for _, locale := range []string{"en_US", "fr_FR", "he", "zh_CN"} {
			block, room := goldenBlocks(t, locale)
			for kind, body := range typed {
				if locale != "he" && locale != "zh_CN" && kind != "html" {
					continue
				}
				for i, block := range []Rendered{block, room} {
					open, end := OpenMarker(block.Ref), CloseMarker(block.Ref)
					lines := Body{Content: block.Text}.Blocks()[0].Lines
					wrote := func(line string) bool { return slices.Contains(lines, line) }
					ours := func(_, line string) bool { return wrote(line) }
					put, err := body.With(block, AllOurs)
					if err != nil {
						t.Fatal(err)
					}
					stored := exchange.keep(put, "html")
					for _, gone := range [][]string{{open}, {end}, {open, end}} {
						name := fmt.Sprint(locale, ", ", kind, ", ", i, " without ", gone)
						torn := withoutMarkers(stored, gone...)
						if len(torn.Blocks()) != 0 {
							t.Fatalf("%s: %s", name, torn.Content)
						}
						mended := torn.Mend(block.Ref, wrote)
						if left := mended.Without(block.Ref, ours); left.VisibleText() != body.VisibleText() {
							t.Errorf("%s: left is %q of %s", name, left.VisibleText(), torn.Content)
						}
						whole, err := mended.With(block, ours)
						if err != nil || len(whole.Blocks()) != 1 || whole.VisibleText() != body.VisibleText() || !slices.Equal(whole.Blocks()[0].Lines, lines) {
							t.Errorf("%s: replaced is %q, %v", name, whole.Content, err)
						}
					}
					if again := stored.Mend(block.Ref, wrote); again.Content != stored.Content {
						t.Errorf("%s: mends what is whole: %s", locale, again.Content)
					}
				}
			}
		}
	}
}

func TestWhatAPersonWroteAroundATornBlockStays(t *testing.T) {
	block := rendered(t, refA)
	lines := Body{Content: block.Text}.Blocks()[0].Lines
	wrote := func(line string) bool { return slices.Contains(lines, line) }
	ours := func(_, line string) bool { return wrote(line) }
	body := func(parts ...string) Body { return Body{Content: strings.Join(parts, "\r\n")} }
	text := strings.Join(lines, "\r\n")
	half := len(lines) / 2
	link := lines[slices.IndexFunc(lines, plainLink)]
	for name, c := range map[string]struct {
		body Body
		want string
	}{
		"above and below":           {body("mine", OpenMarker(refA), text, "mine too"), "mine\nmine too"},
		"and the other marker":      {body("mine", text, CloseMarker(refA), "mine too"), "mine\nmine too"},
		"within":                    {body("mine", OpenMarker(refA), strings.Join(lines[:half], "\r\n"), "call me", strings.Join(lines[half:], "\r\n")), "mine\ncall me"},
		"a marker alone":            {body("mine", OpenMarker(refA), "mine too"), "mine\nmine too"},
		"the other alone":           {body("mine", CloseMarker(refA), "mine too"), "mine\nmine too"},
		"another event's marker":    {body("mine", OpenMarker(refB), text), "mine\n" + OpenMarker(refB)},
		"a link that he copied":     {body("mine", link, "mine too"), "mine\n" + link + "\nmine too"},
		"two lines that he copied":  {body("mine", lines[0], lines[1], "mine too"), "mine\n" + lines[0] + "\n" + lines[1] + "\nmine too"},
		"a whole block besides":     {body("mine", link, "x", "y", "z", "u", "v", OpenMarker(refA), text, CloseMarker(refA)), "mine\n" + link + "\nx\ny\nz\nu\nv"},
		"other lines far away":      {body(OpenMarker(refA), text, "1", "2", "3", "4", "5", lines[0]), "1\n2\n3\n4\n5\n" + lines[0]},
		"both markers, wrong order": {body(CloseMarker(refA), "mine", OpenMarker(refA)), "mine"},
	} {
		if got := c.body.Mend(refA, wrote).Without(refA, ours).VisibleText(); got != c.want {
			t.Errorf("%s: left is %q, want %q", name, got, c.want)
		}
	}
}

func FuzzMend(f *testing.F) {
	block := rendered(f, refA)
	for _, b := range bodies {
		put, err := b.With(block, AllOurs)
		if err != nil {
			continue
		}
		for _, gone := range [][]string{{OpenMarker(refA)}, {CloseMarker(refA)}, {OpenMarker(refA), CloseMarker(refA)}} {
			f.Add(withoutMarkers(put, gone...).Content, b.HTML)
		}
	}
	lines := Body{Content: block.Text}.Blocks()[0].Lines
	wrote := func(line string) bool { return slices.Contains(lines, line) }
	bare := strings.NewReplacer(OpenMarker(refA), "", CloseMarker(refA), "")
	f.Fuzz(func(t *testing.T, content string, html bool) {
		b := Body{Content: content, HTML: html}
		mended := b.Mend(refA, wrote)
		if bare.Replace(mended.Content) != bare.Replace(content) {
			t.Errorf("%q became %q", content, mended.Content)
		}
		if again := mended.Mend(refA, wrote); len(again.Blocks()) < len(mended.Blocks()) {
			t.Errorf("%q: mended twice %q", content, again.Content)
		}
		mended.Without(refA, func(_, line string) bool { return wrote(line) })
	})
}

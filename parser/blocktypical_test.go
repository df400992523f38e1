package parser

import "testing"

func TestEachLineOfABlockInAnyLanguageLooksLikeOne(t *testing.T) {
	parts := allParts(t)
	for _, locale := range Locales() {
		meeting, room := goldenBlocks(t, locale)
		for _, block := range []Rendered{meeting, room} {
			for _, body := range []Body{{Content: block.Text}, {Content: block.HTML, HTML: true}} {
				for _, line := range body.Blocks()[0].Lines {
					if !parts.Typical(line) {
						t.Errorf("%s: %q", locale, line)
					}
				}
			}
		}
	}
}

func TestWhatAPersonTypesDoesNotLookLikeALineOfABlock(t *testing.T) {
	parts := allParts(t)
	for _, line := range []string{
		"Bring cake", "", "Password: please ask Bob", "Meeting password: please ask Bob at the desk", "Meeting number (access code): see below",
		"https://example.com/agenda", "See https://example.webex.com/meet/ada", "2026-11-23 10:00 in room 4", "2026-11-23 we meet upstairs", "+49 30 1234567 is where I can be reached all day long",
		"+1-415-655-0100 US Toll w77z", "1-800-555-0199,,25414224390#22233344# US Toll Free (ask Bob)", "+1-415-655-0100 ask Bob", "Join by phone if you are late", "Dial Bob", "10, 20, 30", "12345678", "Dial in from home, please: 4@5",
	} {
		if parts.Typical(line) {
			t.Errorf("%q", line)
		}
	}
}

func TestTheLinksThatABlockShowsAreKnownAlsoInPieces(t *testing.T) {
	const link = "https://example.webex.com/example/j.php?MTID=m0123456789abcdef"
	for what, lines := range map[string][]string{
		"whole": {"Join", link}, "with its address": {link + "<" + link + ">"}, "in two": {link[:50], link[50:], "Number"}, "in three": {link[:40], link[40:50], link[50:]},
	} {
		found := false
		for _, l := range (Block{Lines: lines}).Links() {
			found = found || l == link
		}
		if !found {
			t.Errorf("%s: %q", what, Block{Lines: lines}.Links())
		}
	}
	if got := (Block{Lines: []string{"https://example.com/x", "Join " + link, "http://example.webex.com/x"}}).Links(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

package delta

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

const older, newer = "https://example.webex.com/example/j.php?MTID=m1", "https://example.webex.com/example/j.php?MTID=m2"

func TestOurLinkLeavesALocationAndWhatAPersonTypedAroundItStays(t *testing.T) {
	for text, want := range map[string]string{
		"Room A @webex LINK":                "Room A @webex",
		"LINK":                              "",
		"LINK LINK":                         "",
		"Room A @webex LINK; Cafe":          "Room A @webex; Cafe",
		"Room A @webex LINK, 2nd floor":     "Room A @webex, 2nd floor",
		"Room A @webex (LINK)":              "Room A @webex ()",
		"Room A <LINK>":                     "Room A <>",
		"Room A @webex LINK.":               "Room A @webex.",
		"LINK; Room A":                      "; Room A",
		"Room A;LINK;Cafe":                  "Room A;;Cafe",
		"Room A\u00a0LINK\u00a0Cafe":        "Room A\u00a0\u00a0Cafe",
		"“LINK” @webex":                     "“” @webex",
		"LINKx":                             "LINKx",
		"https://a.example/?to=LINK @webex": "https://a.example/?to=LINK @webex",
		"https://a.example/b,c; @webex":     "https://a.example/b,c; @webex",
		"wordLINK":                          "wordLINK",
		"https://https://,;":                "https://https://,;",
	} {
		text, want = strings.ReplaceAll(text, "LINK", older), strings.ReplaceAll(want, "LINK", older)
		place, _ := json.Marshal(map[string]any{"displayName": text, "locationType": "default"})
		ours := func(link string) bool { return slices.Contains([]string{older, newer}, link) }
		for _, link := range []string{"", newer} {
			got, ok := Relink(Location{Text: text, Place: place}, link, ours)
			shown := text
			if ok {
				var p struct{ DisplayName string }
				if err := json.Unmarshal(got, &p); err != nil {
					t.Fatal(err)
				}
				shown = p.DisplayName
			}
			if want := strings.TrimSpace(want + " " + link); strings.TrimSpace(shown) != want {
				t.Errorf("%q with %q: %q, want %q", text, link, shown, want)
			}
		}
	}
}

func TestALinkThatIsThereInAnyFormIsNotAppendedAgain(t *testing.T) {
	for _, text := range []string{newer, "@webex (" + newer + ")", newer + "; @webex"} {
		if place, ok := Relink(Location{Text: text, Place: []byte("{}")}, newer, func(word string) bool { return word == newer }); ok {
			t.Errorf("%q: %s", text, place)
		}
		if !(Location{Text: text}).showsLink() {
			t.Errorf("%q shows no link", text)
		}
	}
}

package parser

import (
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var rewriteGolden = flag.Bool("update", false, "write the golden blocks in testdata/blocks anew")

const goldenRef, goldenRoomRef = "7KQ2M9XD4F", "4G8YJ1ZT6B"

// goldenBlocks are the block of a meeting and that of a Personal Room, every part of them switched on.
func goldenBlocks(t *testing.T, locale string) (meeting, room Rendered) {
	t.Helper()
	parts := allParts(t)
	phones := []Phone{{"US Toll", "+1-415-655-0100", TollCharged}, {"US Toll Free", "1-800-555-0199", TollFree}, {"Nederland", "+31-20-794-0100", TollCharged}}
	meeting, err := Render(goldenRef, Details{
		Link:   "https://example.webex.com/example/j.php?MTID=m0123456789abcdef0123456789abcdef",
		Number: "25414224390", Password: "aBcD3fGh12", DialPassword: "22233344",
		Video: "25414224390@example.webex.com", VideoIP: "173.243.2.68", Phones: phones,
	}, wordsFor(t, locale), parts)
	if err != nil {
		t.Fatal(err)
	}
	parts.Header, parts.Footer = Notes{}, Notes{}
	parts.CallIn, parts.Restrictions, parts.Lync = "", "", false
	room, err = Render(goldenRoomRef, Details{
		Room: true, Link: "https://example.webex.com/meet/ada", Number: "123456789", Video: "ada@example.webex.com", VideoIP: "173.243.2.68", Phones: phones[:1],
	}, wordsFor(t, locale), parts)
	if err != nil {
		t.Fatal(err)
	}
	return meeting, room
}

// goldenPage is a page for a browser: what a person wrote and the block of a meeting, and the same with that of a Personal Room.
func goldenPage(t *testing.T, locale string) (page, text string) {
	t.Helper()
	meeting, room := goldenBlocks(t, locale)
	fmt.Fprintf(&builder{&page}, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n</head>\n<body>\n", html.EscapeString(locale))
	for _, block := range []Rendered{meeting, room} {
		body, err := Body{HTML: true, Content: "<p>1. Budget<br>2. Plans for spring</p>"}.With(block, AllOurs)
		if err != nil {
			t.Fatal(err)
		}
		page += strings.ReplaceAll(body.Content, "</p>", "</p>\n") + "\n<br>\n" // in lines, for who reads the difference
		plain, err := Body{Content: "1. Budget\r\n2. Plans for spring"}.With(block, AllOurs)
		if err != nil {
			t.Fatal(err)
		}
		text += strings.ReplaceAll(plain.Content, "\r\n", "\n") + "\n"
	}
	return page + "</body>\n</html>\n", text
}

type builder struct{ s *string }

func (b *builder) Write(p []byte) (int, error) { *b.s += string(p); return len(p), nil }

// The pages can be opened in a browser; each has been looked at. go test -run Golden -update writes them anew.
func TestGoldenBlocksAreAsTheyWereSeen(t *testing.T) {
	var names []string
	for _, locale := range Locales() {
		page, text := goldenPage(t, locale)
		for suffix, got := range map[string]string{".html": page, ".txt": text} {
			name := filepath.Join("testdata", "blocks", locale+suffix)
			names = append(names, name)
			if *rewriteGolden {
				if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is now:\n%s", name, got)
			}
		}
	}
	files, err := filepath.Glob("testdata/blocks/*_*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !slices.Contains(names, file) {
			t.Errorf("%s is of no locale", file)
		}
	}
}

func TestBothFormsShowTheSameLinesInEveryLanguage(t *testing.T) {
	for _, locale := range Locales() {
		meeting, room := goldenBlocks(t, locale)
		for _, block := range []Rendered{meeting, room} {
			inHTML := Body{Content: block.HTML, HTML: true}.Blocks()
			inText := Body{Content: block.Text}.Blocks()
			if len(inHTML) != 1 || len(inText) != 1 || len(inText[0].Lines) < 10 || !slices.Equal(inHTML[0].Lines, inText[0].Lines) {
				t.Errorf("%s:\n%+v\n%+v", locale, inHTML, inText)
			}
		}
	}
}

// What another organisation's syncd wrote is found by ours, whatever its language.
func TestTheParserReadsABlockInEveryLanguage(t *testing.T) {
	for _, locale := range Locales() {
		meeting, room := goldenBlocks(t, locale)
		for _, text := range []Text{{Body: meeting.HTML, HTML: true}, {Body: meeting.Text}} {
			got := Parse(text)
			if got.Provider != "webex" || got.JoinURL != "https://example.webex.com/example/j.php?MTID=m0123456789abcdef0123456789abcdef" ||
				got.MeetingNumber != "25414224390" || got.SIP != "25414224390@example.webex.com" {
				t.Errorf("%s (HTML %v): %+v", locale, text.HTML, got)
			}
		}
		if got := Parse(Text{Body: room.HTML, HTML: true}); got.JoinURL != "https://example.webex.com/meet/ada" || got.MeetingNumber != "123456789" {
			t.Errorf("%s, room: %+v", locale, got)
		}
	}
}

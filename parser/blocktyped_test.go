package parser

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asText is a block in HTML as Exchange shows it as plain text: a paragraph a line, and behind the words of a link its address.
func asText(html string) string {
	for _, r := range [][2]string{
		{`(?s)<a[^>]* href="([^"]*)"[^>]*>(.*?)</a>`, "$2\x01$1\x02"}, {`<br[^>]*>|</p>|</div>|</tr>`, "\r\n"}, {`<[^>]*>`, ""}, {`\r\n[\r\n]+`, "\r\n"},
	} {
		html = regexp.MustCompile(r[0]).ReplaceAllString(html, r[1])
	}
	return strings.NewReplacer("\x01", "<", "\x02", ">", "&amp;", "&", "&#43;", "+", "&#34;", `"`, "&nbsp;", " ").Replace(html)
}

// wrapped breaks lines at a column, between words.
func wrapped(text string, column int) string {
	var out []string
	for _, line := range strings.Split(text, "\r\n") {
		at := ""
		for _, word := range strings.Split(line, " ") {
			if at != "" && len(at)+1+len(word) > column {
				out, at = append(out, at), ""
			}
			at = strings.TrimPrefix(at+" "+word, " ")
		}
		out = append(out, at)
	}
	return strings.Join(out, "\r\n")
}

func TestABlockThatBecamePlainTextOrWasWrappedGoesAsAWhole(t *testing.T) {
	d := Details{
		Link: "https://example.webex.com/example/j.php?MTID=m0123456789abcdef&x=1", Number: "25414224390", Password: "aBcD3fGh12", DialPassword: "22233344",
		Video: "25414224390@example.webex.com", VideoIP: "173.243.2.68",
		Phones: []Phone{{"US Toll", "+1-415-655-0001", TollCharged}, {"UK", "+44-20-3198-8144", TollFree}},
	}
	all := DefaultParts()
	all.Lync = true
	for _, locale := range []string{"en_US", "de_DE", "he", "ja_JP"} {
		block, err := Render(refA, d, wordsFor(t, locale), all)
		if err != nil {
			t.Fatal(err)
		}
		lines := Body{Content: block.HTML, HTML: true}.Blocks()[0].Lines
		lines = append(lines, Body{Content: block.Text}.Blocks()[0].Lines...)
		ours := func(_, line string) bool { return slices.Contains(lines, line) }
		for name, text := range map[string]string{
			"as text": asText(block.HTML), "wrapped at 76": wrapped(block.Text, 76), "at 60": wrapped(block.Text, 60), "at 30": wrapped(block.Text, 30),
			"as text, wrapped": wrapped(asText(block.HTML), 76),
		} {
			for _, note := range []string{"", "Please bring the headset <of last week>\r\n"} {
				middle := strings.Index(text, "\r\n") + 2
				body := Body{Content: "Hello\r\n" + text[:middle] + note + text[middle:] + "\r\nBye\r\n"}
				got := body.Without(refA, ours).Content
				if plain := strings.Join(strings.Fields(got), " "); plain != strings.Join(strings.Fields("Hello "+note+" Bye"), " ") {
					t.Errorf("%s, %s: %q is left of\n%s", locale, name, got, body.Content)
				}
			}
		}
	}
}

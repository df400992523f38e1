package parser

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"
)

// Details are the join details of one meeting or Personal Room. Empty members are left out of the block.
type Details struct {
	Room         bool   // a Personal Room, not a meeting of its own
	Link         string // https address to join by; required
	Number       string // meeting number, digits
	Password     string
	DialPassword string // numeric form of the password, for telephones and video systems
	Video        string // SIP address
	VideoIP      string // address to dial for systems without SIP names
	Phones       []Phone
}

// Phone is one number to call in by.
type Phone struct{ Label, Number string }

// ErrDetails says that join details cannot be used.
var ErrDetails = errors.New("unusable join details")

// Check reports details that must not reach a calendar: no join link, or one that is not a plain https address.
func (d Details) Check() error {
	const longest = 2048
	link, err := url.Parse(d.Link)
	switch {
	case d.Link == "":
		return fmt.Errorf("%w: no link", ErrDetails)
	case err != nil, link.Scheme != "https", link.Host == "", link.User != nil, len(d.Link) > longest:
		return fmt.Errorf("%w: the link is not a plain https address", ErrDetails)
	}
	return nil
}

// Parts are the switchable parts of a block, and the operator's own words around it.
type Parts struct {
	Phone, Video   bool
	Header, Footer string // plain text
}

// Words are what a block says, in one language. "{address}" stands for the address to dial.
type Words struct {
	Language     string `json:"language"` // BCP 47, for the lang attribute
	RightToLeft  bool   `json:"rightToLeft,omitempty"`
	Join         string `json:"join"`
	Room         string `json:"room"`
	Number       string `json:"number"`
	Password     string `json:"password"`
	DialPassword string `json:"dialPassword"`
	Phone        string `json:"phone"`
	Video        string `json:"video"`
	Dial         string `json:"dial"`
	DialIP       string `json:"dialIP"`
}

//go:embed words/*.json
var wordFiles embed.FS

// WordsFor returns the words for a locale such as "nl-NL" or "nl_NL": that locale's, else its language's, else English.
func WordsFor(locale string) (Words, error) {
	locale = strings.ReplaceAll(locale, "-", "_")
	for _, name := range []string{locale, defaultLocale(locale), "en_US"} {
		raw, err := wordFiles.ReadFile("words/" + name + ".json")
		if err != nil {
			continue
		}
		var w Words
		if err := json.Unmarshal(raw, &w); err != nil {
			return Words{}, fmt.Errorf("words for %s: %w", name, err)
		}
		return w, nil
	}
	return Words{}, fmt.Errorf("no words for %q", locale)
}

// defaultLocale is the listed locale of a language, "de_DE" for "de_AT".
func defaultLocale(locale string) string {
	language, _, _ := strings.Cut(locale, "_")
	entries, _ := wordFiles.ReadDir("words")
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), language+"_") {
			return strings.TrimSuffix(e.Name(), ".json")
		}
	}
	return ""
}

// Render writes the block with the reference ref.
func Render(ref string, d Details, w Words, p Parts) (Rendered, error) {
	if err := d.Check(); err != nil {
		return Rendered{}, err
	}
	lines := blockLines(d, w, p)
	var page strings.Builder
	err := blockTemplate.Execute(&page, map[string]any{
		"Words": w, "Open": OpenMarker(ref), "Close": CloseMarker(ref), "Lines": lines,
	})
	if err != nil {
		return Rendered{}, fmt.Errorf("rendering join details: %w", err)
	}
	text := []string{OpenMarker(ref)}
	for _, l := range lines {
		text = append(text, l.Before+l.Text+l.After)
	}
	text = append(text, CloseMarker(ref))
	return Rendered{Ref: ref, HTML: page.String(), Text: strings.Join(text, "\r\n") + "\r\n"}, nil
}

// textLine is one line of a block: Before and After are plain, Text may be a link.
type textLine struct {
	Before, Text, After string
	Href                template.URL
	Head                bool
}

func blockLines(d Details, w Words, p Parts) []textLine {
	var lines []textLine
	add := func(l textLine) { lines = append(lines, l) }
	for line := range strings.Lines(p.Header) {
		add(textLine{Text: strings.TrimSpace(line)})
	}
	if d.Room {
		add(textLine{Text: w.Room, Head: true})
	} else {
		add(textLine{Text: w.Join, Head: true})
	}
	add(textLine{Text: d.Link, Href: template.URL(d.Link)}) // Check let only https pass
	if d.Number != "" {
		add(textLine{Before: w.Number + ": ", Text: GroupDigits(d.Number)})
	}
	if d.Password != "" {
		l := textLine{Before: w.Password + ": ", Text: d.Password}
		if d.DialPassword != "" {
			l.After = " (" + d.DialPassword + " " + w.DialPassword + ")"
		}
		add(l)
	}
	if p.Phone && len(d.Phones) > 0 {
		add(textLine{Text: w.Phone, Head: true})
		for _, phone := range d.Phones {
			add(textLine{Text: phone.Number, After: " " + phone.Label, Href: dialString(phone.Number, d)})
		}
	}
	if p.Video && d.Video != "" {
		add(textLine{Text: w.Video, Head: true})
		before, after, _ := strings.Cut(w.Dial, "{address}")
		add(textLine{Before: before, Text: d.Video, After: after, Href: sipLink(d.Video)})
		if d.VideoIP != "" && d.Number != "" {
			before, after, _ := strings.Cut(w.DialIP, "{address}")
			add(textLine{Before: before, Text: d.VideoIP, After: after})
		}
	}
	for line := range strings.Lines(p.Footer) {
		add(textLine{Text: strings.TrimSpace(line)})
	}
	return lines
}

// dialString makes a telephone ask for the meeting number, and password, by itself. Only digits and dialling signs pass.
func dialString(number string, d Details) template.URL {
	dial := "tel:" + keep(number, "+0123456789")
	if d.Number != "" {
		dial += ",," + keep(d.Number, "0123456789") + "%23" + keep(d.DialPassword, "0123456789") + "%23"
	}
	return template.URL(dial)
}

func sipLink(address string) template.URL {
	return template.URL("sip:" + strings.ReplaceAll(url.PathEscape(address), "%40", "@"))
}

func keep(s, allowed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(allowed, r) {
			return r
		}
		return -1
	}, s)
}

// GroupDigits writes a meeting number as people read it: 2541 422 4390, 123 456 789. Other text stays as it is.
func GroupDigits(number string) string {
	groups := map[int][]int{9: {3, 3}, 10: {3, 3}, 11: {4, 3}}[len(number)]
	if groups == nil || keep(number, "0123456789") != number {
		return number
	}
	a, b := groups[0], groups[0]+groups[1]
	return number[:a] + " " + number[a:b] + " " + number[b:]
}

// The styles are inline and stay within the block; Exchange drops classes.
var blockTemplate = template.Must(template.New("block").Parse(
	`<div lang="{{.Words.Language}}"{{if .Words.RightToLeft}} dir="rtl"{{end}} style="margin-top:16px; font-family:Arial,sans-serif; font-size:13px">` +
		`<div style="color:#767676; font-size:11px">{{.Open}}</div>` +
		`{{range .Lines}}<div{{if .Head}} style="margin-top:8px; font-weight:bold"{{end}}>` +
		`{{.Before}}{{if .Href}}<a href="{{.Href}}">{{.Text}}</a>{{else}}{{.Text}}{{end}}{{.After}}</div>{{end}}` +
		`<div style="margin-top:8px; color:#767676; font-size:11px">{{.Close}}</div></div>`))

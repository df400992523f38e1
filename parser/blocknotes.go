package parser

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
)

// LongestNote is the length of a header or footer at most, in characters as the operator wrote it, tags and all. Webex Control
// Hub has the same limit.
const LongestNote = 1024

// Notes are an operator's header or footer, by language. The zero value is none.
//
// A note is text whose line breaks count, with four tags: b, i, br, and a with an https address. A tag is never passed on as
// it stands: a note is taken apart into words and what to do with them, and written by the block's own template. Since
// text bodies have no links, a link's address is shown behind its words, in both forms.
type Notes struct{ byLocale map[string][]line }

// NoteError says what is wrong with a note.
type NoteError struct {
	Setting, Locale string // Locale "" is the note for all other languages
	Problem         string
}

func (e NoteError) Error() string {
	if e.Locale == "" {
		return e.Setting + ": " + e.Problem
	}
	return e.Setting + " for " + e.Locale + ": " + e.Problem
}

// NewNotes reads the notes of a setting, by locale in any form ("de-DE", "de_DE"); "" is that of all languages without one. The
// error joins a [NoteError] for each that is wrong.
func NewNotes(setting string, texts map[string]string) (Notes, error) {
	all, err := allWords()
	if err != nil {
		return Notes{}, err
	}
	notes := Notes{map[string][]line{}}
	var faults []error
	for _, locale := range slices.Sorted(maps.Keys(texts)) {
		key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(locale)), "-", "_")
		listed := all.byLocale[key].Locale
		lines, problem := readNote(texts[locale])
		if key != "" && listed == "" {
			problem = "unknown locale; there are " + strings.Join(Locales(), ", ")
		} else if _, twice := notes.byLocale[listed]; twice {
			problem = "is given twice"
		}
		if problem != "" {
			faults = append(faults, NoteError{setting, cmp.Or(listed, locale), problem})
			continue
		}
		notes.byLocale[listed] = lines
	}
	if faults != nil {
		return Notes{}, errors.Join(faults...)
	}
	return notes, nil
}

// in gives the lines of the note in a language.
func (n Notes) in(w Words) []line {
	if own, ok := n.byLocale[w.Locale]; ok {
		return own
	}
	return n.byLocale[""]
}

// noteReader gathers the lines of a note.
type noteReader struct {
	lines []line
	runs  []run
	bold  int
	slant int
	href  string
	words strings.Builder // of the link that is open
}

// readNote takes a note apart.
func readNote(text string) (lines []line, problem string) {
	if n := utf8.RuneCountInString(text); n > LongestNote {
		return nil, fmt.Sprintf("%d characters, %d at most", n, LongestNote)
	}
	if !utf8.ValidString(text) {
		return nil, "not UTF-8"
	}
	r := noteReader{}
	read := 0
	z := nethtml.NewTokenizer(strings.NewReader(text))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() {
		raw := string(z.Raw())
		read += len(raw)
		if problem := r.token(kind, z.Token(), raw); problem != "" {
			return nil, problem
		}
	}
	if read != len(text) {
		return nil, "ends within a tag; a plain < is written &lt;"
	}
	r.endLink()
	r.endLine()
	marked := false
	Body{Content: textOf(r.lines)}.scan(func(marker) { marked = true }, nil)
	if marked {
		return nil, "holds the marker of a block"
	}
	return r.lines, ""
}

func (r *noteReader) token(kind nethtml.TokenType, t nethtml.Token, raw string) (problem string) {
	step := 1
	switch kind {
	case nethtml.TextToken:
		r.text(t.Data)
		return ""
	case nethtml.EndTagToken:
		step = -1
	case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
	default:
		return "comments have no place in it"
	}
	switch t.Data {
	case "b":
		r.bold = max(0, r.bold+step)
	case "i":
		r.slant = max(0, r.slant+step)
	case "br":
		r.endLine()
	case "a":
		r.endLink()
		if step > 0 {
			return r.startLink(t)
		}
	default:
		return fmt.Sprintf("%q is not understood; <b>, <i>, <br> and <a href=\"https://…\"> are, and a plain < is written &lt;", raw)
	}
	return ""
}

func (r *noteReader) text(s string) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	for i, part := range strings.Split(s, "\n") {
		if i > 0 {
			r.endLine()
		}
		if part = plainRunes(part); part != "" {
			r.words.WriteString(part)
			r.runs = append(r.runs, run{Text: part, Bold: r.bold > 0, Slant: r.slant > 0, Href: template.URL(r.href)})
		}
	}
}

func (r *noteReader) startLink(t nethtml.Token) (problem string) {
	at := slices.IndexFunc(t.Attr, func(a nethtml.Attribute) bool { return a.Key == "href" })
	if at < 0 || !plainLink(strings.TrimSpace(t.Attr[at].Val)) {
		return "a link needs a plain https address"
	}
	r.href = strings.TrimSpace(t.Attr[at].Val)
	r.words.Reset()
	return ""
}

// endLink shows the address behind the words of a link, unless they are the address.
func (r *noteReader) endLink() {
	address := run{Text: r.href, Href: template.URL(r.href), Value: true}
	switch words := strings.TrimSpace(r.words.String()); {
	case r.href == "" || words == r.href:
	case words == "":
		r.runs = append(r.runs, address)
	default:
		r.runs = append(r.runs, run{Text: " ("}, address, run{Text: ")"})
	}
	r.href = ""
}

// endLine ends a line. An empty one parts what comes from what was.
func (r *noteReader) endLine() {
	seen := slices.ContainsFunc(r.runs, func(x run) bool { return strings.TrimFunc(x.Text, isBlank) != "" })
	n := len(r.lines)
	switch {
	case seen && n > 0 && len(r.lines[n-1].Runs) == 0:
		r.lines[n-1] = line{Runs: r.runs, Gap: true}
	case seen:
		r.lines = append(r.lines, line{Runs: r.runs})
	case n > 0 && len(r.lines[n-1].Runs) > 0:
		r.lines = append(r.lines, line{})
	}
	r.runs = nil
}

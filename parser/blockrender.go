package parser

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// run is a piece of a line in one manner.
type run struct {
	Text        string
	Href        template.URL // checked where it was made
	Bold, Slant bool
	Value       bool // an address or a number: from left to right in every language
	Whole       bool // is not broken into two lines
}

// line is one visible line of a block.
type line struct {
	Runs  []run
	Head  bool // heads a section
	Gap   bool // stands apart from what is above it
	Small bool
}

// Render writes the block with the reference ref. A reader sees the same lines in both forms; where hostile values would
// make that untrue, there is an error and no block.
func Render(ref string, d Details, w Words, p Parts) (Rendered, error) {
	if err := errors.Join(d.Check(), p.Check()); err != nil {
		return Rendered{}, err
	}
	view := blockView{Words: w, Style: blockStyle(w.Language), Open: OpenMarker(ref), Close: CloseMarker(ref), Direction: "ltr"}
	if w.RightToLeft {
		view.Direction = "rtl"
	}
	view.Lines = blockLines(d.tidy(), w, p)
	var page strings.Builder
	if err := blockTemplate.Execute(&page, view); err != nil {
		return Rendered{}, fmt.Errorf("rendering join details: %w", err)
	}
	lines := view.Lines
	if w.RightToLeft {
		lines = markedValues(lines)
	}
	text := view.Open + "\r\n" + textOf(lines) + "\r\n" + view.Close + "\r\n"
	block := Rendered{Ref: ref, HTML: page.String(), Text: text}
	return block, block.check()
}

// check holds that the block has its own frame and no other marker, and reads the same in both forms.
func (r Rendered) check() error {
	html, text := Body{Content: r.HTML, HTML: true}, Body{Content: r.Text}
	for _, body := range [...]Body{html, text} {
		var markers []marker
		body.scan(func(m marker) { markers = append(markers, m) }, nil)
		if len(markers) != 2 || markers[0].closing || !markers[1].closing || markers[0].ref != r.Ref || markers[1].ref != r.Ref {
			return fmt.Errorf("%w: they cannot be told from the frame of a block", ErrDetails)
		}
	}
	if !slices.Equal(html.Blocks()[0].Lines, text.Blocks()[0].Lines) {
		return fmt.Errorf("%w: HTML and text would show them differently", ErrDetails)
	}
	return nil
}

// blockLines puts the parts in the order of Webex's own invitations.
func blockLines(d Details, w Words, p Parts) []line {
	b := blockWriter{words: w, details: d}
	b.note(p.Header.in(w))
	b.ways(p)
	if p.Mobile {
		b.mobile()
	}
	if p.Phone {
		b.phone(p)
	}
	if p.Video && d.Video != "" {
		b.head(w.Video)
		b.say(w.Dial, slot{"{address}", run{Text: d.Video, Href: sipLink(d.Video), Value: true}})
		if p.VideoIP && d.VideoIP != "" && d.Number != "" {
			b.say(w.DialIP, slot{"{address}", run{Text: d.VideoIP, Value: true, Whole: true}})
		}
	}
	if address := d.lync(); p.Lync && address != "" {
		b.head(w.Lync)
		b.say(w.Dial, slot{"{address}", run{Text: address, Href: sipLink(address), Value: true}})
	}
	if p.Help {
		b.say(w.Help, slot{"{address}", run{Text: helpLink, Href: helpLink, Value: true}})
		b.lines[len(b.lines)-1].Gap = true
	}
	b.note(p.Footer.in(w))
	return b.lines
}

const helpLink = "https://help.webex.com"

type blockWriter struct {
	words   Words
	details Details
	lines   []line
}

func (b *blockWriter) add(runs ...run) { b.lines = append(b.lines, line{Runs: runs}) }

func (b *blockWriter) head(text string) {
	b.lines = append(b.lines, line{Runs: []run{{Text: text}}, Head: true, Gap: true})
}

func (b *blockWriter) link(address string) {
	b.add(run{Text: address, Href: template.URL(address), Value: true}) // a plain https address by now
}

func (b *blockWriter) note(lines []line) {
	for i, l := range lines {
		l.Gap = l.Gap || i == 0
		b.lines = append(b.lines, l)
	}
}

// slot is what stands for a place-holder of the words.
type slot struct {
	holder string
	run    run
}

// say adds a sentence with its place-holders filled.
func (b *blockWriter) say(words string, slots ...slot) {
	var runs []run
	for words != "" {
		at, next := len(words), slot{}
		for _, s := range slots {
			if found := strings.Index(words, s.holder); found >= 0 && found < at {
				at, next = found, s
			}
		}
		if at > 0 {
			runs = append(runs, run{Text: words[:at]})
		}
		if next.holder != "" {
			runs = append(runs, next.run)
		}
		words = words[at+len(next.holder):]
	}
	b.add(runs...)
}

// ways are the link, the number and the password.
func (b *blockWriter) ways(p Parts) {
	w, d := b.words, b.details
	join := w.Join
	if d.Room {
		join = w.Room
	} else if p.More {
		b.lines = append(b.lines, line{Runs: []run{{Text: w.More}}, Gap: true})
	}
	b.head(join)
	b.link(d.Link)
	password := p.Password && d.Password != ""
	if d.Number == "" && !password {
		return
	}
	b.head(w.ByNumber)
	if d.Number != "" {
		b.say(w.Number, slot{"{number}", run{Text: GroupDigits(d.Number), Value: true, Whole: true}})
	}
	if password {
		words := w.Password
		if d.DialPassword != "" {
			words = w.Passwords
		}
		b.say(words, slot{"{password}", run{Text: d.Password, Value: true}},
			slot{"{digits}", run{Text: d.DialPassword, Value: true, Whole: true}})
	}
}

func (b *blockWriter) mobile() {
	taps := 0
	for _, phone := range b.details.Phones {
		shown, link := b.details.tap(phone)
		if shown == "" || taps == mostTaps {
			continue
		}
		if taps++; taps == 1 {
			b.head(b.words.Mobile)
		}
		b.add(run{Text: shown, Href: link, Value: true}, b.label(phone))
	}
	if taps > 0 && b.details.DialPassword != "" {
		b.add(run{Text: b.words.MobileNote})
		b.lines[len(b.lines)-1].Small = true
	}
}

func (b *blockWriter) phone(p Parts) {
	if len(b.details.Phones) == 0 && p.CallIn == "" {
		return
	}
	b.head(b.words.Phone)
	for _, phone := range b.details.Phones {
		b.add(run{Text: phone.Number, Href: phone.telLink(), Value: true, Whole: true}, b.label(phone))
	}
	for _, page := range [...]struct{ words, link string }{{b.words.CallIn, p.CallIn}, {b.words.Restrictions, p.Restrictions}} {
		if page.link != "" {
			b.add(run{Text: page.words})
			b.link(page.link)
		}
	}
}

// label is what stands behind a telephone number: Webex's own label, and whether the call costs, if the label does not say it.
func (b *blockWriter) label(p Phone) run {
	text := p.Label
	costs := map[string]string{TollCharged: b.words.Toll, TollFree: b.words.TollFree}[p.Toll]
	if costs != "" && !strings.Contains(strings.ToLower(text), "toll") && !strings.Contains(text, costs) {
		text = strings.TrimSpace(text + " (" + costs + ")")
	}
	if text == "" {
		return run{}
	}
	return run{Text: " " + text}
}

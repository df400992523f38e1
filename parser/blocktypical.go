package parser

import (
	"slices"
	"strings"
	"sync"
)

// A block of which nothing is remembered, an older one that somebody's client saved back, or another event's, may still have a person's
// words in it. What syncd writes is told by its form then: whole labels in the listed languages, values that look like such.

// Typical reports whether a line of a block reads as syncd writes one, with the operator's own words in p, in whatever language.
func (p Parts) Typical(line string) bool {
	line = strings.TrimSpace(strings.ReplaceAll(line, "\u200e", ""))
	if plainLink(line) {
		return leadsToWebex(line) || slices.Contains([]string{helpLink, p.CallIn, p.Restrictions}, line)
	}
	forms := typicalForms()
	if forms.whole[line] || forms.dialled(line) {
		return true
	}
	for _, form := range forms.filled {
		if fits(form, line) {
			return true
		}
	}
	return p.Header.say(line) || p.Footer.say(line)
}

// forms are what the words of all languages make.
type forms struct {
	whole  map[string]bool
	filled []string // with place-holders
	costs  []string // what a call costs, in lower case
}

var typicalForms = sync.OnceValue(func() forms {
	f := forms{whole: map[string]bool{}, costs: []string{"toll free"}} // as Webex's own labels say
	all, _ := allWords()                                               // whoever renders a block is told that they are broken
	for _, w := range all.byLocale {
		for _, text := range [...]string{w.More, w.Join, w.Room, w.ByNumber, w.Mobile, w.MobileNote, w.Phone, w.CallIn, w.Restrictions, w.Video, w.Lync} {
			f.whole[strings.Join(strings.Fields(text), " ")] = true
		}
		f.costs = append(f.costs, strings.ToLower(w.Toll), strings.ToLower(w.TollFree))
		for _, text := range [...]string{w.Number, w.Password, w.Passwords, w.Dial, w.DialIP, w.Help} {
			if text = strings.Join(strings.Fields(text), " "); !slices.Contains(f.filled, text) {
				f.filled = append(f.filled, text)
			}
		}
	}
	return f
})

// longestTypical is longer than any line with values in it.
const longestTypical = 500

// fits reports whether a line is a form whose place-holders are filled.
func fits(form, line string) bool {
	before, rest, slotted := strings.Cut(form, "{")
	line, ok := strings.CutPrefix(line, before)
	switch {
	case !ok || len(line) > longestTypical:
		return false
	case !slotted:
		return line == ""
	}
	holder, after, _ := strings.Cut(rest, "}")
	for end := 1; end <= len(line); end++ {
		if fills(holder, line[:end]) && fits(after, line[end:]) {
			return true
		}
	}
	return false
}

// fills reports whether a value may stand for a place-holder.
func fills(holder, value string) bool {
	switch holder {
	case "number":
		return strings.Trim(value, decimals+" ") == "" && strings.TrimSpace(value) == value
	case "digits":
		return strings.Trim(value, decimals) == ""
	case "address":
		return !strings.ContainsAny(value, " \t") && strings.ContainsAny(value, ".@")
	}
	return !strings.ContainsAny(value, " \t")
}

// dialled reports a telephone number with a short label behind it, as Webex gives them, which ends in what the call costs: what a person
// typed behind that is his. A date is none.
func (f forms) dialled(line string) bool {
	const longestLabel = 6 // words
	within, fewest := decimals+"-(),#*", 10
	if strings.HasPrefix(line, "+") {
		within, fewest = within+"+ ", 7
	}
	label := strings.TrimLeft(line, within)
	number := line[:len(line)-len(label)]
	apart := label == "" || strings.HasSuffix(number, " ") || label[0] == ' '
	return apart && len(keep(number, decimals)) >= fewest && len(strings.Fields(label)) <= longestLabel && f.priced(label)
}

// priced reports whether a label says what a call costs, and nothing after that.
func (f forms) priced(label string) bool {
	label = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(label), ")"))
	return label == "" || slices.ContainsFunc(f.costs, func(cost string) bool { return cost != "" && strings.HasSuffix(label, cost) })
}

// say reports whether a line is one of a note, in whatever language.
func (n Notes) say(text string) bool {
	for _, lines := range n.byLocale {
		for _, l := range lines {
			if strings.Join(strings.Fields(textOf([]line{l})), " ") == text {
				return true
			}
		}
	}
	return false
}

// Links are the links to Webex that a block shows as lines of their own, each with what it is where the line was broken on its way
// through plain text.
func (b Block) Links() []string {
	const most = 4
	var links []string
	lines := b.Lines
	if b.flowed { // every link stands among words then, that to the help too
		lines = slices.DeleteFunc(strings.Fields(strings.Join(lines, " ")), func(word string) bool { return strings.HasPrefix(word, helpLink) })
	}
	for i, line := range lines {
		if line = withoutAddresses(line); !plainLink(line) || !leadsToWebex(line) {
			continue
		}
		links = append(links, line)
		for _, more := range lines[i+1 : min(i+most, len(lines))] {
			line += more
			links = append(links, line)
		}
	}
	return links
}

package parser

import "strings"

// Line breaks in the source of HTML. For a reader of most of it they are blanks; where a style or <pre> keeps them they end a line. Both
// fold to a blank for who does not ask.
const (
	softBreak = '\r'
	keptBreak = '\v'
)

// keptSpace follows the elements that say whether the white space in them is kept.
type keptSpace []spaceElement

type spaceElement struct {
	name  string
	depth int // of the name within itself
	keeps bool
}

func (k keptSpace) keeps() bool { return len(k) > 0 && k[len(k)-1].keeps }

// tag takes the next visible tag. says is what it says of white space.
func (k *keptSpace) tag(t tag, says spaceRule) {
	if t.name == "pre" && says == spaceUnsaid {
		says = spaceKept
	}
	n := len(*k)
	inside := n > 0 && (*k)[n-1].name == t.name
	switch {
	case t.void:
	case !t.closing && says != spaceUnsaid:
		*k = append(*k, spaceElement{t.name, 1, says == spaceKept})
	case !t.closing && inside:
		(*k)[n-1].depth++
	case t.closing && inside:
		if (*k)[n-1].depth--; (*k)[n-1].depth == 0 {
			*k = (*k)[:n-1]
		}
	}
}

// spaceRule is what an element says of the line breaks in it.
type spaceRule int

const (
	spaceUnsaid spaceRule = iota
	spaceKept
	spaceFolded
)

// spaceIn reads a style, in lower case and without white space.
func spaceIn(style string) (says spaceRule) {
	if !strings.Contains(style, "white-space") {
		return spaceUnsaid
	}
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(declaration, ":")
		switch name {
		case "white-space", "white-space-collapse":
			says = spaceFolded
			if strings.HasPrefix(value, "pre") || strings.HasPrefix(value, "break-spaces") {
				says = spaceKept
			}
		}
	}
	return says
}

// sourceBreak is what a character in the source of HTML is for a reader.
func (k keptSpace) sourceBreak(r rune) rune {
	switch r {
	case '\n', '\r':
		if k.keeps() {
			return keptBreak
		}
		return softBreak
	case keptBreak:
		return ' '
	}
	return r
}

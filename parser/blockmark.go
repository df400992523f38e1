package parser

import (
	"strings"
	"unicode"
)

// markerWord is the first word of a frame marker, `[Webex REF]` or `[/Webex REF]`.
const markerWord = "Webex"

// OpenMarker is the visible first line of the block with the reference ref.
func OpenMarker(ref string) string { return "[" + markerWord + " " + ref + "]" }

// CloseMarker is its visible last line.
func CloseMarker(ref string) string { return "[/" + markerWord + " " + ref + "]" }

type marker struct {
	span
	ref     string
	closing bool
}

// markerFinder finds frame markers in a stream of visible characters, whatever tags stand between them. Runs of blanks count
// as one, blanks just inside the brackets as none.
type markerFinder struct {
	found func(marker)

	state   markerState
	word    int // characters of markerWord seen
	ref     [RefLen]byte
	refLen  int
	start   int
	closing bool
}

type markerState int

const (
	markOutside markerState = iota
	markBracket             // after "[" or "[/"
	markWord                // inside "Webex"
	markGap                 // blanks after the word
	markRef                 // inside the reference
	markTail                // blanks after the reference
)

func (f *markerFinder) add(r rune, at span) {
	if f.found == nil || invisible(r) {
		return
	}
	if r == '[' {
		*f = markerFinder{found: f.found, state: markBracket, start: at.start}
		return
	}
	if f.state == markOutside {
		return
	}
	if isBlank(r) || r == '\n' {
		f.blank()
		return
	}
	f.character(r, at)
}

func (f *markerFinder) blank() {
	switch {
	case f.state == markBracket || f.state == markGap || f.state == markTail:
	case f.state == markWord && f.word == len(markerWord):
		f.state = markGap
	case f.state == markRef && f.refLen == RefLen:
		f.state = markTail
	default:
		f.state = markOutside
	}
}

func (f *markerFinder) character(r rune, at span) {
	complete := f.refLen == RefLen && (f.state == markRef || f.state == markTail)
	switch {
	case f.state == markBracket && r == '/' && !f.closing:
		f.closing = true
	case (f.state == markBracket || f.state == markWord) && f.word < len(markerWord) && r == rune(markerWord[f.word]):
		f.state = markWord
		f.word++
	case (f.state == markGap || f.state == markRef) && f.refLen < RefLen && isRefChar(r):
		f.state = markRef
		f.ref[f.refLen] = byte(unicode.ToUpper(r))
		f.refLen++
	case complete && r == ']':
		f.state = markOutside
		f.found(marker{span: span{f.start, at.end}, ref: string(f.ref[:]), closing: f.closing})
	default:
		f.state = markOutside
	}
}

func isRefChar(r rune) bool {
	return r < 0x80 && strings.ContainsRune(RefAlphabet, unicode.ToUpper(r))
}

func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\u00a0' }

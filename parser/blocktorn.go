package parser

import (
	"slices"
	"strings"
)

// The two marker lines look odd, and a person may delete one of them, or both, and leave the rest. Nothing frames it any more: what is left
// is told by its lines, which who wrote it remembers.

// Mend puts the markers of the block with the reference ref back around lines that wrote knows. The result is there to be given to
// [Body.With] or [Body.Without], and not to be stored.
func (b Body) Mend(ref string, wrote func(line string) bool) Body {
	seen := b.seen(ref)
	put := map[int]string{} // offset → marker that is missing there
	lone := false
	for i, l := range seen {
		switch l.kind {
		case opening:
			last, _ := seen.ours(i+1, wrote)
			put[seen[max(i, last)].end] += CloseMarker(ref)
			lone = true
		case closing:
			first, _ := seen.oursBefore(i, wrote)
			put[seen[min(i, first)].start] += OpenMarker(ref)
			lone = true
		}
	}
	if _, framed := b.Block(ref); !lone && !framed {
		first, last := seen.unframed(wrote)
		if first <= last {
			put[seen[first].start], put[seen[last].end] = OpenMarker(ref), CloseMarker(ref)
		}
	}
	return b.putting(put)
}

// putting is b with texts at some of its offsets.
func (b Body) putting(texts map[int]string) Body {
	var out strings.Builder
	end := 0
	for _, at := range sorted(texts) {
		out.WriteString(b.Content[end:at])
		out.WriteString(texts[at])
		end = at
	}
	out.WriteString(b.Content[end:])
	return Body{Content: out.String(), HTML: b.HTML}
}

func sorted(texts map[int]string) []int {
	offsets := make([]int, 0, len(texts))
	for at := range texts {
		offsets = append(offsets, at)
	}
	slices.Sort(offsets)
	return offsets
}

// seenLine is what a reader sees in one line, and where.
type seenLine struct {
	span
	text string
	kind lineKind
}

type lineKind int

const (
	ordinary lineKind = iota
	opening           // a marker without its partner
	closing
	whole // a block, which is none of this
)

type seenLines []seenLine

// seen lists the lines of a body. Markers of the reference that have lost their partner, and whole blocks, are lines of their own.
func (b Body) seen(ref string) seenLines {
	var apart []seenLine
	for _, block := range b.Blocks() {
		apart = append(apart, seenLine{span{block.Start, block.End}, "", whole})
	}
	framed := apart
	b.scan(func(m marker) {
		for len(framed) > 0 && framed[0].end <= m.start {
			framed = framed[1:]
		}
		if m.ref == ref && (len(framed) == 0 || m.start < framed[0].start) {
			apart = append(apart, seenLine{m.span, "", map[bool]lineKind{false: opening, true: closing}[m.closing]})
		}
	}, nil)
	slices.SortFunc(apart, func(x, y seenLine) int { return x.start - y.start })

	var lines seenLines
	var text foldedText
	at := span{-1, -1}
	flush := func() {
		if at.start >= 0 {
			lines = append(lines, seenLine{at, text.String(), ordinary})
		}
		text, at = foldedText{}, span{-1, -1}
	}
	b.scan(nil, func(r rune, here span) {
		for len(apart) > 0 && here.start >= apart[0].end {
			apart = apart[1:]
		}
		switch {
		case len(apart) > 0 && here.start >= apart[0].start:
			flush()
			if n := len(lines); n == 0 || lines[n-1].span != apart[0].span {
				lines = append(lines, apart[0])
			}
		case r == '\n' || r == keptBreak && b.HTML:
			flush()
		case isBlank(r) || invisible(r):
			text.add(r)
		default:
			if at.start < 0 {
				at.start = here.start
			}
			at.end = here.end
			text.add(r)
		}
	})
	flush()
	return lines
}

// mostTyped is how many lines of a person's may stand between two of ours.
const mostTyped = 4

// ours is the last of the lines from one on that are ours, but for a few between them, and how many they are; the one before where none is.
func (s seenLines) ours(from int, wrote func(string) bool) (last, count int) {
	last = from - 1
	for i, typed := from, 0; i < len(s) && s[i].kind == ordinary && typed <= mostTyped; {
		n := oursFrom(s.texts(i), wrote)
		if n == 0 {
			i, typed = i+1, typed+1
			continue
		}
		i, last, count, typed = i+n, i+n-1, count+1, 0
	}
	return last, count
}

// oursBefore is the first of those before a line, and the line itself where none is.
func (s seenLines) oursBefore(to int, wrote func(string) bool) (first, count int) {
	first = to
	for i, typed := to-1, 0; i >= 0 && s[i].kind == ordinary && typed <= mostTyped; i-- {
		if n := oursFrom(s.texts(i), wrote); n > 0 && i+n <= first {
			first, count, typed = i, count+1, 0
		} else {
			typed++
		}
	}
	return first, count
}

// unframed is where a block stands that has neither marker: a link of ours, with more of our lines around it. A person who copied a line
// or two for himself keeps them. last is before first where there is none.
func (s seenLines) unframed(wrote func(string) bool) (first, last int) {
	const fewest = 3
	for i, l := range s {
		if l.kind != ordinary || !strings.Contains(l.text, "https://") || !wrote(l.text) && !wrote(withoutAddresses(l.text)) {
			continue
		}
		first, before := s.oursBefore(i, wrote)
		if last, after := s.ours(i, wrote); before+after >= fewest {
			return first, last
		}
	}
	return 0, -1
}

// texts are those of a line and of the next ones that belong together with it.
func (s seenLines) texts(from int) []string {
	texts := make([]string, 0, mostWraps)
	for _, l := range s[from:min(len(s), from+mostWraps)] {
		if l.kind != ordinary {
			break
		}
		texts = append(texts, l.text)
	}
	return texts
}

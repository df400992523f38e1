package parser

import (
	"errors"
	"sort"
	"strings"
)

// ErrHidden says that a body has no place where a block would be seen: everything in it is swallowed by an element that is
// never closed.
var ErrHidden = errors.New("no place in the body where the join details would be seen")

// Rendered is a block ready to be put into a body, in both forms. See [Render].
type Rendered struct {
	Ref        string
	HTML, Text string
}

// Ours tells whether a visible line of the block with a reference is one that syncd wrote. A line that is not was typed into
// the block by a person and is kept when the block goes.
type Ours func(ref, line string) bool

// AllOurs takes every line in a block for syncd's own.
func AllOurs(string, string) bool { return true }

// With puts block into b: in the place of the block that b shows, else at the end of what a reader sees. Blocks of other
// references are cut. The result shows the block exactly once, or the error is [ErrHidden].
func (b Body) With(block Rendered, ours Ours) (Body, error) {
	own, had := b.Block(block.Ref)
	if !had {
		bare := b.Without("", ours)
		return bare.insert(block, bare.scan(nil, nil).insert)
	}
	// Cut what follows first, so that the offset of the place stays true.
	at := b.cutSpan(own, b.scan(nil, nil).tags).start
	bare, at := b.cutAll(b.Blocks(), ours, at)
	put, err := bare.insert(block, at)
	if err != nil {
		return bare.insert(block, bare.scan(nil, nil).insert)
	}
	return put, nil
}

// Without cuts the blocks with the reference ref out of b, all blocks if ref is "". Lines in them that are not ours stay.
func (b Body) Without(ref string, ours Ours) Body {
	var gone []Block
	for _, block := range b.Blocks() {
		if ref == "" || block.Ref == ref {
			gone = append(gone, block)
		}
	}
	cut, _ := b.cutAll(gone, ours, 0)
	return cut
}

// insert puts block at an offset and makes sure that it can be seen, and taken out again without a trace.
func (b Body) insert(block Rendered, at int) (Body, error) {
	text := block.Text
	if b.HTML {
		text = block.HTML
	} else if at > 0 && at == len(b.Content) {
		text = textGap + text
	}
	put := Body{Content: b.Content[:at] + text + b.Content[at:], HTML: b.HTML}
	if put.Without(block.Ref, AllOurs).Content != b.Content || len(put.Blocks()) != 1 {
		return b, ErrHidden
	}
	return put, nil
}

// textGap parts a block at the end of a text from what it follows. It is cut with the block.
const textGap = "\r\n\r\n"

// cutAll cuts the given blocks, which are in reading order. It returns where the offset at has gone.
func (b Body) cutAll(blocks []Block, ours Ours, at int) (Body, int) {
	if len(blocks) == 0 {
		return b, at
	}
	tags := b.scan(nil, nil).tags
	var out strings.Builder
	moved, end := at, 0
	for _, block := range blocks {
		cut := b.cutSpan(block, tags)
		cut.start = max(cut.start, end)
		out.WriteString(b.Content[end:cut.start])
		kept := b.kept(block, cut, tags, ours)
		if cut.start < at {
			moved -= cut.end - cut.start - len(kept)
		}
		out.WriteString(kept)
		end = cut.end
	}
	out.WriteString(b.Content[end:])
	return Body{Content: out.String(), HTML: b.HTML}, moved
}

// cutSpan is what goes with a block: its frame, and around it the markup or the gap that came with it.
func (b Body) cutSpan(block Block, tags []tag) span {
	cut := span{block.Start, block.End}
	if !b.HTML {
		return b.widenText(cut)
	}
	return b.widen(cut, tags)
}

// widenText takes in the line break after the frame and, where nothing follows, the gap before it.
func (b Body) widenText(cut span) span {
	for _, lineBreak := range []string{"\r\n", "\n"} {
		if strings.HasPrefix(b.Content[cut.end:], lineBreak) {
			cut.end += len(lineBreak)
			break
		}
	}
	if before, ok := strings.CutSuffix(b.Content[:cut.start], textGap); ok && cut.end == len(b.Content) {
		cut.start = len(before)
	}
	return cut
}

// widen takes in the tags that touch the frame from outside and belong to a pair within it, and one pair that holds the
// frame and nothing else: the block's own element.
func (b Body) widen(cut span, tags []tag) span {
	first, last := tagsWithin(cut, tags)
	wrapped := false
	for {
		left, right := first-1, last
		touchesLeft := left >= 0 && onlyBlanks(b.Content[tags[left].end:cut.start])
		touchesRight := right < len(tags) && onlyBlanks(b.Content[cut.end:tags[right].start])
		within := func(i int) bool { return i >= first && i < last }
		switch {
		case touchesLeft && !tags[left].closing && within(tags[left].partner):
			cut.start, first = tags[left].start, left
		case touchesRight && tags[right].closing && within(tags[right].partner):
			cut.end, last = tags[right].end, right+1
		case touchesLeft && touchesRight && !wrapped && tags[left].partner == right && tags[left].name != "body":
			cut, first, last, wrapped = span{tags[left].start, tags[right].end}, left, right+1, true
		default:
			return cut
		}
	}
}

// tagsWithin is the range of indexes of the tags inside cut.
func tagsWithin(cut span, tags []tag) (first, last int) {
	first = sort.Search(len(tags), func(i int) bool { return tags[i].start >= cut.start })
	last = first + sort.Search(len(tags)-first, func(i int) bool { return tags[first+i].end > cut.end })
	return first, last
}

// kept is what stays of a cut: lines that a person typed between the markers, and tags whose partner is outside, without
// which the rest of the body would look different.
func (b Body) kept(block Block, cut span, tags []tag, ours Ours) string {
	var out strings.Builder
	for _, run := range typedLines(block, ours) {
		out.WriteString(b.keptLines(block, run.start, run.end))
	}
	first, last := tagsWithin(cut, tags)
	for _, t := range tags[first:last] {
		if t.partner >= 0 && (t.partner < first || t.partner >= last) {
			out.WriteString(b.Content[t.start:t.end])
		}
	}
	return out.String()
}

func onlyBlanks(s string) bool {
	for _, r := range s {
		if !isBlank(r) && !invisible(r) {
			return false
		}
	}
	return true
}

package parser

import (
	"bytes"
	"strings"
)

// The join block is the one thing syncd writes into a text that belongs to somebody else. Exchange rewrites HTML when it
// stores it: ids, classes, comments and unknown attributes vanish, white space and tags are laid out anew. So a block is
// framed by two lines that a reader can see, and found again by them alone:
//
//	[Webex 7KQ2M9XD4F]
//	...
//	[/Webex 7KQ2M9XD4F]
//
// The ten characters are the block's reference: a keyed hash of the event it was written for. A block whose reference is
// another event's was copied or quoted, and is nobody's here.
//
// Bodies are spliced at byte offsets. Nothing outside the block is parsed and printed again, so the user's bytes stay.

// RefLen is the length of a block's reference.
const RefLen = 10

// RefAlphabet has no I, L, O, U: a reference survives being read aloud, and mostly spells no words.
const RefAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Body is the text of an event as Graph gives and takes it.
type Body struct {
	Content string
	HTML    bool
}

// Block is one join block found in a body.
type Block struct {
	Ref        string
	Start, End int      // byte offsets from the opening marker's first byte to the closing one's last
	Lines      []string // what a reader sees between the markers, a line each, white space folded

	open, close span // the two markers
	where       []textLine
	flowed      bool // nothing but blanks and line breaks of the source parts its lines, and a reader sees one
}

type span struct{ start, end int }

// Blocks finds the join blocks a reader can see in b, in reading order. A marker without its partner is no block; where
// frames of one reference nest, the innermost counts.
func (b Body) Blocks() []Block {
	if !strings.Contains(b.Content, markerWord) {
		return nil
	}
	var blocks []Block
	opened := map[string]marker{} // reference → last opening marker not yet closed
	b.scan(func(m marker) {
		if !m.closing {
			opened[m.ref] = m
			return
		}
		from, ok := opened[m.ref]
		if !ok {
			return
		}
		// A frame cannot reach over another one: whatever was opened before it ended has lost its partner.
		clear(opened)
		blocks = append(blocks, Block{Ref: m.ref, Start: from.start, End: m.end, open: from.span, close: m.span})
	}, nil)
	b.readLines(blocks)
	return blocks
}

// readLines fills in what a reader sees between the markers of each block.
func (b Body) readLines(blocks []Block) {
	readers := make([]lineReader, len(blocks))
	for i := range readers {
		readers[i].at = span{-1, -1}
	}
	i := 0
	b.scan(nil, func(r rune, at span) {
		for i < len(blocks) && at.start >= blocks[i].close.start {
			i++
		}
		if i == len(blocks) || at.start < blocks[i].open.end {
			return
		}
		if !b.HTML && r != '\n' && isBlank(r) {
			r = ' '
		}
		readers[i].add(r, at)
	})
	for i := range blocks {
		readers[i].into(&blocks[i])
	}
}

// MayHoldBlock is a quick look at a body in its JSON form: false means that [Body.Blocks] would find nothing in it.
func MayHoldBlock(content []byte) bool { return bytes.Contains(content, []byte(markerWord)) }

// Block returns the block with the reference ref, if b shows one.
func (b Body) Block(ref string) (Block, bool) {
	for _, block := range b.Blocks() {
		if block.Ref == ref {
			return block, true
		}
	}
	return Block{}, false
}

// VisibleText is what a reader of b sees without the join blocks: a line for each block element, white space folded.
func (b Body) VisibleText() string {
	var text foldedText
	blocks := b.Blocks()
	b.scan(nil, func(r rune, at span) {
		for len(blocks) > 0 && at.start >= blocks[0].End {
			blocks = blocks[1:]
		}
		if len(blocks) > 0 && at.start >= blocks[0].Start {
			r = '\n'
		}
		text.add(r)
	})
	return text.String()
}

// foldedText gathers visible characters: runs of white space become one blank, or one line break where they hold one.
type foldedText struct {
	b     strings.Builder
	space rune // the break still owed: 0, ' ' or '\n'
}

func (t *foldedText) add(r rune) {
	switch {
	case r == '\n':
		t.space = '\n'
	case isBlank(r):
		if t.space == 0 {
			t.space = ' '
		}
	case invisible(r):
	default:
		if t.space != 0 && t.b.Len() > 0 {
			t.b.WriteRune(t.space)
		}
		t.space = 0
		t.b.WriteRune(r)
	}
}

func (t *foldedText) String() string { return t.b.String() }

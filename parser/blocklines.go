package parser

import (
	"html"
	"strings"
)

// textLine is where a line of a block stands in the body.
type textLine struct {
	span
	kept bool // it stands where white space counts
}

// lineReader gathers the lines of one block. Line breaks that only its source has count where it has no others: then somebody put plain
// text into HTML as it was.
type lineReader struct {
	text  foldedText
	at    span
	lines []string
	where []textLine
	soft  []bool // the line came after a break that only the source has
	after rune   // the break before the line that is being read
	told  bool   // there are breaks that a reader sees
}

func (l *lineReader) add(r rune, at span) {
	if r == '\n' || r == keptBreak || r == softBreak {
		l.end(r)
		return
	}
	if l.at.start < 0 {
		l.at.start = at.start
	}
	l.at.end = at.end
	l.text.add(r)
}

// end ends a line with a break.
func (l *lineReader) end(r rune) {
	if text := l.text.String(); text != "" {
		l.lines, l.where = append(l.lines, text), append(l.where, textLine{l.at, l.after == keptBreak || r == keptBreak})
		l.soft = append(l.soft, l.after == softBreak)
		l.after = r
	} else if l.after != '\n' && l.after != keptBreak {
		l.after = r
	}
	l.told = l.told || r != softBreak
	l.text, l.at = foldedText{}, span{-1, -1}
}

// into gives the block what was read.
func (l *lineReader) into(b *Block) {
	told := l.told
	l.end('\n')
	b.flowed = !told && len(l.lines) > 0
	for i, line := range l.lines {
		if n := len(b.Lines); told && l.soft[i] && n > 0 {
			b.Lines[n-1] += " " + line
			b.where[n-1].end = l.where[i].end
			continue
		}
		b.Lines, b.where = append(b.Lines, line), append(b.where, l.where[i])
	}
}

// keptLines is what stays of the lines of a block from one to before another, which a person typed: as they stand where white space
// counts, else as a reader sees them.
func (b Body) keptLines(block Block, from, to int) string {
	lines := block.Lines[from:to]
	if !b.HTML {
		return strings.Join(lines, "\r\n") + "\r\n"
	}
	if block.flowed {
		return "<div>" + html.EscapeString(strings.Join(lines, " ")) + "</div>"
	}
	raw, kept := b.Content[block.where[from].start:block.where[to-1].end], true
	for _, line := range block.where[from:to] {
		kept = kept && line.kept
	}
	if kept && !strings.Contains(raw, "<") {
		return `<div style="white-space:pre-wrap">` + raw + "</div>"
	}
	var out strings.Builder
	for _, line := range lines {
		out.WriteString("<div>" + html.EscapeString(line) + "</div>")
	}
	return out.String()
}

package parser

import (
	"strings"
	"unicode/utf8"
)

// A plain text's lines are broken at some column whatever stands there. In angle
// brackets a link shows where it ends (unfold). Without them the next line is
// taken for the rest only where it can be nothing else (rejoin).

// mostLines bounds the lines that a link may be broken into.
const mostLines = 10

// unfold joins a link in angle brackets that was broken over lines (RFC 3986,
// appendix C). It returns where the link ends, or end when it was not broken.
func unfold(text string, start, end int) (whole string, after int) {
	whole, after = text[start:end], end
	for range mostLines {
		if after >= len(text) || text[after] == '>' {
			break
		}
		next := strings.TrimLeft(text[after:min(len(text), after+80)], "\r\n \t")
		if text[after] != '\r' && text[after] != '\n' {
			return "", end
		}
		next = strings.TrimLeft(next, "> ")
		from := after + strings.Index(text[after:], next)
		size := linkEnd(text[from:])
		if next == "" || size == 0 {
			return "", end
		}
		whole += text[from : from+size]
		after = from + size
	}
	if after >= len(text) || text[after] != '>' {
		return "", end
	}
	return trimLink(whole, 0, len(whole)), after
}

// Columns at which programs break lines: mail programs from 65 to 78 (RFC 5322,
// section 2.1.1, asks for 78 at most), terminals at 80.
const (
	narrowest = 60
	widest    = 80
)

// rejoin joins a link that lies bare in lines broken at a column. It returns
// where the link ends, or end when it was not broken.
func rejoin(text string, start, end int) (whole string, after int) {
	whole, after = text[start:end], end
	line := max(0, start-widest*utf8.UTFMax)
	line += strings.LastIndexByte(text[line:start], '\n') + 1
	if end-line < narrowest {
		return whole, end
	}
	mark := quoteMark(text[line:start])
	for range mostLines {
		next := nextLine(text, after)
		if next < 0 || !strings.HasPrefix(text[next:], mark) {
			break
		}
		from := next + len(mark)
		size := linkEnd(text[from:min(len(text), from+longestLink)])
		rest := text[from : from+size]
		alone := from+size == len(text) || nextLine(text, from+size) > 0
		if !alone && strings.IndexByte(rest, '%') < 0 && strings.IndexByte(rest, '=') < 0 {
			break // just a word, as nearly always
		}
		columns := utf8.RuneCountInString(text[line:after])
		if columns < narrowest || columns > widest || !goesOn(whole, rest) && !(alone && continues(whole, rest) && nothingWider(text, line, columns)) {
			break
		}
		whole, line, after = whole+rest, next, from+size
	}
	return trimLink(whole, 0, len(whole)), after
}

// quoteMark is what the lines of a quoted mail start with.
func quoteMark(line string) string {
	return line[:len(line)-len(strings.TrimLeft(line, "> "))]
}

// nextLine is where the line behind the break at text[at] starts, or -1.
func nextLine(text string, at int) int {
	switch {
	case strings.HasPrefix(text[at:], "\n"):
		return at + 1
	case strings.HasPrefix(text[at:], "\r\n"):
		return at + 2
	}
	return -1
}

// goesOn reports whether rest has what only the rest of a link has: escapes, or
// the query that the link does not have yet or has begun.
func goesOn(link, rest string) bool {
	if rest == "" || strings.Contains(rest, "://") {
		return false
	}
	for i := 0; i+2 < len(rest); i++ {
		if rest[i] == '%' && unhex(rest[i+1]) < 16 && unhex(rest[i+2]) < 16 {
			return true
		}
	}
	separator := byte('?')
	if strings.IndexByte(link, '?') >= 0 {
		separator = '&'
	}
	_, query := cutByte(rest, separator)
	name, value := cutByte(query, '=')
	return name != "" && value != "" && isLetter(name[0])
}

// continues reports whether rest, alone in its line, completes a link that was
// cut within a code or before a value: a code itself, and no word.
func continues(link, rest string) bool {
	tail := link[strings.LastIndexAny(link, "/=?&")+1:]
	switch {
	case tail == "" && strings.HasSuffix(link, "/"):
		return false
	case tail == "" || isCode(tail, 8):
		return isCode(rest, 8)
	}
	return isCode(tail, 1) && isCode(rest, 12)
}

// isCode reports whether s is of letters and digits, some of each, and not short.
func isCode(s string, least int) bool {
	digits, letters := 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case isLetter(c):
			letters++
		case strings.IndexByte("-_.~", c) < 0:
			return false
		}
	}
	return len(s) >= least && (least < 8 || digits > 1 && letters > 1)
}

// nothingWider reports whether no line around text[at] is wider than it.
func nothingWider(text string, at, columns int) bool {
	const reach = 1000
	for line := range strings.Lines(text[max(0, at-reach):min(len(text), at+reach)]) {
		if utf8.RuneCountInString(strings.TrimRight(line, "\r\n")) > columns {
			return false
		}
	}
	return true
}

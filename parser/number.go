package parser

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// number finds the meeting's number in text[from:to]: digits under a label.
// Where the service's links hold no number, the first labelled digits that no
// word forbids are taken in a language that words.txt does not know. Digits
// of another number, of the parts of not, are left out.
func (p *Parser) number(text string, from, to int, s *service, not string) (digits string, at int) {
	unsure, unsureAt := "", -1
	links := linkSpans{text: text[:to], end: from}
	for i := from; i < to; {
		if i = nextDigit(text, i, to); i == to {
			break
		}
		if past := links.past(i); past > i {
			i = past
			continue
		}
		end := digitsEnd(text, i, to)
		start := i
		i = end
		group := digitsOf(text[start:end])
		if len(group) < 5 || len(group) > 15 || hasPart(not, group) || !standsAsNumber(text, start, end, s) {
			continue
		}
		label, colon := labelBefore(text, from, start)
		said := p.words.means(label)
		switch {
		case said&(meansElsewhere|meansPasscode|meansPIN) != 0 && said&meansNumber == 0, said&meansElsewhere != 0:
		case said&meansNumber != 0, said&meansAccess != 0 && len(group) >= 9,
			said&meansConference != 0 && s != nil && s.phone:
			return group, start
		case said&meansConference != 0:
		case unsure == "" && s != nil && s.labelled && len(group) >= 9 && (colon || strings.Trim(text[from:start], " |\u200b") == ""):
			unsure, unsureAt = group, start
		}
	}
	return unsure, unsureAt
}

// hasPart reports whether one of what stands between the dots of s is part.
func hasPart(s, part string) bool {
	for s != "" {
		var first string
		if first, s = cutByte(s, '.'); first == part {
			return true
		}
	}
	return false
}

// nextDigit is where the first digit of text[i:to] stands, or to. Eight bytes are
// looked at together: with '0' taken off, a digit is the one below ten.
func nextDigit(text string, i, to int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for s := text[:to]; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		eight := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		eight ^= '0' * ones
		if found := (eight - 10*ones) & ^eight & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < to && !isDigit(text[i]) {
		i++
	}
	return i
}

// digitsEnd is where the digits end that start at text[i], with the single
// blanks, hyphens and dots that group them.
func digitsEnd(text string, i, to int) int {
	for i < to && isDigit(text[i]) {
		if i++; i < to && isAlnum(text[i]) {
			continue
		}
		switch r, size := utf8.DecodeRuneInString(text[i:to]); r {
		case ' ', '-', '.', '\u00a0', '\u2009', '\u202f', '\u2011', '\u2010', '\u2013':
			if i+size < to && isDigit(text[i+size]) {
				i += size
			}
		}
	}
	return i
}

// standsAsNumber reports whether text[start:end] may be a meeting's number for
// what touches it: no telephone number, no part of a word, address or link.
func standsAsNumber(text string, start, end int, s *service) bool {
	before, size := utf8.DecodeLastRuneInString(text[:start])
	if strings.ContainsRune("+/.=@,_-#$€£%", before) && start > 0 || joins(before) && start > 0 {
		return false
	}
	if before == ' ' || before == '(' {
		if outer, _ := utf8.DecodeLastRuneInString(text[:start-size]); outer == '+' || outer == ')' && before == ' ' {
			return false
		}
	}
	after, _ := utf8.DecodeRuneInString(text[end:])
	if end == len(text) {
		return true
	}
	if after == '#' {
		return s != nil && s.phone
	}
	return !joins(after) && !strings.ContainsRune("@/_:%+", after) && !strings.HasPrefix(text[end:], ",,")
}

// labelBefore is the text that labels what starts at text[at], and whether it
// ends in a colon: the rest of the line, or the line before.
func labelBefore(text string, from, at int) (label string, colon bool) {
	const reach = 90
	low := max(from, at-reach)
	start := low + strings.LastIndexByte(text[low:at], '\n') + 1
	label = trimLabel(text[start:at])
	if label == "" && start > low {
		line := strings.TrimRight(text[low:start], "\r\n\t >*_")
		label = trimLabel(line[strings.LastIndexByte(line, '\n')+1:])
	}
	// Of several labels in a line the last one counts.
	label = label[labelCut(strings.TrimRight(label, ":： \t")):]
	for i := len(label) - 1; i > 0; i-- {
		if isDigit(label[i]) && isDigit(label[i-1]) {
			label = label[i+1:]
			break
		}
	}
	return label, strings.HasSuffix(label, ":") || strings.HasSuffix(label, "：")
}

// labelCut is where the last of several labels in a line starts.
func labelCut(line string) int {
	for i := len(line); i > 0; i-- {
		switch c := line[i-1]; {
		case c == '|' || c == ';', c >= 0x80 && (strings.HasSuffix(line[:i], "•") || strings.HasSuffix(line[:i], "·")):
			return i
		}
	}
	return 0
}

func trimLabel(s string) string {
	return strings.TrimRight(strings.Trim(s, " \t\r\n>*_-•·#`\u00a0"), " \t*_(（[`\"“#\u00a0\u3000")
}

package parser

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// pattern is one path of a rule, such as "/j/{number}" or
// "/webapp/#/?conference={number}". services/README.md explains how they are written.
type pattern struct {
	text     string
	lead     byte // what the path starts with, in lower case; 0: anything
	path     []segment
	rest     bool // ends in "**": further segments may follow
	query    []parameter
	fragment *pattern // nil: any or none
}

// segment is what may stand between two slashes: pieces one after another.
// A segment without pieces is "*", anything.
type segment []piece

// piece is literal text (in lower case), or a class of characters with the count it may have.
type piece struct {
	literal  string
	class    *class // nil: literal
	number   bool   // it is the meeting's number
	min, max int
}

type parameter struct {
	name  string
	value segment // nil: anything but nothing
}

// class is a set of characters, with the least and most that count when a
// pattern does not say.
type class struct {
	holds    [256]bool
	min, max int
}

const (
	digitChars = "0123456789"
	lowerChars = "abcdefghijklmnopqrstuvwxyz"
	upperChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// classes by the name they have in a pattern.
var classes = map[string]*class{
	"number":  {byteSet(digitChars + "-"), 3, 20},
	"digits":  {byteSet(digitChars), 1, 20},
	"letters": {byteSet(lowerChars + upperChars), 1, 80},
	"alnum":   {byteSet(digitChars + lowerChars + upperChars), 1, 200},
	"upper":   {byteSet(digitChars + upperChars), 1, 80},
	"lower":   {byteSet(digitChars + lowerChars), 1, 80},
	"hex":     {byteSet(digitChars + "abcdefABCDEF"), 1, 80},
	"uuid":    {byteSet(digitChars + "abcdefABCDEF-"), 36, 36},
	"code":    {byteSet(digitChars + lowerChars + upperChars + "-_"), 3, 200},
	"name":    {nameBytes(), 1, 300},
}

// nameBytes is every byte that a part of a path can hold.
func nameBytes() (set [256]bool) {
	for c := '!'; c < 256; c++ {
		set[c] = c != '/' && c != '"' && c != 0x7F
	}
	return set
}

func parsePattern(text string) (*pattern, error) {
	p := &pattern{text: text}
	path, fragment, hasFragment := strings.Cut(text, "#")
	path, query, hasQuery := strings.Cut(path, "?")
	if !strings.HasPrefix(path, "/") && !(path == "" && hasQuery) {
		return nil, errors.New("a path starts with a slash")
	}
	for _, s := range strings.Split(path, "/") {
		switch {
		case p.rest:
			return nil, errors.New("nothing may follow **")
		case s == "**":
			p.rest = true
		case s != "":
			seg, err := parseSegment(s)
			if err != nil {
				return nil, err
			}
			p.path = append(p.path, seg)
		}
	}
	if len(p.path) > mostParts {
		return nil, fmt.Errorf("a path has %d parts at most", mostParts)
	}
	if len(p.path) > 0 && len(p.path[0]) > 0 && p.path[0][0].class == nil {
		p.lead = p.path[0][0].literal[0] | 0x20
	}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
		name, value, hasValue := strings.Cut(pair, "=")
		q := parameter{name: name}
		if hasValue {
			var err error
			if q.value, err = parseSegment(value); err != nil {
				return nil, err
			}
		}
		p.query = append(p.query, q)
	}
	if hasFragment {
		if !strings.HasPrefix(fragment, "/") {
			fragment = "/" + fragment
		}
		var err error
		if p.fragment, err = parsePattern(fragment); err != nil {
			return nil, fmt.Errorf("after #: %w", err)
		}
	}
	return p, nil
}

func parseSegment(text string) (segment, error) {
	if text == "*" {
		return segment{}, nil
	}
	var seg segment
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open != 0 {
			if open < 0 {
				open = len(text)
			}
			if strings.ContainsAny(text[:open], "*}") {
				return nil, fmt.Errorf("%q: a star stands for a whole part of the path", text[:open])
			}
			seg = append(seg, piece{literal: asciiFold(text[:open])})
			text = text[open:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if end < 0 {
			return nil, fmt.Errorf("%q: the brace is not closed", text)
		}
		p, err := parseClass(text[1:end])
		if err != nil {
			return nil, err
		}
		seg = append(seg, p)
		text = text[end+1:]
	}
	return seg, nil
}

// parseClass reads "number", "letters:3" or "digits:9-11".
func parseClass(text string) (piece, error) {
	name, count, counted := strings.Cut(text, ":")
	class, known := classes[name]
	if !known {
		return piece{}, fmt.Errorf("{%s}: there is no such class of characters", text)
	}
	p := piece{class: class, number: name == "number", min: class.min, max: class.max}
	if counted {
		low, high, ranged := strings.Cut(count, "-")
		if !ranged {
			high = low
		}
		var errLow, errHigh error
		p.min, errLow = strconv.Atoi(low)
		p.max, errHigh = strconv.Atoi(high)
		if errLow != nil || errHigh != nil || p.min < 1 || p.max < p.min {
			return piece{}, fmt.Errorf("{%s}: the count is written 9 or 9-11", text)
		}
	}
	return p, nil
}

// Package parser reads what an event says: the keyword that its organiser
// typed, and the meeting that its location or body already joins.
//
// It is pure: no input or output, no clock, no log, and it asks nobody. Text is
// gone over once. HTML is first turned into the lines that a reader sees
// (html.go), links on the way; then the scan (scan.go) stops at colons, slashes
// and at signs only, and takes links, addresses and keywords from there. Links
// are freed from their rewriters (unwrap.go) and judged by host and path
// (hosts.go, rules.go, match.go) after services/, which anybody can extend. What is
// found that way has a place in the text, and around it the labelled lines are
// read for number and passcode (details.go, number.go, passcode.go) by where they stand and by words.txt.
// choose.go puts the meeting together, and explain.go tells what it was chosen
// from and why other links are none.
//
// Nothing is built with regular expressions, nothing looks back or ahead
// further than a fixed length, and what is kept of a text is bounded: time grows
// with the length of the text and memory with that of its visible part.
package parser

import (
	"embed"
	"io/fs"
	"sync"
)

// Text is what an event says. Location is plain text; Body is HTML or text.
type Text struct {
	Location string
	Body     string
	HTML     bool   // how to read Body
	Online   string // the joinUrl of the event's onlineMeeting, if it has one
}

// Result is the meeting of a text. An empty string means: not found.
type Result struct {
	Keyword       string // in its plain form, "@webex:space"
	KeywordIn     string // "location" or "body"
	Provider      string // a service of services/, or "sip" or "h323" for an address alone
	JoinURL       string // freed from rewriters, otherwise as written
	MeetingNumber string // digits only
	Passcode      string // the one that a person types
	SIP           string // what a video device dials, without "sip:"
}

//go:embed services/*.txt
var serviceFiles embed.FS

//go:embed words.txt
var wordsText string

// Parser reads texts by a set of rules. It may be used by several goroutines. A
// nil one reads by the built-in rules alone.
type Parser struct {
	rules  *ruleset
	words  *lexicon
	codes  *lexicon  // the words of these that label passcodes
	events sync.Pool // of *event, read before
}

// New makes a parser of the built-in rules and an operator's own, which come
// first. The error names every fault of the files with its line and rule, a
// RuleError each.
func New(extra ...RuleFile) (*Parser, error) {
	words, err := newLexicon(wordsText, ^meaning(0))
	if err != nil {
		return nil, err
	}
	codes, err := newLexicon(wordsText, meansPasscode|meansAccess|meansPIN|meansAlone)
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(serviceFiles, "services/*.txt")
	if err != nil {
		return nil, err
	}
	var builtIn []RuleFile
	for _, name := range files {
		text, err := fs.ReadFile(serviceFiles, name)
		if err != nil {
			return nil, err
		}
		builtIn = append(builtIn, RuleFile{name, string(text)})
	}
	rules, err := newRuleset(extra, builtIn)
	if err != nil {
		return nil, err
	}
	return &Parser{rules: rules, words: words, codes: codes}, nil
}

// builtin is the parser of the built-in rules alone. They are part of the
// program; a test holds that they have no fault.
var builtin = sync.OnceValue(func() *Parser {
	p, err := New()
	if err != nil {
		panic("parser: the built-in rules are at fault: " + err.Error())
	}
	return p
})

// Parse reads a text by the built-in rules.
func Parse(t Text) Result { return builtin().Parse(t) }

// Candidates lists all that Parse chooses from, best first.
func Candidates(t Text) []Candidate { return builtin().Candidates(t) }

func (p *Parser) orBuiltin() *Parser {
	if p == nil {
		return builtin()
	}
	return p
}

// Parse reads a text.
func (p *Parser) Parse(t Text) Result {
	p = p.orBuiltin()
	e := p.read(t, nil)
	defer p.forget(e)
	result := p.choose(e)
	if k, found := FindKeyword(t.Location); found {
		result.Keyword, result.KeywordIn = k.String(), "location"
	} else if e.body.keyword.found() {
		result.Keyword, result.KeywordIn = e.body.keyword.String(), "body"
	}
	return result
}

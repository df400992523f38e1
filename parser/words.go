package parser

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// meaning is what a word of an invitation tells, as flags.
type meaning uint16

const (
	meansPasscode   meaning = 1 << iota // a typed password follows
	meansAccess                         // a code follows, of either kind
	meansPIN                            // a PIN follows
	meansNumber                         // a meeting's number follows
	meansConference                     // a telephone conference's number follows
	meansElsewhere                      // what follows is for telephones, video systems, hosts, or no meeting at all
	meansVideo                          // what follows is for video systems
	meansDial                           // an address to dial
	meansMail                           // an address to write to
	meansHead                           // a line of a mail's head
	meansNone                           // a value that says there is none
	meansIs                             // "is" between a label and its value
)

var meanings = map[string]meaning{
	"passcode": meansPasscode, "access": meansAccess, "pin": meansPIN, "number": meansNumber, "conference": meansConference,
	"elsewhere": meansElsewhere, "video": meansVideo | meansElsewhere, "dial": meansDial,
	"mail": meansMail, "head": meansHead, "none": meansNone, "is": meansIs,
}

// lexicon finds the words of words.txt in a text, in any letter case. A word of
// five bytes or more is found within a longer one, as in "Meetingpasswort".
type lexicon struct {
	pairs [1 << 10]uint64 // the first two bytes of every word, as a set
	words map[[2]byte][]entry
}

type entry struct {
	word  string
	means meaning
	whole bool // not within a longer word
}

// newLexicon reads lines such as "passcode: password, Kennwort".
func newLexicon(text string) (*lexicon, error) {
	lex := &lexicon{words: map[[2]byte][]entry{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, list, ok := strings.Cut(line, ":")
		means, known := meanings[kind]
		if !ok || !known {
			return nil, fmt.Errorf("words, line %d: %q is no meaning", number, kind)
		}
		for word := range strings.SplitSeq(list, ",") {
			if word = strings.ToLower(strings.TrimSpace(word)); len(word) > 1 {
				lex.add(word, means)
			}
		}
	}
	return lex, nil
}

// add files a word under each way it may be capitalised. ASCII is folded when
// it is looked up, so most words need one entry only.
func (l *lexicon) add(word string, means meaning) {
	first, size := utf8.DecodeRuneInString(word)
	forms := []string{word, string(unicode.ToUpper(first)) + word[size:], strings.ToUpper(word)}
	for i, form := range forms {
		if i > 0 && strings.EqualFold(form, word) && asciiFold(form) == asciiFold(word) {
			continue
		}
		for _, a := range bothCases(form[0]) {
			for _, b := range bothCases(form[1]) {
				l.pairs[uint(a)<<2|uint(b)>>6] |= 1 << (b & 63)
				key := [2]byte{a, b}
				l.words[key] = append(l.words[key], entry{asciiFold(form), means, len(word) < 5})
			}
		}
	}
}

func bothCases(c byte) []byte {
	if isLetter(c) {
		return []byte{c | 0x20, c &^ 0x20}
	}
	return []byte{c}
}

func asciiFold(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// word is a place where a text means something.
type word struct {
	start, end int
	means      meaning
}

// next is the first word of text from position from on.
func (l *lexicon) next(text string, from int) (word, bool) {
	for i := from; i+1 < len(text); i++ {
		a, b := text[i], text[i+1]
		if l.pairs[uint(a)<<2|uint(b)>>6]&(1<<(b&63)) == 0 {
			continue
		}
		found := word{start: i}
		for _, e := range l.words[[2]byte{a, b}] {
			if end := i + len(e.word); hasPrefixFold(text[i:], e.word) && (!e.whole || standsAlone(text, i, end)) {
				found.end = max(found.end, end)
				found.means |= e.means
			}
		}
		if found.means != 0 {
			return found, true
		}
	}
	return word{}, false
}

// means gathers what all the words of a text tell.
func (l *lexicon) means(text string) (all meaning) {
	for at := 0; ; {
		w, ok := l.next(text, at)
		if !ok {
			return all
		}
		all |= w.means
		at = w.end
	}
}

// hasPrefixFold reports whether s starts with prefix, given with its ASCII
// letters in lower case.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		c := s[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// standsAlone reports whether no letter or digit touches text[start:end].
func standsAlone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return (start == 0 || !joins(before)) && (end == len(text) || !joins(after))
}

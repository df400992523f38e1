package parser

import (
	"fmt"
	"slices"
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
	meansLabel                          // alone before an address: one to dial
	meansHead                           // a line of a mail's head
	meansNone                           // a value that says there is none
	meansIs                             // "is" between a label and its value
	meansAlone                          // a passcode follows where this is all of the label

	meansWhole = meansLabel | meansHead | meansNone | meansIs // asked of a text as a whole
)

var meanings = map[string]meaning{
	"passcode": meansPasscode, "access": meansAccess, "pin": meansPIN, "number": meansNumber, "conference": meansConference,
	"elsewhere": meansElsewhere, "video": meansVideo | meansElsewhere, "dial": meansDial,
	"mail": meansMail, "label": meansLabel, "head": meansHead, "none": meansNone, "is": meansIs, "alone": meansAlone,
}

// lexicon finds the words of words.txt in a text, in any letter case. A word of
// five bytes or more is found within a longer one, as in "Meetingpasswort".
type lexicon struct {
	starts trigrams                 // the first three bytes of every word
	index  [1 << trigramBits]uint16 // of those, hashed, in lists
	lists  [][]entry

	whole map[string]meaning // words that are asked for by themselves, in lower case
}

// trigrams is a set of three bytes in a row, hashed: small enough to stay in the
// cache, and seldom wrong.
type trigrams [1 << (trigramBits - 6)]uint64

const trigramBits = 16 // of the hash

func trigram(a, b, c byte) uint32 {
	return hashed(uint32(a)<<16 | uint32(b)<<8 | uint32(c))
}

func hashed(three uint32) uint32 { return three * 0x9E3779B1 >> (32 - trigramBits) }

func (t *trigrams) add(hash uint32) { t[hash>>6] |= 1 << (hash & 63) }

func (t *trigrams) has(hash uint32) bool { return t[hash>>6]&(1<<(hash&63)) != 0 }

// in reports whether a text may hold one of the trigrams.
func (t *trigrams) in(text string) bool {
	for i := 2; i < len(text); i++ {
		if t.has(trigram(text[i-2], text[i-1], text[i])) {
			return true
		}
	}
	return false
}

type entry struct {
	word  string
	means meaning
	whole bool // not within a longer word
}

// newLexicon reads lines such as "passcode: password, Kennwort", and keeps the
// words that have one of the meanings wanted.
func newLexicon(text string, wanted meaning) (*lexicon, error) {
	lex := &lexicon{lists: make([][]entry, 1), whole: map[string]meaning{}}
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
			word = strings.ToLower(strings.TrimSpace(word))
			switch {
			case means&meansWhole != 0:
				lex.whole[word] |= means
			case len(word) < 2:
				return nil, fmt.Errorf("words, line %d: %q is too short", number, word)
			case means&wanted != 0:
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
		e := entry{asciiFold(form), means, len(word) < 5}
		for _, a := range bothCases(form[0]) {
			for _, b := range bothCases(form[1]) {
				if len(form) > 2 {
					for _, c := range bothCases(form[2]) {
						l.file(trigram(a, b, c), e)
					}
					continue
				}
				for c := range 256 {
					if !isAlnum(byte(c)) {
						l.file(trigram(a, b, byte(c)), e)
					}
				}
			}
		}
	}
}

// file puts a word where the hash of its first three bytes finds it.
func (l *lexicon) file(hash uint32, e entry) {
	l.starts.add(hash)
	at := &l.index[hash]
	if *at == 0 {
		*at = uint16(len(l.lists))
		l.lists = append(l.lists, nil)
	}
	if !slices.Contains(l.lists[*at], e) {
		l.lists[*at] = append(l.lists[*at], e)
	}
}

// is reports whether a text as a whole is a word of some meaning.
func (l *lexicon) is(text string, means meaning) bool {
	return len(text) < 40 && l.whole[strings.ToLower(text)]&means != 0
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
	if from+2 >= len(text) {
		return word{}, false
	}
	three := uint32(text[from])<<8 | uint32(text[from+1])
	for at := from + 2; at < len(text); at++ {
		three = (three<<8 | uint32(text[at])) & 0xFFFFFF
		hash := hashed(three)
		if !l.starts.has(hash) {
			continue
		}
		i := at - 2
		found := word{start: i}
		for _, e := range l.lists[l.index[hash]] {
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
	for i := len(prefix) - 1; i >= 0; i-- { // words differ at their ends more than at their starts
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

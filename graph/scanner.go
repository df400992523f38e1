package graph

import (
	"io"
	"math"

	"syncd/rest"
)

// scanner reads JSON as it comes in, in little memory: what is passed over is never held as a whole. It holds all of it to the
// grammar (RFC 8259), what is passed over too, so that an answer that is broken or cut off anywhere never looks whole. What it
// lets pass are bytes that are no UTF-8, halves of surrogate pairs, and, where nobody reads them, names that come twice.
//
// Four fifths of a first sweep's processor time went into a general decoder; this one looks at eight bytes at a time.
type scanner struct {
	in    io.Reader
	last  error  // what in ended with
	buf   []byte // what was read and may still be wanted
	pos   int    // of the next byte in it
	gone  int64  // how many bytes were there before buf
	kept  int64  // offset of what has to stay in buf, or none
	plain bool   // the last string was ASCII without escapes
	depth int
	err   error // the first one; nothing is read after it
}

const (
	none = math.MaxInt64

	firstBuffer = 4 << 10 // the answer of an idle round fits
	largeBuffer = 128 << 10
	// deepest is how far values may be nested.
	deepest = 10_000
)

const errBroken = rest.Plain("answer is not the JSON that was due")

func (s *scanner) fail() {
	if s.err == nil {
		s.err = errBroken
	}
}

// offset is how far the answer was read.
func (s *scanner) offset() int64 { return s.gone + int64(s.pos) }

// keep keeps in the buffer what comes from here on, and gives what was kept from before, for free.
func (s *scanner) keep() (before int64) {
	before = s.kept
	s.kept = min(before, s.offset())
	return before
}

// part is what was read between two offsets, of what is kept. It is good until more is read.
func (s *scanner) part(from, to int64) []byte { return s.buf[from-s.gone : to-s.gone] }

// more reads more, and tells whether there is more.
func (s *scanner) more() bool {
	from := int(min(s.kept, s.offset()) - s.gone)
	room, size := s.buf[:0], cap(s.buf)
	switch held := len(s.buf) - from; {
	case size < largeBuffer && len(s.buf) == size: // there is much to read
		room = make([]byte, 0, max(firstBuffer, min(4*size, largeBuffer)))
	case held > size/2:
		room = make([]byte, 0, 2*size)
	}
	s.buf = append(room, s.buf[from:]...)
	s.gone, s.pos = s.gone+int64(from), s.pos-from
	for try := 0; s.err == nil; try++ {
		switch {
		case s.last == io.EOF:
			s.err = io.ErrUnexpectedEOF
		case s.last != nil:
			s.err = s.last
		case try == 100:
			s.err = io.ErrNoProgress
		default:
			var n int
			n, s.last = s.in.Read(s.buf[len(s.buf):cap(s.buf)])
			if s.buf = s.buf[:len(s.buf)+n]; n > 0 {
				return true
			}
		}
	}
	return false
}

// end makes sure that nothing follows.
func (s *scanner) end() error {
	if s.err != nil {
		return s.err
	}
	s.peek()
	switch {
	case s.err == nil:
		return rest.Plain("answer goes on after its end")
	case s.last != io.EOF:
		return s.err
	}
	return nil
}

// at is the next byte, 0 where there is none.
func (s *scanner) at() byte {
	if s.pos < len(s.buf) || s.err == nil && s.more() {
		return s.buf[s.pos]
	}
	return 0
}

// peek passes white space over and is the next byte, 0 where there is none.
func (s *scanner) peek() byte {
	if s.pos < len(s.buf) {
		if c := s.buf[s.pos]; c > ' ' {
			return c
		}
	}
	return s.peekOn()
}

func (s *scanner) peekOn() byte {
	for {
		switch c := s.at(); {
		case c == ' ', c == '\t', c == '\r', c == '\n':
			s.pos++
		default:
			return c
		}
	}
}

// pass goes over the next byte, which has to be c, and white space before it.
func (s *scanner) pass(c byte) {
	if s.peek() != c {
		s.fail()
		return
	}
	s.pos++
}

// enter goes into an object or list.
func (s *scanner) enter(c byte) {
	s.pass(c)
	if s.depth++; s.depth > deepest {
		s.fail()
	}
}

// next goes to the next element or member of what closes with end, the first one at first. At the end it goes out.
func (s *scanner) next(end byte, first bool) bool {
	if at := s.pos + 1; at < len(s.buf) && s.buf[s.pos] == ',' && !first && s.buf[at] > ' ' && s.buf[at] != end { // mostly
		s.pos = at
		return true
	}
	c := s.peek()
	switch {
	case s.err != nil:
		return false
	case c == end:
		s.pos++
		s.depth--
		return false
	case first:
		return true
	case c != ',':
		s.fail()
		return false
	}
	s.pos++
	if s.peek() == end {
		s.fail()
	}
	return s.err == nil
}

// raw is the next value as it stands there, good until the next is read.
func (s *scanner) raw() []byte {
	s.peek()
	if v := s.quoted(); v != nil {
		return v
	}
	before, from := s.keep(), s.offset()
	s.skip()
	s.kept = before
	if s.err != nil {
		return nil
	}
	return s.part(from, s.offset())
}

// name is a member's name with its quotes, good until the value is read.
func (s *scanner) name() []byte {
	s.peek()
	if name := s.quoted(); name != nil {
		if s.pos < len(s.buf) && s.buf[s.pos] == ':' {
			s.pos++
			return name
		}
		s.pos -= len(name)
	}
	before, from := s.keep(), s.offset()
	s.passString()
	to := s.offset()
	s.pass(':')
	s.kept = before
	if s.err != nil {
		return nil
	}
	return s.part(from, to)
}

// skip passes a value over.
func (s *scanner) skip() {
	switch s.peek() {
	case '"':
		if s.quoted() == nil {
			s.passString()
		}
	case '{':
		s.enter('{')
		for first := true; s.next('}', first); first = false {
			if s.peek(); s.quoted() == nil {
				s.passString()
			}
			s.pass(':')
			s.skip()
		}
	case '[':
		s.enter('[')
		for first := true; s.next(']', first); first = false {
			s.skip()
		}
	case 'n':
		s.passWord("null")
	case 't':
		s.passWord("true")
	case 'f':
		s.passWord("false")
	default:
		s.passNumber()
	}
}

func (s *scanner) passWord(word string) {
	if to := s.pos + len(word); to <= len(s.buf) && string(s.buf[s.pos:to]) == word { // mostly
		s.pos = to
		return
	}
	for i := range len(word) {
		if s.at() != word[i] {
			s.fail()
			return
		}
		s.pos++
	}
}

func (s *scanner) passNumber() {
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else {
		s.passDigits()
	}
	if s.at() == '.' {
		s.pos++
		s.passDigits()
	}
	if s.at()|0x20 == 'e' {
		s.pos++
		if c := s.at(); c == '+' || c == '-' {
			s.pos++
		}
		s.passDigits()
	}
}

func (s *scanner) passDigits() {
	if c := s.at(); c < '0' || '9' < c {
		s.fail()
	}
	for c := s.at(); '0' <= c && c <= '9'; c = s.at() {
		s.pos++
	}
}

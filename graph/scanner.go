package graph

import (
	"encoding/binary"
	"io"
	"math/bits"

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
	kept  int    // where the value at hand begins, of which nothing may go yet; -1 for none
	gone  int64  // how many bytes were there before buf
	depth int
	err   error // the first one; nothing is read after it
}

const (
	firstBuffer = 1 << 10 // the answer of an idle round fits
	largeBuffer = 64 << 10
	// deepest is how far values may be nested.
	deepest = 10_000
)

const errBroken = rest.Plain("answer is not the JSON that was due")

func (s *scanner) fail() {
	if s.err == nil {
		s.err = errBroken
	}
}

// more reads more, and tells whether there is more.
func (s *scanner) more() bool {
	from := s.pos
	if s.kept >= 0 {
		from = s.kept
	}
	room, size := s.buf[:0], cap(s.buf)
	switch held := len(s.buf) - from; {
	case size < largeBuffer && len(s.buf) == size: // there is much to read
		room = make([]byte, 0, max(firstBuffer, 4*size))
	case held > size/2:
		room = make([]byte, 0, 2*size)
	}
	s.buf = append(room, s.buf[from:]...)
	s.gone, s.pos = s.gone+int64(from), s.pos-from
	if s.kept >= 0 {
		s.kept = 0
	}
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

// offset is how far the answer was read.
func (s *scanner) offset() int64 { return s.gone + int64(s.pos) }

// at is the next byte, 0 where there is none.
func (s *scanner) at() byte {
	if s.pos < len(s.buf) || s.err == nil && s.more() {
		return s.buf[s.pos]
	}
	return 0
}

// peek passes white space over and is the next byte, 0 where there is none.
func (s *scanner) peek() byte {
	for {
		for ; s.pos < len(s.buf); s.pos++ {
			switch c := s.buf[s.pos]; c {
			case ' ', '\t', '\r', '\n':
			default:
				return c
			}
		}
		if s.err != nil || !s.more() {
			return 0
		}
	}
}

// pass goes over one byte, which has to be c.
func (s *scanner) pass(c byte) {
	if s.at() != c {
		s.fail()
		return
	}
	s.pos++
}

// enter goes into an object or list.
func (s *scanner) enter(c byte) {
	s.peek()
	s.pass(c)
	if s.depth++; s.depth > deepest {
		s.fail()
	}
}

// next goes to the next element or member of what closes with end, the first one at first. At the end it goes out.
func (s *scanner) next(end byte, first bool) bool {
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
	s.kept = s.pos
	s.skip()
	v := s.buf[s.kept:s.pos]
	s.kept = -1
	if s.err != nil {
		return nil
	}
	return v
}

// name is a member's name with its quotes, good until the value is read.
func (s *scanner) name() []byte {
	s.peek()
	s.kept = s.pos
	s.passString()
	n := s.pos - s.kept
	s.peek()
	s.pass(':')
	name := s.buf[s.kept:][:n]
	s.kept = -1
	if s.err != nil {
		return nil
	}
	return name
}

// skip passes a value over.
func (s *scanner) skip() {
	switch c := s.peek(); c {
	case '"':
		s.passString()
	case '{':
		s.enter('{')
		for first := true; s.next('}', first); first = false {
			s.peek()
			s.passString()
			s.peek()
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
	for i := range len(word) {
		s.pass(word[i])
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

func (s *scanner) passString() {
	s.pass('"')
	for s.err == nil {
		s.pos += plain(s.buf[s.pos:])
		switch c := s.at(); {
		case c == '"':
			s.pos++
			return
		case c == '\\':
			s.pos++
			s.passEscape()
		case c < ' ':
			s.fail()
		}
	}
}

func (s *scanner) passEscape() {
	switch c := s.at(); c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
	case 'u':
		s.pos++
		for range 4 {
			if c := s.at(); '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' {
				s.pos++
			} else {
				s.fail()
			}
		}
	default:
		s.fail()
	}
}

// plain is how many bytes at the beginning of b are within a string and nothing else: no quote, backslash or control character.
func plain(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		// A byte that a subtraction takes below zero gets its top bit. It may take one from the byte above, so only the lowest
		// such bit is sure, and no other is asked for.
		v := binary.LittleEndian.Uint64(b[n:])
		quote, backslash := v^(ones*'"'), v^(ones*'\\')
		hit := ((quote-ones)&^quote | (backslash-ones)&^backslash | (v-ones*' ')&^v) & tops
		if hit != 0 {
			return n + bits.TrailingZeros64(hit)/8
		}
	}
	for ; n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' '; n++ {
	}
	return n
}

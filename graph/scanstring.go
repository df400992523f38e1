package graph

import (
	"encoding/binary"
	"math/bits"
)

// passString goes over a string.
func (s *scanner) passString() {
	if s.at() != '"' {
		s.fail()
		return
	}
	s.pos++
	s.plain = true
	for s.err == nil {
		n, plain := within(s.buf[s.pos:])
		s.pos, s.plain = s.pos+n, s.plain && plain
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

// passEscape goes over what follows a backslash.
func (s *scanner) passEscape() {
	s.plain = false
	switch c := s.at(); {
	case c == 'u':
		s.pos++
		for range 4 {
			if c := s.at(); '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' {
				s.pos++
			} else {
				s.fail()
			}
		}
	case escapes(c):
		s.pos++
	default:
		s.fail()
	}
}

// escapes reports what makes an escape together with the backslash before it.
func escapes(c byte) bool {
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	}
	return false
}

// within is how many bytes at the beginning of b are within a string for sure: it ends before a quote, a control character, and an
// escape that is longer than two bytes or not there as a whole. plain says that all are ASCII, and none is an escape.
func within(b []byte) (n int, plain bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	all := uint64(0)
	for len(b)-n >= 8 {
		// A byte that a subtraction takes below zero gets its top bit. It may take one from the byte above, so only the lowest
		// such bit is sure, and no other is asked for. With its second bit turned a quote is a blank, a blank is none, and control
		// characters stay what they are.
		v := binary.LittleEndian.Uint64(b[n:])
		low, backslash := v^(ones*2), v^(ones*'\\')
		hit := ((low-ones*('"'-1))&^low | (backslash-ones)&^backslash) & tops
		if hit == 0 {
			all |= v
			n += 8
			continue
		}
		at := bits.TrailingZeros64(hit)
		all |= v & (1<<at - 1)
		n += at / 8
		if b[n] != '\\' || n+1 >= len(b) || !escapes(b[n+1]) {
			return n, all&tops == 0
		}
		all = tops
		n += 2
	}
	for ; n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' '; n++ {
		all |= uint64(b[n])
	}
	return n, all&tops == 0
}

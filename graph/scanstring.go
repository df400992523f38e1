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
		n, ascii := within(s.buf[s.pos:])
		s.pos, s.plain = s.pos+n, s.plain && ascii
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
	s.plain = false
	switch s.at() {
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

// within is how many bytes at the beginning of b are within a string and nothing else: no quote, backslash or control character.
// ascii says that all of them are ASCII; where it is false they may be, too.
func within(b []byte) (n int, ascii bool) {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	all := uint64(0)
	for ; len(b)-n >= 8; n += 8 {
		// A byte that a subtraction takes below zero gets its top bit. It may take one from the byte above, so only the lowest
		// such bit is sure, and no other is asked for.
		v := binary.LittleEndian.Uint64(b[n:])
		quote, backslash := v^(ones*'"'), v^(ones*'\\')
		all |= v
		hit := ((quote-ones)&^quote | (backslash-ones)&^backslash | (v-ones*' ')&^v) & tops
		if hit != 0 {
			return n + bits.TrailingZeros64(hit)/8, all&tops == 0
		}
	}
	for ; n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' '; n++ {
		all |= uint64(b[n])
	}
	return n, all&tops == 0
}

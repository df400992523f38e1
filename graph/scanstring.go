package graph

import (
	"encoding/binary"
	"math/bits"
)

// quoted goes over a string that is in the buffer as a whole, as most are, and gives it with its quotes. Where none is, it is nil
// and goes nowhere.
func (s *scanner) quoted() []byte {
	rest := s.buf[s.pos:]
	if len(rest) < 2 || rest[0] != '"' || s.err != nil {
		return nil
	}
	n, plain := within(rest[1:])
	if n+1 >= len(rest) || rest[n+1] != '"' {
		return nil
	}
	s.pos, s.plain = s.pos+n+2, plain
	return rest[:n+2]
}

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
func escapes(c byte) bool { return escaped[c] }

var escaped = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// stops marks the quotes, backslashes and control characters among eight bytes by their top bits. A byte that a subtraction takes below
// zero gets its top bit. It may take one from the byte above, so only the lowest mark is sure, and no other is asked for. With its second
// bit turned a quote is a blank, a blank is none, and control characters stay what they are.
func stops(v uint64) uint64 {
	low, backslash := v^(ones*2)-ones*('"'-1), v^(ones*'\\')-ones
	return (low | backslash) &^ v & tops
}

// within is how many bytes at the beginning of b are within a string for sure: it ends before a quote, a control character, and an
// escape that is longer than two bytes or not there as a whole. plain says that all are ASCII, and none is an escape.
func within(b []byte) (n int, plain bool) {
	all := uint64(0)
	for n <= len(b)-16 {
		v := binary.LittleEndian.Uint64(b[n : n+8])
		hit := stops(v)
		if hit == 0 { // mostly, and then mostly again
			all |= v
			v = binary.LittleEndian.Uint64(b[n+8 : n+16])
			n += 8
			if hit = stops(v); hit == 0 {
				all |= v
				n += 8
				continue
			}
		}
		at := bits.TrailingZeros64(hit)
		all |= v & (1<<(at&63) - 1)
		n += at / 8
		if b[n] != '\\' || n+1 == len(b) || !escapes(b[n+1]) {
			return n, all&tops == 0
		}
		all = tops
		if n += 2; n+1 < len(b) && b[n] == '\\' && escapes(b[n+1]) { // they often come in pairs
			n += 2
		}
	}
	for ; n < len(b) && b[n] != '"' && b[n] != '\\' && b[n] >= ' '; n++ {
		all |= uint64(b[n])
	}
	return n, all&tops == 0
}

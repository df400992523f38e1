package parser

import "testing"

func TestQuotedPrintableIsUndoneWhereNothingElseWouldLookSo(t *testing.T) {
	for _, c := range []struct {
		name, text string
		html       bool
		want       string
	}{
		{"a soft break and an escaped equals sign", "a?b=3Dc d=\ne=20", false, "a?b=c de "},
		{"with the lines of a mail", "a?b=3Dc d=\r\ne", false, "a?b=c de"},
		{"an attribute of HTML", `<a href=3D"x">`, true, `<a href="x">`},
		{"the same in text", `<a href=3D"x">`, false, `<a href=3D"x">`},
		{"letters beyond ASCII", "x=3D=\n=C3=A9", false, "x=é"},
		{"a lower-case escape is none", "x=3D=\n=c3", false, "x==c3"},
		{"an escape cut off", "x=3D=\n=C", false, "x==C"},
		{"no escaped equals sign", "pwd=abc=\nPasscode", false, "pwd=abc=\nPasscode"},
		{"no soft break", "pwd=3Dabc", false, "pwd=3Dabc"},
	} {
		if got := unquoted(c.text, c.html); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestDigitsAreFoundWhereverTheyStand(t *testing.T) {
	for _, text := range []string{"", "7", "/:", "abcdefgh", "abcdefg7", "abcdefgh7", "0bcdefgh", "\xb0\xb9\xff\x80/:;<9", "a\xb5bcdefghijklmnop4qrstuvwxyz", "::::////2"} {
		for from := range len(text) + 1 {
			for to := from; to <= len(text); to++ {
				want := from
				for want < to && !isDigit(text[want]) {
					want++
				}
				if got := nextDigit(text, from, to); got != want {
					t.Errorf("nextDigit(%q, %d, %d) = %d, want %d", text, from, to, got, want)
				}
			}
		}
	}
}

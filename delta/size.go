package delta

import "unicode/utf8"

// maxBody leaves room for a block in what Graph takes at once, 4 MB (onenote-images-files.md). A meeting that could not be shown is not
// made.
const maxBody = 3_900_000

// tooLarge reports a body that would have more than a limit on its way to Graph. JSON writes some characters in two or six bytes; only
// a body that this may take over the limit is looked through.
func tooLarge(content string, limit int) bool {
	const longest = 6
	if len(content) > limit || longest*len(content) <= limit {
		return len(content) > limit
	}
	size := len(content)
	for i := 0; i < len(content) && size <= limit; {
		n, more := escaped(content[i:])
		i, size = i+n, size+more
	}
	return size > limit
}

// escaped is the length of the first character of s, and how many bytes more it has in JSON.
func escaped(s string) (n, more int) {
	switch c := s[0]; {
	case c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t':
		return 1, 1
	case c < ' ':
		return 1, 5
	case c < utf8.RuneSelf:
		return 1, 0
	}
	r, n := utf8.DecodeRuneInString(s)
	if r == '\u2028' || r == '\u2029' || r == utf8.RuneError && n == 1 {
		return n, 6 - n
	}
	return n, 0
}

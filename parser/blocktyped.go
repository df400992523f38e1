package parser

import "strings"

// typedLines lists the lines of a block that a person typed. A line of ours may have been wrapped on its way through plain text, and
// show the addresses of its links behind their words; it is ours all the same.
func typedLines(block Block, ours Ours) []string {
	mine := func(line string) bool { return ours(block.Ref, line) }
	var kept []string
	for i := 0; i < len(block.Lines); {
		n := oursFrom(block.Lines[i:], mine)
		if n == 0 {
			kept = append(kept, block.Lines[i])
			n = 1
		}
		i += n
	}
	return kept
}

// mostWraps bounds over how many lines one of ours is looked for.
const mostWraps = 12

// oursFrom is how many lines, from the first on, are one of ours; 0 where they are a person's.
func oursFrom(lines []string, ours func(line string) bool) int {
	spaced, tight := "", ""
	for i, line := range lines[:min(mostWraps, len(lines))] {
		spaced, tight = strings.TrimLeft(spaced+" "+line, " "), tight+line
		for _, whole := range [...]string{spaced, tight} {
			if ours(whole) || ours(withoutAddresses(whole)) {
				return i + 1
			}
		}
	}
	return 0
}

// withoutAddresses takes out what Exchange puts behind the words of a link when it turns HTML into text: "words<https://…>".
func withoutAddresses(line string) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(line, '<')
		end := strings.IndexByte(line[max(open, 0):], '>')
		if open < 0 || end < 0 {
			return strings.Join(strings.Fields(out.String()+line), " ")
		}
		address := line[open+1 : open+end]
		out.WriteString(line[:open])
		if colon := strings.IndexByte(address, ':'); colon <= 0 || strings.ContainsAny(address[:colon], " .") {
			out.WriteString("<" + address + ">")
		}
		line = line[open+end+1:]
	}
}

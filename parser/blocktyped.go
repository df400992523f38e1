package parser

import "strings"

// typedLines lists the runs of lines of a block that a person typed, by their indexes. A line of ours may have been wrapped on its way
// through plain text, and show the addresses of its links behind their words; it is ours all the same.
func typedLines(block Block, ours Ours) []span {
	mine := func(line string) bool { return ours(block.Ref, line) }
	// Without its link a block that has no lines is told by their forms alone, and so would be what a person typed in that form.
	if block.flowed && len(block.Links()) > 0 && oursTogether(strings.Join(block.Lines, " "), mine) {
		return nil
	}
	var kept []span
	for i := 0; i < len(block.Lines); {
		if n := oursFrom(block.Lines[i:], mine); n > 0 {
			i += n
			continue
		}
		if last := len(kept) - 1; last >= 0 && kept[last].end == i {
			kept[last].end++
		} else {
			kept = append(kept, span{i, i + 1})
		}
		i++
	}
	return kept
}

// oursTogether reports a text that is several lines of ours, one behind the other, and not a word more: plain text that became HTML
// without its line breaks.
func oursTogether(line string, ours func(line string) bool) bool {
	const mostWords, longest, fewest = 600, 100, 3
	words := strings.Fields(line)
	if len(words) > mostWords {
		return false
	}
	count := make([]int, len(words)+1) // of our lines, as many as may be, that end there; 0 for none
	for from := range words {
		if from > 0 && count[from] == 0 {
			continue
		}
		for to := from + 1; to <= min(from+longest, len(words)); to++ {
			whole := strings.Join(words[from:to], " ")
			if count[to] <= count[from] && (ours(whole) || strings.Contains(whole, "<") && ours(withoutAddresses(whole))) {
				count[to] = count[from] + 1
			}
		}
	}
	return count[len(words)] >= fewest
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

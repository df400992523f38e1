package parser

import (
	"slices"
	"strings"
)

// textOf writes lines as plain text.
func textOf(lines []line) string {
	var out strings.Builder
	for i, l := range lines {
		if i > 0 {
			out.WriteString("\r\n")
			if l.Gap {
				out.WriteString("\r\n")
			}
		}
		for _, r := range l.Runs {
			out.WriteString(r.Text)
		}
	}
	return out.String()
}

// markedValues puts left-to-right marks at the ends of numbers and addresses: plain text has no elements to do it. A letter or
// a digit after one needs no mark, and gets none, lest it be copied along with a password or into a link.
func markedValues(lines []line) []line {
	const mark = "\u200e"
	marked := slices.Clone(lines)
	for i := range marked {
		marked[i].Runs = slices.Clone(marked[i].Runs)
		for j, r := range marked[i].Runs {
			if !r.Value || r.Text == "" || len(marked[i].Runs) == 1 {
				continue
			}
			if !isLetter(r.Text[0]) {
				marked[i].Runs[j].Text = mark + marked[i].Runs[j].Text
			}
			if !isAlnum(r.Text[len(r.Text)-1]) && !strings.HasPrefix(string(r.Href), "https:") {
				marked[i].Runs[j].Text += mark
			}
		}
	}
	return marked
}

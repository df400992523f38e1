package parser

import "strings"

// readRow reads a table's row that holds the link by the labels of its head, as
// in "| Day | Link | Passcode |". Rows are lines, cells stand between tabs (of
// HTML) or bars (of Markdown); a row with fewer cells than the head is not read.
func (m *meeting) readRow(text string, around, link span) {
	if m.best.passcode != "" && m.best.number != "" || link == (span{}) {
		return
	}
	from := max(around.start, link.start-readBehind)
	start := strings.LastIndexByte(text[from:link.start], '\n') + 1 + from
	end := len(text)
	if next := strings.IndexByte(text[link.start:], '\n'); next >= 0 {
		end = link.start + next
	}
	row := cells(text[start:min(end, link.start+readBehind)])
	if row == nil {
		return
	}
	var head []string
	for below := start; below > from; { // up to the topmost line of the table
		above := strings.LastIndexByte(text[from:below-1], '\n') + 1 + from
		line := cells(text[above : below-1])
		if line == nil {
			break
		}
		if len(line) == len(row) {
			head = line
		}
		below = above
	}
	for i, label := range head {
		const longest = 40
		said := m.words.means(label)
		if len(label) > longest || said&meansElsewhere != 0 {
			continue
		}
		switch {
		case said&meansNumber != 0:
			if digits := digitsOf(row[i]); m.best.number == "" && len(digits) >= 8 && len(digits) <= 15 && strings.Trim(row[i], "0123456789 -\u200b\u00a0") == "" {
				m.best.number = digits
			}
		case said&(meansPasscode|meansAccess|meansAlone) != 0 && m.best.passcode == "":
			if code, ok := m.typed(row[i], labelledValue{sure: true}, len(row[i]), m.best.number, m.best.service); ok {
				m.best.passcode = code
			}
		}
	}
}

// cells cuts a line into its cells; nil if it has but one.
func cells(line string) []string {
	separator := "\t"
	if strings.IndexByte(line, '\t') < 0 {
		separator = "|"
		if strings.IndexByte(line, '|') < 0 {
			return nil
		}
		line = strings.Trim(line, "| \r")
	}
	if !strings.Contains(line, separator) {
		return nil
	}
	return strings.Split(line, separator)
}

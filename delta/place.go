package delta

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"syncd/parser"
)

// Relink is the place of a location that ends with a join link, or has none where link is "", and out of which older links are taken
// that are ours. All else that Graph knows of the place stays. ok is false where that is so already, or the location cannot be
// written.
func Relink(l Location, link string, ours func(link string) bool) (place []byte, ok bool) {
	text := withoutLinks(l.Text, func(word string) bool { return word != link && ours(word) })
	if link != "" && !strings.Contains(text, link) {
		text += " " + link
	}
	if text == l.Text {
		return nil, false
	}
	return l.renamed(text)
}

// withoutLinks takes https addresses out, and the blanks before them. What a person typed around them, as close as may be, stays.
func withoutLinks(text string, out func(link string) bool) string {
	for from := 0; from <= len(text); {
		at := strings.Index(text[from:], "https://")
		if at < 0 {
			break
		}
		at += from
		word, _, _ := strings.Cut(text[at:], " ")
		n := linkLength(word, out)
		if n == 0 || !apart(text[:at]) {
			from = at + len(word)
			continue
		}
		text = strings.TrimSpace(strings.TrimRight(text[:at], " ") + text[at+n:])
		from = 0
	}
	return text
}

// apart reports whether a link may begin after these words; else it is within another one.
func apart(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || unicode.IsSpace(r) || strings.ContainsRune("([{<\"'«“„,;:", r)
}

// linkLength is how much of a word is a link that goes; what comes after it may be punctuation, and more.
func linkLength(word string, out func(link string) bool) int {
	const closing = ".,;:!?)]}>\"'»”"
	if i := strings.IndexFunc(word, unicode.IsSpace); i >= 0 {
		word = word[:i]
	}
	for link := word; ; {
		if out(link) {
			return len(link)
		}
		shorter := strings.TrimRight(link, closing)
		if shorter == link {
			shorter = link[:max(0, strings.LastIndexAny(link, ",;)>"))]
		}
		if link = shorter; link == "" {
			return 0
		}
	}
}

// renamed is the place under another name.
func (l Location) renamed(name string) ([]byte, bool) {
	var place map[string]json.RawMessage
	if json.Unmarshal(l.Place, &place) != nil {
		return nil, false
	}
	place["displayName"], _ = json.Marshal(name) // a string, it cannot fail
	delete(place, "uniqueId")                    // names the place by its old text
	delete(place, "uniqueIdType")
	out, err := json.Marshal(place)
	return out, err == nil
}

// showsLink reports whether a location holds any https address.
func (l Location) showsLink() bool {
	return strings.Contains(l.Text, "https://")
}

// longestPlace is how long the name of a place may become in the end: a link that was cut on its way would be sought for ever.
const longestPlace = 255

// ousts reports a location with links of which none can be ours, rewritten or cut as it may be, and with room for that of the blocks.
func (l Location) ousts(blocks []parser.Block) bool {
	if !l.showsLink() {
		return false
	}
	for word := range strings.FieldsSeq(strings.ToLower(l.Text)) {
		if strings.Contains(word, "https://") && strings.Contains(word, "webex") {
			return false
		}
	}
	for _, b := range blocks {
		if links := b.Links(); len(links) > 0 {
			return len(l.Text)+len(" ")+len(links[0]) <= longestPlace
		}
	}
	return false
}

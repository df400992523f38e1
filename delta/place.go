package delta

import (
	"encoding/json"
	"slices"
	"strings"
)

// WithLink appends a join link to the location. All else that Graph knows of the place stays. ok is false where the link is
// there, or the location cannot be written.
func WithLink(l Location, link string) (place []byte, ok bool) {
	if strings.Contains(l.Text, link) {
		return nil, false
	}
	return l.renamed(l.Text + " " + link)
}

// WithoutLink takes the join link of a block, given by its lines, out of the location again.
func WithoutLink(l Location, block []string) (place []byte, ok bool) {
	for _, line := range block {
		before, after, found := strings.Cut(l.Text, line)
		if strings.HasPrefix(line, "https://") && found {
			return l.renamed(strings.TrimSpace(strings.TrimRight(before, " ") + after))
		}
	}
	return nil, false
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
	return slices.ContainsFunc(strings.Fields(l.Text), func(word string) bool { return strings.HasPrefix(word, "https://") })
}

package delta

import (
	"encoding/json"
	"slices"
	"strings"

	"syncd/parser"
)

// WithLink appends a join link to the place that holds the keyword. All other places, and all else that Graph knows of them,
// stay as they are: writing one place replaces the whole collection (event-update.md). ok is false where the link is there.
func WithLink(l Location, link string) (places []byte, ok bool) {
	if strings.Contains(l.Text, link) {
		return nil, false
	}
	return l.rewrite(func(name string) (string, bool) {
		if _, holds := parser.FindKeyword(name); !holds {
			return name, false
		}
		return name + " " + link, true
	})
}

// WithoutLink takes the join link of a block, given by its lines, out of the places again.
func WithoutLink(l Location, block []string) (places []byte, ok bool) {
	for _, line := range block {
		if !strings.HasPrefix(line, "https://") || !strings.Contains(l.Text, line) {
			continue
		}
		return l.rewrite(func(name string) (string, bool) {
			before, after, found := strings.Cut(name, line)
			return strings.TrimSpace(strings.TrimSpace(before) + after), found
		})
	}
	return nil, false
}

// rewrite changes the name of the first place that change wants to change.
func (l Location) rewrite(change func(name string) (string, bool)) ([]byte, bool) {
	var places []map[string]json.RawMessage
	if json.Unmarshal(l.Places, &places) != nil || len(places) == 0 {
		name, _ := json.Marshal(l.Text)
		places = []map[string]json.RawMessage{{"displayName": name}}
	}
	for _, place := range places {
		var name string
		if json.Unmarshal(place["displayName"], &name) != nil {
			continue
		}
		if changed, ok := change(name); ok {
			place["displayName"], _ = json.Marshal(changed)
			out, err := json.Marshal(places)
			return out, err == nil
		}
	}
	return nil, false
}

// showsLink reports whether a location holds any https address.
func (l Location) showsLink() bool {
	return slices.ContainsFunc(strings.Fields(l.Text), func(word string) bool { return strings.HasPrefix(word, "https://") })
}

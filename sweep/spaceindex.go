package sweep

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"syncd/delta"
)

// spaceIndex knows the spaces that this account made for events, so that only what is new has to be listed to find one.
type spaceIndex struct {
	mu      sync.Mutex
	byTag   map[string][]delta.MadeSpace // guarded by mu; each list the oldest first
	newest  time.Time                    // guarded by mu; by Webex's clock
	refused time.Time                    // guarded by mu; when the token was last found to lack the scopes
}

const (
	listLag    = 10 * time.Minute // how long a new space may take to be listed
	refusalFor = time.Hour
)

// since is from when on spaces have to be listed; zero for all of them.
func (x *spaceIndex) since() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.newest.IsZero() {
		return time.Time{}
	}
	return x.newest.Add(-listLag)
}

// learn takes new spaces in and gives those that carry a tag.
func (x *spaceIndex) learn(spaces []delta.MadeSpace, tag string) []delta.MadeSpace {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.byTag == nil {
		x.byTag = map[string][]delta.MadeSpace{}
	}
	for _, s := range spaces {
		same := func(o delta.MadeSpace) bool { return o.ID == s.ID }
		list := append(slices.DeleteFunc(x.byTag[s.Tag], same), s)
		slices.SortFunc(list, func(a, b delta.MadeSpace) int {
			return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
		})
		x.byTag[s.Tag] = list
		x.newest = latest(x.newest, s.Created)
	}
	return slices.Clone(x.byTag[tag])
}

func (x *spaceIndex) forget(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for tag, list := range x.byTag {
		if list = slices.DeleteFunc(list, func(s delta.MadeSpace) bool { return s.ID == id }); len(list) == 0 {
			delete(x.byTag, tag)
		} else {
			x.byTag[tag] = list
		}
	}
}

func (x *spaceIndex) refuse(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refused = now
}

func (x *spaceIndex) refusing(now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return !x.refused.IsZero() && now.Sub(x.refused) < refusalFor
}

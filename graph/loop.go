package graph

import (
	"fmt"
	"hash/maphash"
	"net/url"

	"syncd/delta"
)

// Rounds that never end have been seen: the same events on each page behind ever new tokens, for hours
// (microsoft-graph-sdk-dotnet issue 3082 and others). Empty pages are legal, and so is an event that comes twice.
const (
	// maxPages ends a round that leads nowhere. 10,000 events in pages of 10, the smallest seen, are 1,000.
	maxPages = 2000
	// maxEmpty is how many empty pages may follow each other.
	maxEmpty = 100
	// maxRepeats is how many pages may be like some earlier page of the round.
	maxRepeats = 5
	// maxEvents bounds what a round keeps in memory.
	maxEvents = 500_000
	// maxBytes is what a round may have read, unpacked. 861 MB went by in a round that did not end (learn.microsoft.com, Q&A 12762375).
	maxBytes = 1 << 30
)

// loopGuard watches the pages of one round.
type loopGuard struct {
	pages, empty, repeats, events int
	bytes                         int64

	seed  maphash.Seed
	last  uint64          // hash of the last page that was not empty
	known map[uint64]bool // hashes of pages and addresses
}

// pass lets a page through, unless the round leads in circles.
func (g *loopGuard) pass(address *url.URL, p page) error {
	if p.delta != "" {
		return nil // it has ended
	}
	if g.known == nil {
		g.seed, g.known = maphash.MakeSeed(), map[uint64]bool{}
	}
	g.pages++
	g.events += len(p.events)
	g.bytes += p.size
	g.known[maphash.String(g.seed, address.String())] = true
	if g.known[maphash.String(g.seed, p.next)] {
		return fmt.Errorf("%w: a page leads back to one before it", delta.ErrLoop)
	}
	if len(p.events) == 0 {
		g.empty++
	} else {
		g.empty = 0
		ids := p.fingerprint(g.seed)
		if ids == g.last {
			return fmt.Errorf("%w: the same page twice", delta.ErrLoop)
		}
		if g.known[ids] {
			g.repeats++
		}
		g.last, g.known[ids] = ids, true
	}
	switch {
	case g.pages >= maxPages:
		return fmt.Errorf("%w: more than %d pages", delta.ErrLoop, maxPages)
	case g.empty >= maxEmpty:
		return fmt.Errorf("%w: %d empty pages", delta.ErrLoop, maxEmpty)
	case g.repeats >= maxRepeats:
		return fmt.Errorf("%w: the same pages again and again", delta.ErrLoop)
	case g.bytes >= maxBytes:
		return fmt.Errorf("%w: more than %d MiB", delta.ErrLoop, maxBytes>>20)
	case g.events >= maxEvents:
		return fmt.Errorf("%w: more than %d events", delta.ErrLoop, maxEvents)
	}
	return nil
}

// fingerprint tells pages apart by the set of their ids; their order means nothing. The seed is nobody's to know, so no two sets come
// to the same sum but by chance.
func (p page) fingerprint(seed maphash.Seed) (sum uint64) {
	for i := range p.events {
		sum += maphash.String(seed, p.events[i].ID)
	}
	return sum
}

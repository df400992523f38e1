package graph

import (
	"crypto/sha256"
	"fmt"

	"syncd/delta"
)

// loopGuard notices a round that does not end. Chains of pages with the same ids and ever new tokens have been reported, of
// 4,587 pages and 861 MB in one case (learn.microsoft.com, Q&A 12762375 and 5790953; msgraph-sdk-dotnet issue 3082). Empty
// pages are no sign of one by themselves.
type loopGuard struct {
	pages, empty, again int
	last                [sha256.Size]byte
	seen                map[[sha256.Size]byte]bool
}

const (
	// maxPages is what a round may have. 10,000 events in pages of 10, the smallest seen, are 1,000.
	maxPages = 2000
	// maxEmpty is how many empty pages may follow each other.
	maxEmpty = 50
	// maxAgain is how many pages may come that came before, though not one after the other.
	maxAgain = 3
)

// check looks at the next page of a round.
func (g *loopGuard) check(p page) error {
	g.pages++
	switch {
	case g.pages > maxPages:
		return fmt.Errorf("%w: more than %d pages", delta.ErrLoop, maxPages)
	case len(p.events) == 0:
		if g.empty++; g.empty > maxEmpty {
			return fmt.Errorf("%w: more than %d empty pages", delta.ErrLoop, maxEmpty)
		}
		return nil
	}
	g.empty = 0
	ids := p.fingerprint()
	switch {
	case ids == g.last:
		return fmt.Errorf("%w: the same page twice", delta.ErrLoop)
	case g.seen[ids]:
		if g.again++; g.again > maxAgain {
			return fmt.Errorf("%w: pages that came before", delta.ErrLoop)
		}
	case g.seen == nil:
		g.seen = map[[sha256.Size]byte]bool{}
	}
	g.last, g.seen[ids] = ids, true
	return nil
}

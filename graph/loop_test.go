package graph

import (
	"errors"
	"fmt"
	"net/url"
	"testing"

	"syncd/delta"
)

// guarded lets pages through a guard, each behind an address of its own, until one is refused; how many went through.
func guarded(g *loopGuard, most int, page func(n int) page) (passed int, err error) {
	for n := range most {
		p := page(n)
		p.next = fmt.Sprint("next ", n)
		if err := g.pass(&url.URL{Path: fmt.Sprint("page ", n)}, p); err != nil {
			return n, err
		}
	}
	return most, nil
}

func TestARoundIsCutAtItsLimits(t *testing.T) {
	events := func(n, count int) []delta.Event {
		all := make([]delta.Event, count)
		for i := range all {
			all[i].ID = fmt.Sprint(n, " ", i)
		}
		return all
	}
	for name, c := range map[string]struct {
		page func(n int) page
		most int
	}{
		"pages":                {func(n int) page { return page{events: events(n, 1)} }, maxPages - 1},
		"empty pages":          {func(int) page { return page{} }, maxEmpty - 1},
		"the same pages again": {func(n int) page { return page{events: events(n%2, 1)} }, maxRepeats + 1},
		"bytes":                {func(n int) page { return page{events: events(n, 1), size: maxBytes / 8} }, 7},
		"events":               {func(n int) page { return page{events: events(n, maxEvents/8)} }, 7},
	} {
		t.Run(name, func(t *testing.T) {
			if passed, err := guarded(&loopGuard{}, maxPages+10, c.page); passed != c.most || !errors.Is(err, delta.ErrLoop) {
				t.Errorf("%d pages went through, not %d: %v", passed, c.most, err)
			}
		})
	}
}

func TestTheLastPageOfARoundIsNeverTooMuch(t *testing.T) {
	var g loopGuard
	if _, err := guarded(&g, maxPages-1, func(n int) page { return page{events: []delta.Event{{ID: fmt.Sprint(n)}}} }); err != nil {
		t.Fatal(err)
	}
	if err := g.pass(&url.URL{Path: "the last"}, page{events: []delta.Event{{ID: "x"}}, delta: "link", size: maxBytes}); err != nil {
		t.Error(err)
	}
}

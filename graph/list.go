package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"syncd/delta"
	"syncd/rest"
)

// collection is a list that comes in pages and is wanted whole (paging.md).
type collection struct {
	first *url.URL
	scope string                    // of throttling, see [rest.Call]
	holds func(path []string) error // an error for a next link that leads out of the list
}

// just holds links to one resource of the root.
func just(name string) func(path []string) error {
	return func(path []string) error {
		if len(path) != 1 || !sameASCII(path[0], name) {
			return fmt.Errorf("%w: to another resource", delta.ErrForeign)
		}
		return nil
	}
}

// list reads all pages of a collection. One that does not end is [delta.ErrLoop].
func list[T any](ctx context.Context, c *Client, of collection) ([]T, error) {
	var out []T
	asked := map[string]bool{}
	for next := of.first; next != nil; {
		if asked[next.String()] || len(asked) == maxPages {
			return nil, delta.ErrLoop
		}
		asked[next.String()] = true
		var page struct {
			Value *[]T   `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: next, Scope: of.scope, Decode: rest.JSON(&page)}); err != nil {
			return nil, err
		}
		if page.Value == nil {
			return nil, fmt.Errorf("%w: no list in the answer", delta.ErrUnclear)
		}
		out = append(out, *page.Value...)
		if next = nil; page.Next != "" {
			link, path, err := c.rest.Follow(page.Next)
			if err == nil {
				err = of.holds(path)
			}
			if err != nil {
				return nil, err
			}
			next = link
		}
	}
	return out, nil
}

package webex

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"syncd/delta"
	"syncd/rest"
)

// pages goes through a list page by page, until it ends or a page is enough. An answer that is no list ends it with an error: who
// does not find what is there makes it again.
func pages[T any](ctx context.Context, c *Client, next *url.URL, page func(items []T) (enough bool)) error {
	for n := 0; next != nil; n++ {
		if n == maxPages {
			return delta.ErrLoop
		}
		var answer struct {
			Items []T `json:"items"`
		}
		var following *url.URL
		err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: next, Decode: func(h http.Header, body io.Reader) error {
			following = c.nextPage(h)
			if err := rest.JSON(&answer)(h, body); err != nil {
				return err
			}
			if answer.Items == nil {
				return rest.Plain("answer is no list")
			}
			return nil
		}})
		if err != nil {
			return err
		}
		if page(answer.Items) {
			return nil
		}
		next = following
	}
	return nil
}

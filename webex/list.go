package webex

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"syncd/delta"
	"syncd/rest"
)

// list goes through a list page by page, until it ends or a page is enough.
func list[T any](ctx context.Context, c *Client, next *url.URL, page func(items []T) (enough bool)) error {
	for pages := 0; next != nil; pages++ {
		if pages == maxPages {
			return delta.ErrLoop
		}
		var answer struct {
			Items []T `json:"items"`
		}
		var following *url.URL
		err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: next, Decode: func(h http.Header, body io.Reader) error {
			following = c.nextPage(h)
			return rest.JSON(&answer)(h, body)
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

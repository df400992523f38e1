package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// View lists a window without delta, for a mailbox whose rounds do not end (calendar-list-calendarview.md). It has no series
// masters, and spells out the occurrences that a round leaves bare; they are yielded as a round would, but with their location, so that not
// every master has to be read. There is no link.
func (c *Calendar) View(ctx context.Context, start, end time.Time) iter.Seq2[delta.Page, error] {
	return func(yield func(delta.Page, error) bool) {
		next := c.url(url.Values{
			"startDateTime": {start.UTC().Format(time.RFC3339)}, "endDateTime": {end.UTC().Format(time.RFC3339)}, "$top": {"200"},
		}, view)
		var guard loopGuard
		for {
			p, err := c.viewPage(ctx, next)
			if err == nil {
				err = guard.pass(next, p)
			}
			if err == nil && p.next != "" {
				next, err = c.follow(p.next, view)
			}
			if err != nil {
				yield(delta.Page{}, fmt.Errorf("reading the calendar: %w", err))
				return
			}
			if !yield(delta.Page{Events: p.events}, nil) || p.next == "" {
				return
			}
		}
	}
}

func (c *Calendar) viewPage(ctx context.Context, u *url.URL) (p page, err error) {
	err = c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: u, Header: prefer(immutable, utc),
		Decode: func(_ http.Header, body io.Reader) (err error) {
			if p, err = c.client.decodePage(body, 0); errors.Is(err, errNoLink) {
				return nil
			}
			return err
		},
	})
	for i, e := range p.events {
		if e.Type == delta.Occurrence && !e.Unreadable {
			p.events[i] = delta.Event{ID: e.ID, Type: e.Type, SeriesID: e.SeriesID, Start: e.Start, End: e.End, Location: e.Location, Bare: true}
		}
	}
	return p, err
}

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

// pageSize is what we ask for; Graph takes it for a maximum, and exceeds it where a series would be split.
const pageSize = "odata.maxpagesize=200"

const pagePreferences = immutable + ", " + utc + ", " + pageSize

// Round follows a delta link, or begins a round over a window where link is "". It yields the pages in order; the last one
// carries the delta link of the next round. An error ends it. The window is part of the links, and the preferences are not
// (event-delta.md).
func (c *Calendar) Round(ctx context.Context, link string, start, end time.Time) iter.Seq2[delta.Page, error] {
	return func(yield func(delta.Page, error) bool) {
		next, err := c.roundURL(link, start, end)
		if err != nil && link != "" {
			err = fmt.Errorf("%w: %w", delta.ErrStoredLink, err)
		}
		at := link // that led to next
		var guard loopGuard
		var page page
		for err == nil {
			if page, err = c.page(ctx, next, len(page.events)); err != nil { // the next page is mostly as large as the one before
				break
			}
			if err = guard.pass(next, page); err != nil {
				break
			}
			if page.delta != "" {
				if _, err = c.onward(next, at, page.delta, rounds); err != nil {
					break // a link that will not be followed is not kept either
				}
			}
			if !yield(delta.Page{Events: page.events, Link: page.delta}, nil) || page.delta != "" {
				return
			}
			next, err = c.onward(next, at, page.next, rounds)
			at = page.next
		}
		if link != "" && errors.Is(err, delta.ErrGone) { // not an event: the folder that the link was for
			err = fmt.Errorf("%w: %w", delta.ErrCursorExpired, err)
		}
		yield(delta.Page{}, fmt.Errorf("reading changes: %w", err))
	}
}

func (c *Calendar) roundURL(link string, start, end time.Time) (*url.URL, error) {
	if link != "" {
		return c.follow(link, rounds)
	}
	window := url.Values{
		"startDateTime": {start.UTC().Format(time.RFC3339)}, "endDateTime": {end.UTC().Format(time.RFC3339)},
	}
	return c.url(window, "calendarView", "delta"), nil
}

// page is one answer of a round.
type page struct {
	events      []delta.Event
	next, delta string
	size        int64 // in bytes, unpacked
}

// page asks for a page, and makes room for so many events when there is one.
func (c *Calendar) page(ctx context.Context, u *url.URL, room int) (p page, err error) {
	err = c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: u, Header: http.Header{"Prefer": {pagePreferences}},
		Decode: func(_ http.Header, body io.Reader) (err error) { p, err = c.client.decodePage(body, room); return err },
	})
	return p, err
}

// decodePage reads a page with a reader that is used again.
func (c *Client) decodePage(body io.Reader, room int) (page, error) {
	r, ok := c.readers.Get().(*reader)
	if !ok {
		r = &reader{}
	}
	r.reset(body)
	p, err := r.page(room)
	if cap(r.buf) <= 2*largeBuffer { // the rare larger ones are not worth keeping
		r.reset(nil)
		c.readers.Put(r)
	}
	return p, err
}

// page reads a page one event at a time, so that only what somebody will look at stays in memory. A page without its
// list, without any link, or cut off anywhere is an error as a whole: it must never look like an empty calendar.
func (r *reader) page(room int) (page, error) {
	if r.peek() != '{' {
		return page{}, errors.Join(rest.Plain("page is not a JSON object"), r.err)
	}
	var p page
	listed, whole := false, true
	r.object(func(name []byte) bool {
		switch string(name) {
		case "value":
			listed = r.peek() == '['
			r.list(func() {
				whole = r.peek() == '{' && whole
				f := r.event()
				whole = f.event.ID != "" && whole
				if p.events == nil {
					p.events = make([]delta.Event, 0, room)
				}
				p.events = append(p.events, r.finish(f))
			})
		case "@odata.nextLink":
			p.next = r.text()
		case "@odata.deltaLink":
			p.delta = r.text()
		default:
			return false
		}
		return true
	})
	if err := r.end(); err != nil {
		return page{}, err
	}
	p.size = r.offset()
	switch {
	case !listed:
		return page{}, rest.Plain("page has no list of events")
	case !whole:
		return page{}, rest.Plain("page lists an event without id")
	case p.next == "" && p.delta == "":
		return p, errNoLink
	case p.next != "":
		p.delta = "" // with both, the round is not over
	}
	return p, nil
}

// errNoLink says that a page, which is whole otherwise, has no link. A round cannot end so; a plain list does.
var errNoLink = rest.Plain("page has no link")

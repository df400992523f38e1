package graph

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"syncd/delta"
	"syncd/rest"
)

// pageSize is what we ask for; Graph takes it for a maximum, and exceeds it where a series would be split.
const pageSize = "odata.maxpagesize=200"

// Round follows a delta link, or begins a round over a window where link is "". It yields the pages in order; the last one
// carries the delta link of the next round. An error ends it. The window is part of the links, and the preferences are not
// (event-delta.md).
func (c *Calendar) Round(ctx context.Context, link string, start, end time.Time) iter.Seq2[delta.Page, error] {
	return func(yield func(delta.Page, error) bool) {
		next, err := c.roundURL(link, start, end)
		var guard loopGuard
		for err == nil {
			var page page
			if page, err = c.page(ctx, next); err != nil {
				break
			}
			if err = guard.check(page); err != nil {
				break
			}
			if page.delta != "" {
				if _, err = c.follow(page.delta, view); err != nil {
					break // a link that will not be followed is not kept either
				}
			}
			if !yield(delta.Page{Events: page.events, Link: page.delta}, nil) || page.delta != "" {
				return
			}
			next, err = c.follow(page.next, view)
		}
		yield(delta.Page{}, fmt.Errorf("reading changes: %w", err))
	}
}

func (c *Calendar) roundURL(link string, start, end time.Time) (*url.URL, error) {
	if link != "" {
		return c.follow(link, view)
	}
	window := url.Values{
		"startDateTime": {start.UTC().Format(time.RFC3339)}, "endDateTime": {end.UTC().Format(time.RFC3339)},
	}
	return c.url(window, "calendarView", "delta"), nil
}

// view is the collection that rounds go over.
const view = "calendarView"

// follow takes a link from an answer, or from the store, if it leads to the configured root and to a collection of this
// mailbox.
func (c *Calendar) follow(link, collection string) (*url.URL, error) {
	u, err := url.Parse(link)
	root := c.client.rest.Root()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: not an address", delta.ErrForeign)
	case u.Scheme != root.Scheme || !strings.EqualFold(u.Host, root.Host) || u.User != nil:
		return nil, fmt.Errorf("%w: to host %q", delta.ErrForeign, u.Host)
	case !c.within(u.Path, collection):
		return nil, fmt.Errorf("%w: to another mailbox or resource", delta.ErrForeign)
	}
	u.Host = root.Host
	return u, nil
}

// within reports whether a path is that of a collection of this mailbox. Graph writes users/ID and users('ID'), with the id or the
// address that was asked with, and function names with or without brackets and namespace.
func (c *Calendar) within(path, collection string) bool {
	rest, ok := cutPrefixFold(path, c.client.rest.Root().Path+"/users")
	if !ok || strings.Contains(path, "/../") {
		return false
	}
	for _, name := range []string{c.box.ID, c.box.Address} {
		for _, form := range []string{"/" + name + "/", "('" + name + "')/"} {
			if tail, ok := cutPrefixFold(rest, form); ok {
				tail, _ = cutPrefixFold(tail, "calendar/")
				tail, ok = cutPrefixFold(tail, collection)
				return ok && (tail == "" || tail[0] == '/')
			}
		}
	}
	return false
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// page is one answer of a round.
type page struct {
	events      []delta.Event
	next, delta string
}

// fingerprint tells pages apart by the set of their ids; their order means nothing.
func (p page) fingerprint() [sha256.Size]byte {
	ids := make([]string, len(p.events))
	for i, e := range p.events {
		ids[i] = e.ID
	}
	slices.Sort(ids)
	h := sha256.New()
	for _, id := range ids {
		fmt.Fprintf(h, "%d:%s", len(id), id)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (c *Calendar) page(ctx context.Context, u *url.URL) (p page, err error) {
	err = c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: u, Header: prefer(immutable, utc, pageSize),
		Decode: func(_ http.Header, body io.Reader) (err error) { p, err = decodePage(body); return err },
	})
	return p, err
}

// decodePage reads a page one event at a time, so that only what somebody will look at stays in memory. A page without its
// list, without any link, or cut off anywhere is an error as a whole: it must never look like an empty calendar.
func decodePage(r io.Reader) (p page, err error) {
	dec := jsontext.NewDecoder(r, lenient)
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return p, errors.Join(errors.New("page is not a JSON object"), err)
	}
	listed := false
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return p, fmt.Errorf("reading a page: %w", err)
		}
		switch name.String() {
		case "value":
			listed = true
			p.events, err = decodeEvents(dec)
		case "@odata.nextLink":
			err = jsonv2.UnmarshalDecode(dec, &p.next)
		case "@odata.deltaLink":
			err = jsonv2.UnmarshalDecode(dec, &p.delta)
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return p, fmt.Errorf("reading a page: %w", err)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return p, fmt.Errorf("reading a page: %w", err)
	}
	switch {
	case !listed:
		return p, errors.New("page has no list of events")
	case p.next == "" && p.delta == "":
		return p, errNoLink
	case p.next != "":
		p.delta = "" // with both, the round is not over
	}
	return p, nil
}

// errNoLink says that a page, which is whole otherwise, has no link. A round cannot end so; a plain list does.
var errNoLink = errors.New("page has no link")

func decodeEvents(dec *jsontext.Decoder) ([]delta.Event, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if token.Kind() != '[' {
		return nil, errors.New("the list of events is none")
	}
	var events []delta.Event
	for dec.PeekKind() != ']' {
		var raw eventJSON
		if err := jsonv2.UnmarshalDecode(dec, &raw); err != nil {
			return nil, err
		}
		if raw.ID == "" {
			return nil, errors.New("an event without id")
		}
		event, err := raw.event()
		if err != nil { // one odd event does not stop its mailbox
			event = delta.Event{ID: raw.ID, Unreadable: true}
		}
		events = append(events, event)
	}
	_, err = dec.ReadToken()
	return events, err
}

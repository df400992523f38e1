package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// Calendar is the primary calendar of one mailbox.
type Calendar struct {
	client *Client
	box    delta.Mailbox
	owner  rest.Tokens // of the owner, who signed in; nil where the application serves the mailbox
	told   func(ctx context.Context, until time.Time)
}

// Tell gives the calendar somebody to tell until when Graph wants this mailbox to be left alone, before a request waits for it.
func (c *Calendar) Tell(told func(ctx context.Context, until time.Time)) { c.told = told }

// Calendar gives the calendar of a mailbox.
func (c *Client) Calendar(m delta.Mailbox) *Calendar { return &Calendar{client: c, box: m} }

// url is an address within the mailbox.
func (c *Calendar) url(query url.Values, segments ...string) *url.URL {
	return c.client.rest.URL(query, append([]string{"users", c.box.Key()}, segments...)...)
}

// do sends a call that counts for the mailbox.
func (c *Calendar) do(ctx context.Context, call rest.Call) error {
	call.Scope, call.Told = c.box.Key(), c.told
	return c.send(ctx, call)
}

// immutable asks for ids that stay when an event is moved to another folder. It has to be on every request
// (outlook-immutable-id.md), and ids of both forms never meet.
const immutable = `IdType="ImmutableId"`

// utc asks for start and end in UTC.
const utc = `outlook.timezone="UTC"`

// markQuery asks for our extended property together with the event.
var markQuery = url.Values{"$expand": {"singleValueExtendedProperties($filter=id eq '" + delta.MarkProperty + "')"}}

// Event reads one event with its mark's value. An event that Graph says is gone is [delta.ErrGone].
func (c *Calendar) Event(ctx context.Context, id string) (e delta.Event, mark string, err error) {
	var answer answered
	err = c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.url(markQuery, "events", id), Header: prefer(immutable, utc), Decode: answer.decode,
	})
	if err != nil {
		return e, "", fmt.Errorf("reading an event: %w", err)
	}
	if answer.event.Unreadable {
		return e, "", fmt.Errorf("reading an event: %w: its form makes no sense", delta.ErrUnclear)
	}
	return answer.event, answer.mark, nil
}

// Patch writes into an event, if it still has the version etag; else the error is [delta.ErrConflict]. It returns the new
// version. A lost answer is [delta.ErrUnclear]: the write may have happened, and mailed everybody.
func (c *Calendar) Patch(ctx context.Context, id, etag string, p delta.Patch) (newETag string, modified time.Time, err error) {
	if etag == "" {
		return "", time.Time{}, fmt.Errorf("patching an event: %w: its version is not known", delta.ErrRefused)
	}
	var answer answered
	header := prefer(immutable, utc)
	header.Set("If-Match", etag)
	err = c.do(ctx, rest.Call{
		Method: http.MethodPatch, URL: c.url(nil, "events", id), Header: header, Body: encodePatch(p), Decode: answer.decode,
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("patching an event: %w", err)
	}
	return answer.event.ETag, answer.event.Modified, nil
}

// Language is the mailbox's language as its owner set it, such as "nl-NL"; "" where none is set or it may not be read.
func (c *Calendar) Language(ctx context.Context) (string, error) {
	var answer struct {
		Language struct {
			Locale string `json:"locale"`
		} `json:"language"`
	}
	err := c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.url(nil, "mailboxSettings"),
		Header: prefer(immutable), Decode: rest.JSON(&answer),
	})
	if errors.Is(err, delta.ErrAccess) && !errors.Is(err, delta.ErrSignIn) || errors.Is(err, delta.ErrRefused) || errors.Is(err, delta.ErrGone) {
		return "", nil // MailboxSettings.Read was not granted: the words fall back to English
	}
	if err != nil {
		return "", fmt.Errorf("reading the mailbox's language: %w", err)
	}
	return answer.Language.Locale, nil
}

// IDs lists all single events and series masters of the calendar, whenever they are (user-list-events.md).
func (c *Calendar) IDs(ctx context.Context) ([]string, error) {
	return c.list(ctx, url.Values{"$select": {"id"}, "$top": {"999"}}, nil)
}

// Marked lists the events of the whole mailbox whose [delta.TagProperty] has a value
// (singlevaluelegacyextendedproperty-get.md). Copies carry it along.
func (c *Calendar) Marked(ctx context.Context, tag string) ([]string, error) {
	filter := "singleValueExtendedProperties/Any(ep: ep/id eq '" + delta.TagProperty + "' and ep/value eq '" + tag + "')"
	return c.list(ctx, url.Values{"$select": {"id"}, "$filter": {filter}}, nil)
}

// Ours lists the single events and series masters of the calendar that carry a [delta.TagProperty], whatever its value, but for
// single ones that ended before since. Copies carry it along, and so do events whose join details were taken out.
func (c *Calendar) Ours(ctx context.Context, since time.Time) ([]string, error) {
	query := url.Values{
		"$select": {"id,type,end"}, "$top": {"999"},
		"$expand": {"singleValueExtendedProperties($filter=id eq '" + delta.TagProperty + "')"},
	}
	return c.list(ctx, query, func(e listed) bool {
		end, known := e.End.read()
		over := known && end.Before(since) && eventType([]byte(e.Type)) == delta.Single
		return len(e.Properties) > 0 && !over
	})
}

// listed is an event in a list, with no more of it than is asked for.
type listed struct {
	ID         string         `json:"id"`
	Type       string         `json:"type"`
	Start      listedTime     `json:"start"`
	End        listedTime     `json:"end"`
	Properties []propertyJSON `json:"singleValueExtendedProperties"`
}

type listedTime struct {
	DateTime string `json:"dateTime"`
	TimeZone string `json:"timeZone"`
}

func (t listedTime) read() (time.Time, bool) { return dateTime{t.DateTime, t.TimeZone}.read() }

// list reads the ids of a list of events to its end: of those that keep is true for, of all where it is nil.
func (c *Calendar) list(ctx context.Context, query url.Values, keep func(listed) bool) ([]string, error) {
	var ids []string
	next := c.url(query, events)
	asked := map[string]bool{}
	for next != nil {
		if asked[next.String()] || len(asked) == maxPages {
			return nil, fmt.Errorf("listing events: %w", delta.ErrLoop)
		}
		asked[next.String()] = true
		var page struct {
			Value *[]listed `json:"value"`
			Next  string    `json:"@odata.nextLink"`
		}
		err := c.do(ctx, rest.Call{Method: http.MethodGet, URL: next, Header: prefer(immutable, utc), Decode: rest.JSON(&page)})
		if err == nil && page.Value == nil {
			err = fmt.Errorf("%w: no list in the answer", delta.ErrUnclear)
		}
		if err != nil {
			return nil, fmt.Errorf("listing events: %w", err)
		}
		for _, e := range *page.Value {
			if keep == nil || keep(e) {
				ids = append(ids, e.ID)
			}
		}
		if next = nil; page.Next != "" {
			if next, err = c.follow(page.Next, events); err != nil {
				return nil, fmt.Errorf("listing events: %w", err)
			}
		}
	}
	return ids, nil
}

// Dropped lists the days, as yyyy-mm-dd, of a series' occurrences that were cancelled. Graph tells them only where they are asked for
// by name, as "OID.<master>.<day>" (event.md, cancelledOccurrences). known is false where it does not.
func (c *Calendar) Dropped(ctx context.Context, master string) (days []string, known bool, err error) {
	var answer struct {
		Dropped *[]string `json:"cancelledOccurrences"`
	}
	err = c.do(ctx, rest.Call{
		Method: http.MethodGet, Header: prefer(immutable), Decode: rest.JSON(&answer),
		URL: c.url(url.Values{"$select": {"id,cancelledOccurrences"}}, events, master),
	})
	if err != nil {
		return nil, false, fmt.Errorf("reading a series' cancelled occurrences: %w", err)
	}
	if answer.Dropped == nil {
		return nil, false, nil
	}
	for _, id := range *answer.Dropped {
		days = append(days, id[strings.LastIndexByte(id, '.')+1:])
	}
	return days, true, nil
}

// prefer makes the Prefer header.
func prefer(preferences ...string) http.Header {
	return http.Header{"Prefer": {strings.Join(preferences, ", ")}}
}

package webex

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// Tagged lists the meetings of a host that carry a tag and overlap a span of time, in the order of their ids. Left to
// itself the list would give ten single occurrences of the next seven days, and those that the host was invited to.
func (c *Client) Tagged(ctx context.Context, host, tag string, from, to time.Time) ([]delta.Meeting, error) {
	query := url.Values{
		"integrationTag": {tag}, "hostEmail": {host}, "meetingType": {"meetingSeries"}, "current": {"false"}, "max": {maxPage},
		"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)},
	}
	var found []delta.Meeting
	err := pages(ctx, c, c.rest.URL(query, "meetings"), func(items []meetingJSON) bool {
		for _, m := range items {
			if slices.Contains(m.Tags, tag) && !m.part() { // a list that ignores the filters would be everybody's meetings
				found = append(found, m.meeting())
			}
		}
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("listing meetings: %w", hostError(err))
	}
	slices.SortFunc(found, func(a, b delta.Meeting) int { return strings.Compare(a.ID, b.ID) })
	return found, nil
}

// Occurrences lists the single occurrences of a host's meetings that overlap a span of time, those that the host was invited to among
// them. Their ids are those of [recurrence.OccurrenceID]; a meeting that does not recur has one.
func (c *Client) Occurrences(ctx context.Context, host string, from, to time.Time) ([]delta.Meeting, error) {
	query := url.Values{
		"hostEmail": {host}, "meetingType": {"scheduledMeeting"}, "max": {maxPage},
		"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)},
	}
	var found []delta.Meeting
	err := pages(ctx, c, c.rest.URL(query, "meetings"), func(items []meetingJSON) bool {
		for _, m := range items {
			found = append(found, m.meeting())
		}
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("listing occurrences: %w", hostError(err))
	}
	return found, nil
}

// item is one of a list.
type item interface{ id() string }

// pages goes through a list page by page, until it ends or a page is enough. What is listed twice, as happens where a list changes
// between two pages, comes once: a meeting is no duplicate of itself.
func pages[T item](ctx context.Context, c *Client, next *url.URL, page func(items []T) (enough bool)) error {
	asked, seen := map[string]bool{}, map[string]bool{}
	for next != nil {
		if len(asked) == maxPages || asked[next.RawQuery] { // all pages of a list have the same path
			return delta.ErrLoop
		}
		asked[next.RawQuery] = true
		var list list[T]
		if err := c.rest.Do(ctx, rest.Call{Method: http.MethodGet, URL: next, Decode: list.decode}); err != nil {
			return err
		}
		items := slices.DeleteFunc(list.items, func(one T) bool {
			again := seen[one.id()]
			seen[one.id()] = one.id() != ""
			return again
		})
		if page(items) {
			return nil
		}
		following, err := c.nextPage(list.header, next)
		if err != nil {
			return err
		}
		next = following
	}
	return nil
}

// list is one page of a list.
type list[T any] struct {
	items  []T
	header http.Header
}

// decode refuses what is not known to be the whole page: who does not find what is there makes it again.
func (l *list[T]) decode(header http.Header, body io.Reader) error {
	var answer struct {
		Items  []T      `json:"items"`
		Errors failures `json:"errors"`
	}
	if err := rest.JSON(&answer)(header, body); err != nil {
		return err
	}
	if answer.Items == nil || len(answer.Errors) > 0 {
		return rest.Plain("answer is no list, or not all of it")
	}
	for i := range answer.Items {
		if item, ok := any(&answer.Items[i]).(interface{ check() error }); ok {
			if err := item.check(); err != nil {
				return err
			}
		}
	}
	l.items, l.header = answer.Items, header
	return nil
}

// maxPages ends a list that leads nowhere.
const maxPages = 1000

// nextPage is where the Link header of a page leads on to (RFC 8288); nil at the end. A page may be empty and still have a next one;
// some of Webex's services write max=null into the link, which they then refuse. A link that is not to the same list is
// [delta.ErrForeign]: a list that ends early would look like one without our meeting.
func (c *Client) nextPage(header http.Header, from *url.URL) (*url.URL, error) {
	for _, part := range strings.Split(strings.Join(header.Values("Link"), ","), "<")[1:] {
		target, params, _ := strings.Cut(part, ">")
		if !isNext(params) {
			continue
		}
		u, _, err := c.rest.Follow(target)
		if err != nil {
			return nil, err
		}
		if u.Path != from.Path {
			return nil, fmt.Errorf("%w: to another list", delta.ErrForeign)
		}
		if q := u.Query(); q.Get("max") == "null" {
			q.Set("max", from.Query().Get("max"))
			u.RawQuery = q.Encode()
		}
		return u, nil
	}
	return nil, nil
}

// isNext reports whether the parameters of a link say rel=next.
func isNext(params string) bool {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(param, " \t,"), "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") && strings.EqualFold(strings.Trim(value, ` "`), "next") {
			return true
		}
	}
	return false
}

// maxPage is the largest page of meetings that Webex gives (List Meetings).
const maxPage = "100"

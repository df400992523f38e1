package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listed is one element of a list of meetings: a series, or an occurrence of it.
type listedMeeting struct {
	met *meeting
	at  *sitting
}

// listMeetings serves GET /meetings with all its defaults: ten a page, from now to seven days ahead, the current occurrence
// instead of the series, and what the host is invited to beside what it hosts (webex.md 2.3).
func (c *call) listMeetings(map[string]string) *answer {
	q := c.r.URL.Query()
	u, a := c.actor(q.Get("hostEmail"))
	if a != nil {
		return a
	}
	var exclusive []string
	for _, name := range []string{"meetingNumber", "webLink", "roomId"} {
		if q.Get(name) != "" {
			exclusive = append(exclusive, name)
		}
	}
	if len(exclusive) > 1 {
		return c.invalid("%s are mutually exclusive.", strings.Join(exclusive, " and "))
	}
	var list []listedMeeting
	switch {
	case q.Get("meetingSeriesId") != "":
		list, a = c.listSeries(u, q)
	case len(exclusive) == 1:
		list = c.listExact(u, exclusive[0], q)
	default:
		list, a = c.listRange(u, q)
	}
	if a != nil {
		return a
	}
	items := make([]any, len(list))
	for i, l := range list {
		items[i] = l.met.json(c.view(l.at), c.w.webex)
	}
	return c.paged(items, q, 10, 100)
}

// visible are the meetings of a person, hosted and invited to, as far as lists show them yet.
func (c *call) visible(u *webexUser) []*meeting {
	var all []*meeting
	shown := c.w.now().Add(-c.w.quirks.ListLag)
	for _, met := range slices.Concat(u.hosts, u.invited) {
		if !met.deleted && !met.made.After(shown) && !slices.Contains(all, met) && (met.host == u || met.invites(u.email)) {
			all = append(all, met)
		}
	}
	slices.SortStableFunc(all, func(a, b *meeting) int { return a.start.Compare(b.start) })
	return all
}

func (c *call) listRange(u *webexUser, q url.Values) ([]listedMeeting, *answer) {
	kind := q.Get("meetingType")
	from, to, a := c.listWindow(q, kind)
	if a != nil {
		return nil, a
	}
	tag := q.Get("integrationTag")
	var list []listedMeeting
	for _, met := range c.visible(u) {
		switch {
		case tag != "" && (met.tagApp != c.app || !slices.Contains(met.tags, tag)),
			q.Get("state") != "" && q.Get("state") != met.state(c.w.now()),
			q.Get("scheduledType") != "" && q.Get("scheduledType") != met.scheduled,
			q.Get("siteUrl") != "" && q.Get("siteUrl") != c.w.webex.host:
			continue
		}
		switch kind {
		case "", "meetingSeries":
			if !met.within(from, to) || met.scheduled == "personalRoomMeeting" {
				continue
			}
			list = append(list, c.current(met, q))
		case "scheduledMeeting":
			list = append(list, occurrencesOf(met, from, to, q.Get("isModified"))...)
		case "meeting": // instances that run or ran: this world keeps none
		default:
			return nil, c.invalid("meetingType %s does not exist.", kind)
		}
	}
	return list, nil
}

// current shows a series as the parameter "current" says; true is the default.
func (c *call) current(met *meeting, q url.Values) listedMeeting {
	if q.Get("current") != "false" {
		if o, ok := met.next(c.w.now()); ok {
			return listedMeeting{met, &o}
		}
	}
	return listedMeeting{met: met}
}

func occurrencesOf(met *meeting, from, to time.Time, modified string) []listedMeeting {
	var list []listedMeeting
	met.sittings(from, func(o sitting) bool {
		if overlaps(o.start, o.end, from, to) && (modified == "" || modified == strconv.FormatBool(o.change != nil)) {
			list = append(list, listedMeeting{met, &o})
		}
		return o.start.Before(to) && len(list) < 5000
	})
	return list
}

// listSeries lists the occurrences of one series; filters of lists of meetings do not count.
func (c *call) listSeries(u *webexUser, q url.Values) ([]listedMeeting, *answer) {
	from, to, a := c.listWindow(q, "scheduledMeeting")
	if a != nil {
		return nil, a
	}
	met, _, a := c.seekMeeting(seriesID(q.Get("meetingSeriesId")), u)
	if a != nil || q.Get("meetingType") == "meeting" {
		return nil, a
	}
	if met.scheduled == "personalRoomMeeting" {
		return nil, c.invalid("meetingSeriesId cannot be that of a personalRoomMeeting.")
	}
	return occurrencesOf(met, from, to, q.Get("isModified")), nil
}

// listExact finds by number, link or space; times, type and state are ignored then.
func (c *call) listExact(u *webexUser, by string, q url.Values) []listedMeeting {
	var list []listedMeeting
	for _, met := range c.visible(u) {
		have := map[string]string{"meetingNumber": met.number, "webLink": met.link, "roomId": met.roomID}[by]
		if have == q.Get(by) {
			list = append(list, c.current(met, q))
		}
	}
	return list
}

// listWindow reads from and to; what is missing is seven days from the other, or from now.
func (c *call) listWindow(q url.Values, kind string) (from, to time.Time, a *answer) {
	const week = 7 * 24 * time.Hour
	now := c.w.now()
	from, to = now, now.Add(week)
	if kind == "meeting" {
		from, to = now.Add(-week), now
	}
	readTime := func(name string) (time.Time, bool) {
		t, ok := webexTime(q.Get(name), time.UTC)
		if !ok {
			t, ok = instant(q.Get(name))
		}
		if !ok && q.Get(name) != "" {
			a = c.invalid("%s is no ISO 8601 time.", name)
		}
		return t, ok
	}
	f, hasFrom := readTime("from")
	t, hasTo := readTime("to")
	switch {
	case hasFrom && hasTo:
		from, to = f, t
	case hasFrom:
		from, to = f, f.Add(week)
	case hasTo:
		from, to = t.Add(-week), t
	}
	if a == nil && from.After(to) {
		a = c.invalid("from cannot be after to.")
	}
	return from, to, a
}

// paged cuts a list and links to what comes next; only the link says whether there is more, a page may be empty and have one.
func (c *call) paged(items []any, q url.Values, size, most int) *answer {
	if text := q.Get("max"); text != "" && text != "null" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return c.invalid("max must be 1 to %d.", most)
		}
		size = n
	}
	offset := 0
	if cursor := q.Get("cursor"); cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(cursor)
		if _, bad := fmt.Sscanf(string(b), "at %d size %d", &offset, &size); err != nil || bad != nil {
			return c.invalid("The cursor is not valid.")
		}
	}
	page := items[min(offset, len(items)):]
	more := len(page) > size
	page = page[:min(size, len(page))]
	following := offset + len(page)
	quirks := c.w.quirks
	switch happens := func(chance float64) bool { return chance > 0 && q.Get("cursor") == "" && c.w.rng.Float64() < chance }; {
	case happens(quirks.EmptyListPage):
		page, more, following = nil, true, offset
	case len(page) > 0 && happens(quirks.ListedTwice):
		more, following = true, following-1
	}
	list := append([]any{}, page...)
	if quirks.ListErrors && len(list) > 0 {
		list[0] = withErrors(list[0])
	}
	a := c.webexJSON(map[string]any{"items": list})
	if !more {
		return a
	}
	next := url.Values{}
	for key, values := range q {
		next[key] = values
	}
	next.Set("cursor", base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "at %d size %d", following, size)))
	if quirks.MaxNull {
		next.Set("max", "null")
	}
	return a.set("Link", "<"+c.root+c.r.URL.EscapedPath()+"?"+next.Encode()+`>; rel="next"`)
}

// withErrors is an element of which one field could not be read (fixtures/webex/synthetic/list.partial-failure.200.json).
func withErrors(item any) any {
	object, ok := item.(map[string]any)
	if !ok {
		return item
	}
	object["title"] = "[encrypted]"
	object["errors"] = map[string]any{"title": map[string]string{"code": "kms_failure", "reason": "Key management server failed to respond appropriately."}}
	return object
}

// noContent is the answer to what was deleted.
func noContent() *answer { return &answer{status: http.StatusNoContent} }

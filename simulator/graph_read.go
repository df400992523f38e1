package simulator

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// missing is the answer for an id that names nothing.
func (c *call) missing(id string) *answer {
	if b, err := base64.StdEncoding.DecodeString(id); err != nil || len(b) != idSize {
		return c.refusal(http.StatusBadRequest, "ErrorInvalidIdMalformed")
	}
	return c.refusal(http.StatusNotFound, "ErrorItemNotFound")
}

// seek finds the event of the path; the caller holds the lock.
func (c *call) seek() (*item, ref, *answer) {
	it, r, ok := c.box.find(c.Item)
	if !ok || c.box.outage != nil && c.box.outage.all {
		return nil, r, c.missing(c.Item)
	}
	return it, r, nil
}

func (c *call) getEvent() *answer {
	q := c.r.URL.Query()
	c.w.mu.Lock()
	it, r, a := c.seek()
	if a != nil {
		c.w.mu.Unlock()
		return a
	}
	c.box.served[r.key] = it.version
	quirks := c.w.quirks
	c.w.mu.Unlock()
	if r.date != "" {
		it = it.merged(r.date, !quirks.OwnProperties)
	}
	w := writer{box: c.box, reader: c.Mailbox, p: prefer(c.r.Header), sel: selected(q), exp: expanded(q), quirks: quirks}
	w.p.text = false // one event comes as HTML, whatever Prefer says (microsoft-graph.md 2.3)
	return c.entity(w, it)
}

// entity is the answer with one event in it.
func (c *call) entity(w writer, it *item) *answer {
	b := []byte(`{"@odata.context":` + string(appendString(nil, c.context("users('"+c.box.id+"')/events/$entity"))) + `,`)
	b = append(b, w.members(it)...)
	if it.series() && w.exp.exceptions && w.sel != nil && w.sel.has("exceptionOccurrences") { // it has to be named in both
		b = append(b, `,"exceptionOccurrences":[`...)
		for i, date := range sortedKeys(it.exceptions) {
			if i > 0 {
				b = append(b, ',')
			}
			each := w
			each.exp = expansion{}
			b = append(append(append(b, '{'), each.members(it.merged(date, !w.quirks.OwnProperties))...), '}')
		}
		b = append(b, ']')
	}
	b = append(b, '}')
	return (&answer{status: http.StatusOK, body: b}).set("Content-Type", "application/json; charset=utf-8").set("ETag", it.etag())
}

// listed is a page of full items, with a nextLink when there are more.
func (c *call) listed(items []*item, q url.Values, quirks Quirks, what string) *answer {
	w := writer{box: c.box, reader: c.Mailbox, p: prefer(c.r.Header), sel: selected(q), exp: expanded(q), quirks: quirks}
	top, err := strconv.Atoi(query(q, "$top"))
	if query(q, "$top") == "" {
		top, err = cmp.Or(w.p.pageSize, defaultPage), nil
	}
	skip, bad := strconv.Atoi(cmp.Or(query(q, "$skip"), "0"))
	if err != nil || bad != nil || top < 1 || top > 1000 || skip < 0 {
		return c.graphError(http.StatusBadRequest, "ErrorInvalidUrlQuery", "$top must be 1 to 1000 and $skip a number.")
	}
	page := items[min(skip, len(items)):]
	more := len(page) > top
	page = page[:min(top, len(page))]
	b := []byte(`{"@odata.context":` + string(appendString(nil, c.context("users('"+c.box.id+"')/"+what))) + `,"value":[`)
	for i, it := range page {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '{'), w.members(it)...), '}')
	}
	b = append(b, ']')
	if more {
		next := url.Values{}
		for key, values := range q {
			if !strings.EqualFold(key, "$skip") {
				next[key] = values
			}
		}
		next.Set("$skip", strconv.Itoa(skip+top))
		b = append(b, `,"@odata.nextLink":`...)
		b = appendString(b, c.root+c.r.URL.EscapedPath()+"?"+next.Encode())
	}
	b = append(b, '}')
	a := (&answer{status: http.StatusOK, body: b}).set("Content-Type", "application/json; charset=utf-8")
	if w.p.text {
		a.set("Preference-Applied", `outlook.body-content-type="text"`)
	}
	return a
}

// viewCache is the last plain calendarView of a mailbox, good as long as nothing changes.
type viewCache struct {
	place    int
	from, to time.Time
	items    []*item
}

// calendarView lists singles, occurrences and exceptions as full items, no masters (microsoft-graph.md 4.1).
func (c *call) calendarView() *answer {
	q := c.r.URL.Query()
	from, to, a := c.window(q)
	if a != nil {
		return a
	}
	c.w.mu.Lock()
	m := c.box
	quirks := c.w.quirks
	v := m.view
	if v.items == nil || v.place != len(m.log) || !v.from.Equal(from) || !v.to.Equal(to) {
		v = viewCache{place: len(m.log), from: from, to: to, items: m.viewed(from, to, quirks)}
		m.view = v
	}
	for _, it := range v.items {
		m.served[it.key] = m.items[it.key].version
	}
	if m.outage != nil {
		v.items = nil
	}
	c.w.mu.Unlock()
	return c.listed(v.items, q, quirks, "calendarView")
}

// viewed expands the window, by start.
func (m *Mailbox) viewed(from, to time.Time, q Quirks) []*item {
	items := []*item{}
	for _, key := range m.order {
		it := m.items[key]
		switch {
		case it == nil:
		case !it.series():
			if it.within(from, to) {
				items = append(items, it)
			}
		default:
			for _, o := range it.occurrences(from, to) {
				items = append(items, it.merged(o.date, !q.OwnProperties))
			}
		}
	}
	slices.SortStableFunc(items, func(a, b *item) int { return a.start.Compare(b.start) })
	return items
}

func (c *call) window(q url.Values) (from, to time.Time, a *answer) {
	from, okFrom := instant(query(q, "startDateTime"))
	to, okTo := instant(query(q, "endDateTime"))
	switch {
	case !okFrom || !okTo || to.Before(from):
		a = c.graphError(http.StatusBadRequest, "ErrorInvalidParameter", "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.")
	case to.Sub(from) > maxWindow:
		a = c.refusal(http.StatusBadRequest, "ErrorInvalidRequest")
	}
	return
}

// listEvents lists singles and masters; $filter over extended properties runs over the whole mailbox.
func (c *call) listEvents() *answer {
	q := c.r.URL.Query()
	fits := func(map[string]string) bool { return true }
	if filter := query(q, "$filter"); filter != "" {
		var ok bool
		if fits, ok = propertyFilter(filter); !ok {
			return c.graphError(http.StatusBadRequest, "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes.")
		}
	}
	c.w.mu.Lock()
	items := []*item{}
	for _, key := range c.box.order {
		if it := c.box.items[key]; it != nil && c.box.outage == nil && fits(it.props) {
			c.box.served[key] = it.version
			items = append(items, it)
		}
	}
	quirks := c.w.quirks
	c.w.mu.Unlock()
	return c.listed(items, q, quirks, "events")
}

// instances lists occurrences and exceptions of one series, not the cancelled ones.
func (c *call) instances() *answer {
	q := c.r.URL.Query()
	from, to, a := c.window(q)
	if a != nil {
		return a
	}
	c.w.mu.Lock()
	it, r, a := c.seek()
	quirks := c.w.quirks
	if a == nil {
		c.box.served[r.key] = it.version
	}
	c.w.mu.Unlock()
	switch {
	case a != nil:
		return a
	case !it.series() || r.date != "":
		return c.graphError(http.StatusBadRequest, "ErrorInvalidRequest", "The event is not a series.")
	}
	items := []*item{}
	for _, o := range it.occurrences(from, to) {
		items = append(items, it.merged(o.date, !quirks.OwnProperties))
	}
	return c.listed(items, q, quirks, "events/instances")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

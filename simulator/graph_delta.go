package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// syncStates are the delta states that Exchange keeps for a calendar. Each delta call makes a new one and only the last few
// live, so that a stored link, or an early nextLink of a long round, ages out (microsoft-graph.md 1.3).
type syncStates struct {
	generation int
	kept       []*syncState // oldest first
}

// syncState is what a $skiptoken or a $deltatoken stands for.
type syncState struct {
	token       string
	generation  int
	from, to    time.Time
	place       int      // in the mailbox's log: where the next round begins
	pending     []string // keys still to come in this round
	incremental bool
	resume      bool // a deltatoken
	emptyDone   bool // the empty page of this round was sent
	sent        int  // pages so far
}

const (
	defaultPage = 10
	maxWindow   = 1825 * 24 * time.Hour
)

// delta serves calendarView/delta (microsoft-graph.md 0 and 1).
func (c *call) delta() *answer {
	q, p := c.r.URL.Query(), prefer(c.r.Header)
	for _, name := range []string{"$select", "$expand", "$filter", "$orderby", "$search"} {
		if query(q, name) != "" {
			return c.graphError(http.StatusBadRequest, "ErrorInvalidUrlQuery",
				"The following parameters are not supported with change tracking over the 'CalendarView' resource: '$orderby, $filter, $select, $expand, $search'.")
		}
	}
	c.w.mu.Lock()
	var s *syncState
	var a *answer
	if token := query(q, "$skiptoken") + query(q, "$deltatoken"); token != "" {
		s, a = c.resume(token)
	} else {
		s, a = c.start(q)
	}
	if a != nil {
		c.w.mu.Unlock()
		return a
	}
	page, next := c.page(s, p)
	quirks := c.w.quirks
	c.w.mu.Unlock()

	w := writer{box: c.box, reader: c.Mailbox, p: p, quirks: quirks}
	items, size := make([][]byte, len(page)), 1000
	for i, e := range page {
		items[i] = e.render(w)
		size += len(items[i]) + 50
	}
	link, name := "nextLink", "$skiptoken"
	if next.resume {
		link, name = "deltaLink", "$deltatoken"
	}
	b := append(make([]byte, 0, size), `{"@odata.context":"`+c.context("Collection(event)")+`","value":[`...)
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, `{"@odata.type":"#microsoft.graph.event",`...), item...), '}')
	}
	b = append(b, `],"@odata.`+link+`":`...)
	b = appendString(b, c.root+c.r.URL.EscapedPath()+"?"+name+"="+next.token)
	b = append(b, '}')
	return (&answer{status: http.StatusOK, body: b}).set("Content-Type", "application/json;odata.metadata=minimal;charset=utf-8")
}

// start begins a first round over a window.
func (c *call) start(q url.Values) (*syncState, *answer) {
	from, okFrom := instant(query(q, "startDateTime"))
	to, okTo := instant(query(q, "endDateTime"))
	switch {
	case !okFrom || !okTo || to.Before(from):
		return nil, c.graphError(http.StatusBadRequest, "ErrorInvalidParameter", "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.")
	case to.Sub(from) > maxWindow:
		return nil, c.refusal(http.StatusBadRequest, "ErrorInvalidRequest")
	}
	m := c.box
	s := &syncState{from: from, to: to, place: c.place()}
	for _, key := range m.order {
		it := m.items[key]
		if it != nil && m.outage == nil && it.within(from, to) || c.w.quirks.RemovedAtFirst > 0 && m.rng.Float64() < c.w.quirks.RemovedAtFirst {
			s.pending = append(s.pending, key)
		}
	}
	c.disorder(s.pending)
	return s, nil
}

// place is the end of the log as far as delta shows it yet.
func (c *call) place() int {
	log := c.box.log
	if c.w.quirks.DeltaLag == 0 {
		return len(log)
	}
	seen := c.w.now().Add(-c.w.quirks.DeltaLag)
	n, _ := slices.BinarySearchFunc(log, seen, func(e change, t time.Time) int {
		if e.at.After(t) {
			return 1
		}
		return -1
	})
	return n
}

// resume finds the state of a token. A deltatoken begins a round of what has changed since.
func (c *call) resume(token string) (*syncState, *answer) {
	m := c.box
	i := slices.IndexFunc(m.rounds.kept, func(s *syncState) bool { return s.token == token })
	if i < 0 || c.w.quirks.FirstLinkExpired && m.rounds.kept[i].sent == 1 && !m.rounds.kept[i].resume {
		return nil, c.expired(token)
	}
	s := *m.rounds.kept[i]
	if !s.resume {
		return &s, nil
	}
	s.resume, s.incremental, s.sent, s.emptyDone = false, true, 0, false
	changed := m.log[s.place:max(s.place, c.place())]
	s.place += len(changed)
	have := map[string]bool{}
	for _, e := range changed {
		if !have[e.key] {
			have[e.key] = true
			s.pending = append(s.pending, e.key)
		}
	}
	if q := c.w.quirks; q.Replay > 0 {
		for _, key := range m.order {
			if it := m.items[key]; it != nil && !have[key] && it.within(s.from, s.to) && m.rng.Float64() < q.Replay {
				s.pending = append(s.pending, key)
			}
		}
	}
	c.disorder(s.pending)
	return &s, nil
}

// expired is the answer to a token whose state is gone, or that never was one.
func (c *call) expired(token string) *answer {
	generation, ok := readToken(token)
	if !ok {
		return c.graphError(http.StatusBadRequest, "BadRequest", "Badly formed token.")
	}
	var list strings.Builder
	for _, s := range c.box.rounds.kept {
		fmt.Fprintf(&list, "[%d]", s.generation)
	}
	return c.graphError(http.StatusGone, "SyncStateNotFound",
		fmt.Sprintf("The sync state generation is not found; generation=%d;[highest=%d]%s.", generation, c.box.rounds.generation, list.String()))
}

// page takes the next items of a round and keeps the state after them.
func (c *call) page(s *syncState, p preferences) ([]entry, *syncState) {
	m, quirks := c.box, c.w.quirks
	size := p.pageSize
	if size <= 0 {
		size = defaultPage
	}
	if quirks.ShortPage > 0 && m.rng.Float64() < quirks.ShortPage {
		size = max(1, m.rng.IntN(size)) // never as many as asked for, unless that was one
	}
	var page []entry
	next := *s
	if m.rng.Float64() < quirks.EmptyPage && !s.emptyDone {
		size, next.emptyDone = 0, true
	}
	n := 0
	for n < len(s.pending) && len(page) < size {
		group := m.group(s.pending[n], s, quirks)
		page = append(page, group...)
		if quirks.Twice > 0 && m.rng.Float64() < quirks.Twice {
			next.pending = append(slices.Clone(next.pending), s.pending[n])
		}
		n++
	}
	next.pending = next.pending[n:]
	if s.incremental && size > 0 {
		for _, r := range m.belated {
			page = append(page, entry{removed: r})
		}
		m.belated = nil
	}
	if quirks.Endless && len(s.pending) > 0 {
		next.pending = s.pending
	}
	if !quirks.OrderedPages {
		m.rng.Shuffle(len(page), func(i, j int) { page[i], page[j] = page[j], page[i] })
	}
	next.resume = len(next.pending) == 0 && size > 0
	next.sent++
	m.keep(&next, quirks.syncStates())
	return page, &next
}

// RemoveBelated makes the next round of changes report events under @removed that are there: late or replayed items (microsoft-graph.md
// 1.2, 1.4).
func (m *Mailbox) RemoveBelated(ids ...string) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	for _, id := range ids {
		if r, ok := m.stamp.ref(id); ok {
			m.belated = append(m.belated, r)
		}
	}
}

// keep makes a new generation and forgets those that are too many.
func (m *Mailbox) keep(s *syncState, limit int) {
	r := &m.rounds
	r.generation++
	s.generation = r.generation
	s.token = newToken(s.generation, m.rng.Uint64())
	r.kept = append(r.kept, s)
	if len(r.kept) > limit {
		r.kept = slices.Clone(r.kept[len(r.kept)-limit:])
	}
}

func newToken(generation int, salt uint64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "R0us%016x.%d", salt, generation))
}

func readToken(token string) (int, bool) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	_, generation, ok := strings.Cut(string(b), ".")
	n, bad := strconv.Atoi(generation)
	return n, err == nil && ok && bad == nil && strings.HasPrefix(string(b), "R0us")
}

func (c *call) disorder(keys []string) {
	if !c.w.quirks.OrderedPages {
		c.box.rng.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	}
}

// within tells whether the window shows any of the item.
func (it *item) within(from, to time.Time) bool {
	if !it.series() {
		return overlaps(it.start, it.end, from, to)
	}
	return len(it.occurrences(from, to)) > 0
}

// entry is one element of a delta page.
type entry struct {
	it      *item    // full: single, master, exception
	without []string // members of it that are left out
	bare    *occurrence
	master  *item // of bare
	removed ref
}

// group renders one changed item: all members of a series together, never split over pages. What is gone, or lies outside of
// the window, is removed: the same for both (microsoft-graph.md 1.4).
func (m *Mailbox) group(key string, s *syncState, q Quirks) []entry {
	it := m.items[key]
	if it == nil || m.outage != nil || !it.within(s.from, s.to) {
		group := []entry{{removed: ref{key: key}}}
		if q.OccurrencesGone && it == nil {
			for date := range m.lastDates(key) {
				group = append(group, entry{removed: ref{key, date}})
			}
		}
		return group
	}
	m.served[key] = it.version
	var without []string
	for _, name := range q.LeftOut {
		if s.incremental && m.rng.IntN(2) == 0 {
			without = append(without, name)
		}
	}
	if !it.series() {
		return []entry{{it: it, without: without}}
	}
	var group []entry
	if !(s.incremental && q.MasterMissing > 0 && m.rng.Float64() < q.MasterMissing) {
		group = append(group, entry{it: it, without: without})
	}
	for _, o := range it.occurrences(s.from, s.to) {
		if o.exception != nil {
			group = append(group, entry{it: it.merged(o.date, !q.OwnProperties), without: without})
		} else {
			group = append(group, entry{bare: &o, master: it})
		}
	}
	return group
}

// render writes what is between the braces of an element, its type excepted; a bare occurrence has six members and no more
// (fixtures/graph/delta-observed-occurrence.json).
func (e entry) render(w writer) []byte {
	o := &object{}
	switch {
	case e.it != nil && len(e.without) > 0:
		return leaveOut(w.members(e.it), e.without)
	case e.it != nil:
		return w.members(e.it)
	case e.bare != nil:
		o.str("@odata.etag", e.master.etag())
		occurrences := w
		occurrences.p.immutable = w.p.immutable && !w.quirks.OldOccurrenceID
		o.str("id", occurrences.id(ref{e.master.key, e.bare.date}))
		o.str("seriesMasterId", w.id(ref{key: e.master.key}))
		o.str("type", "occurrence")
		w.time(o, "start", e.bare.start, e.master)
		w.time(o, "end", e.bare.end, e.master)
	default:
		o.str("id", w.id(e.removed))
		o.raw("@removed", `{"reason":"deleted"}`)
	}
	return o.b
}

// leaveOut leaves members out of what is between an object's braces.
func leaveOut(members []byte, names []string) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(slices.Concat([]byte("{"), members, []byte("}")), &all) != nil {
		return members
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return slices.Contains(names, name) })
	rest, err := json.Marshal(all)
	if err != nil {
		return members
	}
	return rest[1 : len(rest)-1]
}

package simulator

import (
	"maps"
	"slices"
	"time"
)

// occurrences compares what the calendar shows of a series in the next months with what Webex has of its meeting. An occurrence
// that has become an event of its own, with a meeting of its own or none, is not looked for in the series.
func (c *checker) occurrences(m *Mailbox, r ref, it *item, met *meeting) {
	from, to := c.now, c.now.AddDate(0, 6, 0)
	if !c.rest.To.IsZero() && c.rest.To.Before(to) {
		to = c.rest.To
	}
	want := map[string]string{} // when → title
	either := map[string]bool{} // when, of those that may be there or not
	for _, o := range it.occurrences(from, to) {
		if key := it.at(parseDay(o.date)).start.UTC().Format(utcKey); o.start.Before(from) || met.refused[key] && met.dropped[key] {
			continue
		}
		title := it.subject
		if o.exception != nil {
			x := it.merged(o.date, true)
			title = x.subject
			links := c.ourLinks(x)
			if len(links) == 0 && m.storyOf(ref{key: r.key, date: o.date}).removals > 1 { // the person took the block out for good
				either[met.span(o.start, longEnough(o.start, o.end))] = true
				continue
			}
			if len(links) != 1 || links[0] != met.link {
				continue
			}
		}
		want[met.span(o.start, longEnough(o.start, o.end))] = plainTitle(title)
	}
	have := map[string]string{}
	met.sittings(from, func(o sitting) bool {
		if when := met.span(o.start, o.end); !o.start.Before(from) && o.start.Before(to) && !either[when] {
			have[when] = met.titleOf(o)
		}
		return o.start.Before(to)
	})
	missing, extra := without(want, have), without(have, want)
	if len(missing)+len(extra) > 0 {
		c.fail("P1", m, r, it, "its meeting %s lacks the occurrences %v and has %v that the calendar has not", met.id, missing, extra)
	}
	for when, title := range want {
		if is, ok := have[when]; ok && title != "" && !titleFits(is, title) {
			c.fail("P1", m, r, it, "the occurrence %s of its meeting %s has the title %q, not %q", when, met.id, is, title)
		}
	}
}

// longEnough is when a meeting ends that Webex can hold.
func longEnough(start, end time.Time) time.Time {
	if end.Sub(start) < minLength {
		return start.Add(minLength)
	}
	return end
}

func (met *meeting) titleOf(o sitting) string {
	if o.change != nil && o.change.title != nil {
		return *o.change.title
	}
	return met.title
}

// without lists the first few of a that b has not.
func without(a, b map[string]string) []string {
	rest := maps.Clone(a)
	for key := range b {
		delete(rest, key)
	}
	keys := slices.Sorted(maps.Keys(rest))
	return keys[:min(5, len(keys))]
}

// span writes down when an occurrence is. A calendar keeps to the hours on the clock and a meeting to its length, so on days on which the
// clock is changed the end is anybody's guess and is left out.
func (met *meeting) span(start, end time.Time) string {
	from := start.UTC().Truncate(time.Minute).Format(time.RFC3339)
	_, before := start.Add(-24 * time.Hour).In(met.loc).Zone()
	_, after := start.Add(24 * time.Hour).In(met.loc).Zone()
	if before != after {
		return from
	}
	return from + " to " + end.UTC().Truncate(time.Minute).Format(time.RFC3339)
}

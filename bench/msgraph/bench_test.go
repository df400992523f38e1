//go:build unix

package msgraph

import (
	"context"
	"fmt"
	"testing"
	"time"

	"syncd/simulator/floor"
)

// way is one way to ask all mailboxes for what changed: the number of events that came.
type way struct {
	unit string
	ask  func(ctx context.Context) (events int, err error)
}

// compare asks in all ways in turns, and reports what each needs for a unit, beside the first of them, which is the floor. The
// time that passes is that of all of them together.
func compare(b *testing.B, units, events int, prepare func(), all []way) {
	b.Helper()
	used := make([]time.Duration, len(all))
	turn := func() {
		prepare()
		for i, w := range all {
			began := floor.CPU()
			n, err := w.ask(b.Context())
			if used[i] += floor.CPU() - began; err == nil && i > 0 && n != events {
				err = fmt.Errorf("%d events, want %d", n, events)
			}
			if err != nil {
				b.Fatalf("%s: %v", w.unit, err)
			}
		}
	}
	turn() // connections are made
	clear(used)
	for b.Loop() {
		turn()
	}
	for i, w := range all {
		b.ReportMetric(float64(used[i].Microseconds())/float64(b.N*units), w.unit+"-us")
		if i > 0 {
			b.ReportMetric(float64(used[i])/float64(used[0]), w.unit+"/floor")
		}
	}
}

// BenchmarkIdle is mailboxes in which nothing changed, one request each, one after the other. An op is all of them; figures are for one.
func BenchmarkIdle(b *testing.B) {
	const mailboxes = 50
	a := newAsker(b, mailboxes, 20)
	for range 3 { // the first round, its echo
		_, err := a.sweep(b.Context())
		must(b, err)
	}
	a.record(b)
	if len(a.asked) != mailboxes {
		b.Fatalf("%d idle mailboxes cost %d requests", mailboxes, len(a.asked))
	}
	compare(b, mailboxes, 0, func() {}, []way{{"floor", a.floor}, {"syncd-read", a.changes}, {"syncd-sweep", a.sweep}, {"msgraph", a.library}})
}

// BenchmarkFirstSync is a calendar of 1,000 events of some 6 KB, none of which asks for a meeting. Figures are for one event.
func BenchmarkFirstSync(b *testing.B) {
	const events = 1000
	a := newAsker(b, 1, events)
	forget := func() { a.redis.CLI("FLUSHALL") }
	a.record(b)
	compare(b, events, events, forget, []way{{"floor", a.floor}, {"syncd-read", a.whole}, {"syncd-sweep", a.sweep}, {"msgraph", a.library}})
}

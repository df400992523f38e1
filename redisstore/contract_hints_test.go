package redisstore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// hint puts a hint into the stream as a relay does.
func (r *rig) hint(values ...string) {
	r.Helper()
	if err := r.rdb.XAdd(r.Context(), &redis.XAddArgs{Stream: r.prefix + "hints", Values: values}).Err(); err != nil {
		r.Fatal(err)
	}
}

func hintsComeOnce(r *rig) {
	if err := r.store.AwaitHints(r.Context(), 10*time.Millisecond); err != nil {
		r.Fatal(err)
	}
	for range 50 {
		r.hint("mailbox", "alice@example.com", "from", "graph")
		r.hint("from", "graph", "mailbox", " Alice@Example.com\n")
	}
	r.hint("mailbox", "bob@example.com")
	r.hint("mailbox", strings.Repeat("x", 5000))
	r.hint("post", "carol@example.com")
	if err := r.store.AwaitHints(r.Context(), time.Minute); err != nil { // there are some, so it returns
		r.Fatal(err)
	}
	names, entries, err := r.store.TakeHints(r.Context())
	slices.Sort(names)
	if err != nil || entries != 103 || !slices.Equal(names, []string{"alice@example.com", "bob@example.com"}) {
		r.Errorf("%q of %d hints, %v", names, entries, err)
	}
	if names, entries, err = r.store.TakeHints(r.Context()); err != nil || entries != 0 || len(names) != 0 {
		r.Errorf("a second time: %q of %d hints, %v", names, entries, err)
	}
	r.hint("mailbox", "alice@example.com")
	if names, entries, err = r.store.TakeHints(r.Context()); err != nil || entries != 1 || len(names) != 1 {
		r.Errorf("a later one: %q of %d hints, %v", names, entries, err)
	}
	r.rdb.Set(r.Context(), r.prefix+"hints", "x", 0)
	if _, _, err := r.store.TakeHints(r.Context()); err == nil {
		r.Error("a wrong type is no error")
	}
}

func hintsAreMany(r *rig) {
	const many = hintsAtOnce + 5000
	pipe := r.rdb.Pipeline()
	for i := range many {
		pipe.XAdd(r.Context(), &redis.XAddArgs{Stream: r.prefix + "hints", Values: []string{"mailbox", fmt.Sprintf("m%d@example.com", i%3)}})
	}
	if _, err := pipe.Exec(r.Context()); err != nil {
		r.Fatal(err)
	}
	names, entries, err := r.store.TakeHints(r.Context())
	if err != nil || entries != many || len(names) != 3 || r.rdb.XLen(r.Context(), r.prefix+"hints").Val() != 0 {
		r.Errorf("%q of %d hints, %v", names, entries, err)
	}
}

func resyncsAreSpread(r *rig) {
	var all []delta.Mailbox
	var names []string
	for range 30 {
		all = append(all, r.mailbox())
		names = append(names, all[len(all)-1].Address)
	}
	if _, err := r.store.RequestResyncs(r.Context(), append(names, "nobody@example.com"), true, false); err != nil {
		r.Fatal(err)
	}
	if asked, _ := r.take(all...); len(asked) != 0 {
		r.Errorf("%d were taken at once", len(asked))
	}
	for left := int64(31); left > 0; left -= min(left, 20) {
		if now, spread, err := r.store.ResyncsWaiting(r.Context()); err != nil || now != 0 || spread != left {
			r.Errorf("%d and %d wait, %v; want %d", now, spread, err, left)
		}
		asked, unknown, err := r.store.TakeSpreadResyncs(r.Context(), NamesOf(all), 20)
		if err != nil || len(asked)+len(unknown) != int(min(left, 20)) {
			r.Errorf("took %d and %q, %v", len(asked), unknown, err)
		}
		for _, m := range asked {
			if request := r.claim(r.store, m).Resync(); request == nil || !request.Accept {
				r.Errorf("%s has %+v", m.Address, request)
			}
		}
	}
}

package redisstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func recordsComeBack(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	full := delta.Record{
		State: delta.Linked, Keyword: "webex:onetime", Asked: delta.OneTime, Kind: delta.MyRoom, Meeting: "870f51ff287b41be8648412901e0402f",
		Tag: "sd1-abc", Old: "old", Fingerprint: "f", Times: "t", Block: delta.Digest("b"), Restored: 1, Remade: 2, Modified: at, End: at.Add(time.Hour),
		Series: "series", Reason: delta.AllDay, Tries: 3,
	}
	records := map[string]delta.Record{"full": full, "short": {State: delta.Intent}}
	r.write(c, delta.Batch{Records: records})
	if got := must[map[string]delta.Record](r)(c.Records(ctx, []string{"full", "none", "short"})); !maps.Equal(got, records) {
		r.Errorf("records\n%+v, want\n%+v", got, records)
	}
	if got := must[map[string]delta.Record](r)(r.again(c, m).AllRecords(ctx)); !maps.Equal(got, records) {
		r.Errorf("all records\n%+v, want\n%+v", got, records)
	}
	if got, err := c.Records(ctx, nil); err != nil || len(got) != 0 {
		r.Errorf("records of no events: %v, %v", got, err)
	}
}

func damagedRecords(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{Records: map[string]delta.Record{"good": {State: delta.Linked}}})
	for i, raw := range []string{"", "{", `{"v":1}`, `{"v":0,"state":"linked"}`, "[]", "null", "\x00\xff", `{"v":1,"state":"linked"`} {
		r.rdb.HSet(ctx, r.key(m, "events"), fmt.Sprintf("bad%d", i), raw)
	}
	got := must[map[string]delta.Record](r)(c.AllRecords(ctx))
	if len(got) != 1 || got["good"].State != delta.Linked {
		r.Errorf("among damaged records: %v", got)
	}
	if got := must[map[string]delta.Record](r)(c.Records(ctx, []string{"bad0", "bad1", "good"})); len(got) != 1 {
		r.Errorf("among damaged records: %v", got)
	}
	newer := `{"v":99,"state":"elsewhere","of":{"another":"kind"}}`
	r.rdb.HSet(ctx, r.key(m, "events"), "newer", newer)
	for _, records := range []map[string]delta.Record{must[map[string]delta.Record](r)(c.AllRecords(ctx)), must[map[string]delta.Record](r)(c.Records(ctx, []string{"newer"}))} {
		if records["newer"].State != delta.Newer {
			r.Errorf("a record of a later version: %+v", records["newer"])
		}
		r.write(c, delta.Batch{Retries: map[string]delta.Retry{"newer": {Record: records["newer"], At: time.Now()}}})
	}
	if got := r.rdb.HGet(ctx, r.key(m, "events"), "newer").Val(); got != newer {
		r.Errorf("a record of a later version became %s", got)
	}
}

func retriesWait(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Now().Add(time.Hour).Truncate(time.Second)
	wait := func(tries int, at time.Time) delta.Batch {
		return delta.Batch{Retries: map[string]delta.Retry{"e": {Record: delta.Record{State: delta.Intent, Tries: tries}, At: at}}}
	}
	r.write(c, wait(1, at))
	r.write(c, wait(2, at.Add(time.Hour)))
	c = r.again(c, m)
	if w := c.Waiting(); len(w) != 1 || !w[0].At.Equal(at.Add(time.Hour)) {
		r.Errorf("waiting: %v", w)
	}
	if got := must[map[string]delta.Record](r)(c.Records(r.Context(), []string{"e"})); got["e"].Tries != 2 {
		r.Errorf("record of what waits: %+v", got)
	}
	r.write(c, delta.Batch{Records: map[string]delta.Record{"e": {State: delta.Linked}}})
	if w := r.again(c, m).Waiting(); len(w) != 0 {
		r.Errorf("settled, and waiting: %v", w)
	}
}

// A Retry-After counts from the answer, so its end is hardly ever a whole second.
func retriesAreNotEarly(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Date(2026, 11, 21, 10, 0, 0, 700_000_000, time.UTC)
	r.write(c, delta.Batch{
		Retries: map[string]delta.Retry{"e": {Record: delta.Record{State: delta.Intent}, At: at}},
		Cursor:  &delta.Cursor{NextAt: at, State: delta.OK},
	})
	c = r.again(c, m)
	if w := c.Waiting(); len(w) != 1 || w[0].At.Before(at) || w[0].At.After(at.Add(time.Second)) {
		r.Errorf("waiting: %v, want not before %v", w, at)
	}
	if next := c.Cursor().NextAt; next.Before(at) || next.After(at.Add(time.Second)) {
		r.Errorf("next at %v, want not before %v", next, at)
	}
}

func forgetLeavesNothing(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, everything())
	r.write(c, delta.Batch{Hold: []string{"done", "waits"}})
	r.write(c, delta.Batch{Forget: []string{"done", "waits", "held", "never known"}})
	for _, name := range []string{"events", "retry", "held"} {
		if n := r.rdb.Exists(ctx, r.key(m, name)).Val(); n != 0 {
			r.Errorf("%s is still there", name)
		}
	}
}

func heldKeepsFirstTime(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{Hold: []string{"a", "b"}})
	first := r.rdb.ZScore(ctx, r.key(m, "held"), "a").Val()
	if age := time.Since(time.UnixMilli(int64(first * 1000))); age < -time.Minute || age > time.Minute {
		r.Errorf("held since %v ago", age)
	}
	r.rdb.ZAdd(ctx, r.key(m, "held"), zed(first-100, "a"))
	r.write(c, delta.Batch{Hold: []string{"a", "c"}})
	if got := r.rdb.ZScore(ctx, r.key(m, "held"), "a").Val(); got != first-100 {
		r.Errorf("held again, its time went from %f to %f", first-100, got)
	}
	r.write(c, delta.Batch{Release: []string{"a", "unknown"}})
	if held := slices.Sorted(slices.Values(r.again(c, m).HeldRemovals())); !slices.Equal(held, []string{"b", "c"}) {
		r.Errorf("held: %v", held)
	}
}

func threeLinks(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range 7 {
		cursor := delta.Cursor{Link: fmt.Sprintf("https://graph/delta%d", i), SweptAt: at.Add(time.Duration(i) * time.Minute)}
		r.write(c, delta.Batch{Cursor: &cursor, NewLink: true})
		r.write(c, delta.Batch{Cursor: &cursor, NewLink: true}) // its answer got lost, say
		r.write(c, delta.Batch{Cursor: &cursor})                // an idle round has the link it had
	}
	r.write(c, delta.Batch{Cursor: &delta.Cursor{SweptAt: at}, NewLink: true}) // no link is none to roll back to
	got := r.rdb.LRange(ctx, r.key(m, "cursors"), 0, -1).Val()
	if len(got) != 3 || got[0] != "2026-11-21T10:06:00Z https://graph/delta6" || got[2] != "2026-11-21T10:04:00Z https://graph/delta4" {
		r.Errorf("links: %q", got)
	}
}

func cursorReads(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Date(2026, 11, 21, 10, 0, 0, 999, time.FixedZone("", 3600))
	r.write(c, delta.Batch{Cursor: &delta.Cursor{
		Address: m.Address, Link: link(1), WindowStart: at.AddDate(0, 0, -7), WindowEnd: at.AddDate(0, 6, 0), Generation: 3, SweptAt: at,
		State: delta.OK,
	}})
	fields := r.rdb.HGetAll(r.Context(), r.key(m, "cursor")).Val()
	for name, want := range map[string]string{
		"address": m.Address, "link": link(1), "window_start": "2026-11-14T09:00:00Z", "window_end": "2027-05-21T09:00:00Z", "generation": "3",
		"swept_at": "2026-11-21T09:00:00Z", "changed_at": "", "state": "ok", "reason": "", "next_at": "",
	} {
		if got, there := fields[name]; got != want || !there {
			r.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name := range fields {
		if fields[name] == "" && !slices.Contains([]string{"changed_at", "reason", "next_at"}, name) {
			r.Errorf("%s is there, and says nothing", name)
		}
	}
	if r.cli != nil {
		out := redistest.CLI(r, append(slices.Clone(r.cli), "HGETALL", r.key(m, "cursor"))...)
		if !strings.Contains(out, "address\n"+m.Address+"\n") || !strings.Contains(out, "swept_at\n2026-11-21T09:00:00Z\n") {
			r.Errorf("redis-cli shows\n%s", out)
		}
	}
}

func hugeBatch(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	const many = 5000
	b := delta.Batch{Records: map[string]delta.Record{}, Retries: map[string]delta.Retry{}, Cursor: &delta.Cursor{Link: "done"}}
	for i := range many {
		record := delta.Record{State: delta.Linked, Fingerprint: strings.Repeat("f", 43), Tries: i}
		if i%100 == 0 {
			b.Retries[eventID(i)] = delta.Retry{Record: record, At: time.Now()}
		} else {
			b.Records[eventID(i)] = record
		}
		b.Hold = append(b.Hold, eventID(i))
	}
	r.write(c, b)
	records := must[map[string]delta.Record](r)(c.AllRecords(ctx))
	ids := slices.Collect(maps.Keys(records))
	if len(records) != many {
		r.Fatalf("%d records", len(records))
	}
	if some := must[map[string]delta.Record](r)(c.Records(ctx, ids)); !maps.Equal(some, records) {
		r.Error("asked for one by one, the records are others")
	}
	for i := range many {
		if records[eventID(i)].Tries != i {
			r.Fatalf("record %d: %+v", i, records[eventID(i)])
		}
	}
	if c = r.again(c, m); len(c.HeldRemovals()) != many || len(c.Waiting()) != many/100 || c.Cursor().Link != "done" {
		r.Errorf("%d held, %d waiting, cursor %q", len(c.HeldRemovals()), len(c.Waiting()), c.Cursor().Link)
	}
	r.write(c, delta.Batch{Forget: ids})
	if left := r.rdb.Exists(ctx, r.key(m, "events"), r.key(m, "retry"), r.key(m, "held")).Val(); left != 0 {
		r.Errorf("%d keys left after forgetting all", left)
	}
}

// eventID is an id as long as Graph's.
func eventID(i int) string { return fmt.Sprintf("AAMkAGI%s%08d=", strings.Repeat("1TG93", 28), i) }

func oddTexts(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	records := map[string]delta.Record{}
	for _, text := range []string{"", " ", "a b", "é", "日本", "\x00", "\r\n", `"`, `\`, "<&>", "\u2028", "😀", "nil", "{}", "-0", "1e3", "NaN", strings.Repeat("x", 1<<16)} {
		records["id"+text] = delta.Record{State: delta.Linked, Keyword: text, Meeting: text}
	}
	cursor := delta.Cursor{Link: "a\r\nb", Host: "\x00😀", Language: `"`, State: delta.OK}
	r.write(c, delta.Batch{Records: records, Cursor: &cursor, Hold: slices.Collect(maps.Keys(records))})
	c = r.again(c, m)
	if got := must[map[string]delta.Record](r)(c.AllRecords(ctx)); !maps.Equal(got, records) {
		r.Errorf("records\n%+v, want\n%+v", got, records)
	}
	if c.Cursor() != cursor || len(c.HeldRemovals()) != len(records) {
		r.Errorf("cursor %+v, held %q", c.Cursor(), c.HeldRemovals())
	}
}

func wrongType(r *rig) {
	ctx := r.Context()
	for _, name := range []string{"cursor", "retry", "held", "events", "cursors"} {
		m := r.mailbox()
		c := r.claim(r.store, m)
		r.write(c, delta.Batch{Cursor: &delta.Cursor{Link: "before"}, GiveUp: true})
		r.rdb.Del(ctx, r.key(m, name))
		r.rdb.Set(ctx, r.key(m, name), "an operator's slip", 0)
		c, err := r.store.Claim(ctx, m)
		if err == nil {
			b := everything()
			b.Cursor.Link = "after"
			err = c.Write(ctx, b)
		}
		if err == nil || !strings.Contains(err.Error(), "WRONGTYPE") {
			r.Errorf("%s of the wrong type: %v", name, err)
		}
		if got := r.rdb.HGet(ctx, r.key(m, "cursor"), "link").Val(); got == "after" {
			r.Errorf("with %s of the wrong type the cursor moved", name)
		}
	}
}

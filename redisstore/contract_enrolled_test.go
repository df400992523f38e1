package redisstore

import (
	"slices"
	"time"

	"syncd/delta"
)

func enrolledIsListed(r *rig) {
	ctx := r.Context()
	a, b := r.mailbox(), r.mailbox()
	for _, m := range []delta.Mailbox{b, a, a} {
		if err := r.store.Enroll(ctx, m); err != nil {
			r.Fatal(err)
		}
	}
	if got := must[[]delta.Mailbox](r)(r.open().Mailboxes(ctx)); !slices.Equal(got, []delta.Mailbox{a, b}) {
		r.Errorf("enrolled: %v, want %v and %v", got, a, b)
	}
	if got := r.rdb.HGet(ctx, r.prefix+"mailboxes", a.Address).Val(); got != a.ID {
		r.Errorf("redis-cli shows %q, want the directory id", got)
	}
	if err := r.store.Unenroll(ctx, a); err != nil {
		r.Fatal(err)
	}
	if got := must[[]delta.Mailbox](r)(r.store.Mailboxes(ctx)); !slices.Equal(got, []delta.Mailbox{b}) {
		r.Errorf("enrolled: %v, want %v", got, b)
	}
}

func twoAddresses(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	renamed := delta.Mailbox{ID: m.ID, Address: "z" + m.Address}
	for _, m := range []delta.Mailbox{renamed, m} {
		if err := r.store.Enroll(ctx, m); err != nil {
			r.Fatal(err)
		}
	}
	if got := must[[]delta.Mailbox](r)(r.store.Mailboxes(ctx)); !slices.Equal(got, []delta.Mailbox{m}) {
		r.Errorf("enrolled: %v, want %v once", got, m)
	}
	if err := r.store.Unenroll(ctx, m); err != nil {
		r.Fatal(err)
	}
	if got := must[[]delta.Mailbox](r)(r.store.Mailboxes(ctx)); len(got) != 0 {
		r.Errorf("enrolled after unenrolling: %v", got)
	}
}

func parkedUntilFound(r *rig) {
	ctx, now := r.Context(), time.Now()
	m := r.mailbox()
	unknown := delta.Mailbox{Address: m.Address}
	if err := r.store.Enroll(ctx, unknown); err != nil {
		r.Fatal(err)
	}
	if err := r.store.Park(ctx, m.Address, delta.Parked, delta.NoMailbox, now, now.Add(time.Hour)); err != nil {
		r.Fatal(err)
	}
	views := must[[]View](r)(r.store.Views(ctx, []delta.Mailbox{unknown}, true))
	if c := views[0].Cursor; c.State != delta.Parked || c.NextAt.Before(now.Add(time.Hour)) || c.NextAt.After(now.Add(time.Hour+2*time.Second)) || c.Reason != delta.NoMailbox || c.SweptAt.Unix() != now.Unix() {
		r.Errorf("view of what was not found: %+v", c)
	}
	if err := r.store.Enroll(ctx, m); err != nil {
		r.Fatal(err)
	}
	if n := r.rdb.Exists(ctx, r.prefix+"{"+m.Address+"}:cursor").Val(); n != 0 {
		r.Error("the address is still parked after the mailbox was found")
	}
	if got := must[[]delta.Mailbox](r)(r.store.Mailboxes(ctx)); !slices.Equal(got, []delta.Mailbox{m}) {
		r.Errorf("enrolled: %v, want %v", got, m)
	}
}

func unenrollForgets(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	if err := r.store.Enroll(ctx, m); err != nil {
		r.Fatal(err)
	}
	c := r.claim(r.store, m)
	r.write(c, everything())
	first := r.rdb.Get(ctx, r.key(m, "fence")).Val()
	r.write(c, delta.Batch{GiveUp: true})
	if err := r.store.Unenroll(ctx, m); err != nil {
		r.Fatal(err)
	}
	for _, name := range []string{"lease", "cursor", "cursors", "events", "retry", "held", "resync"} {
		if n := r.rdb.Exists(ctx, r.key(m, name)).Val(); n != 0 {
			r.Errorf("%s is still there", name)
		}
	}
	if got := r.rdb.Get(ctx, r.key(m, "fence")).Val(); got != first {
		r.Errorf("fence went from %q to %q", first, got)
	}
}

// everything is a batch that writes to every key.
func everything() delta.Batch {
	now := time.Now()
	return delta.Batch{
		Records: map[string]delta.Record{"done": {State: delta.Linked, Meeting: "m"}},
		Retries: map[string]delta.Retry{"waits": {Record: delta.Record{State: delta.Intent, Tries: 1}, At: now}},
		Hold:    []string{"held"}, NewLink: true,
		Cursor: &delta.Cursor{Link: "https://graph.microsoft.com/v1.0/delta", State: delta.OK, SweptAt: now},
	}
}

func webexToken(r *rig) {
	ctx := r.Context()
	if got := must[string](r)(r.store.WebexToken(ctx)); got != "" {
		r.Errorf("a new store has the token %q", got)
	}
	const sealed = `{"at":"2026-11-21T10:00:00Z","sealed":"v1.AAECAwQ="}`
	if err := r.store.SetWebexToken(ctx, sealed); err != nil {
		r.Fatal(err)
	}
	for _, swap := range []struct {
		was, now string
		want     bool
	}{{"", "other", false}, {"other", "another", false}, {sealed, "swapped", true}, {sealed, sealed, false}, {"swapped", sealed, true}} {
		if ok := must[bool](r)(r.open().SwapWebexToken(ctx, swap.was, swap.now)); ok != swap.want {
			r.Errorf("%q for %q: %v", swap.now, swap.was, ok)
		}
	}
	if got := must[string](r)(r.open().WebexToken(ctx)); got != sealed {
		r.Errorf("token %q, want %q", got, sealed)
	}
}

func viewsShowAll(r *rig) {
	ctx := r.Context()
	good, bad, wrong, fresh := r.mailbox(), r.mailbox(), r.mailbox(), r.mailbox()
	c := r.claim(r.store, good)
	r.write(c, everything())
	r.rdb.HSet(ctx, r.key(bad, "cursor"), "link", "https://graph.microsoft.com/v1.0/delta", "swept_at", "yesterday", "state", "ok")
	r.rdb.Set(ctx, r.key(wrong, "cursor"), "no hash", 0)
	views := must[[]View](r)(r.store.Views(ctx, []delta.Mailbox{bad, good, wrong, fresh}, true))
	if len(views) != 4 {
		r.Fatalf("%d views of 4 mailboxes", len(views))
	}
	if v := views[0]; v.Mailbox != bad || v.Err == nil {
		r.Errorf("a damaged cursor does not show: %+v", v)
	}
	v := views[1]
	if v.Err != nil || v.Cursor.State != delta.OK || v.Retrying != 1 || !slices.Equal(v.Held, []string{"held"}) {
		r.Errorf("view of a served mailbox: %+v", v)
	}
	if len(v.Waiting) != 1 || v.Waiting[0].ID != "waits" {
		r.Errorf("waiting: %v", v.Waiting)
	}
	if v := views[2]; v.Err == nil {
		r.Errorf("a key of the wrong type does not show: %+v", v)
	}
	if v := views[3]; v.Err != nil || v.Cursor.State != delta.New {
		r.Errorf("view of a new mailbox: %+v", v)
	}
}

func viewsOfMany(r *rig) {
	ctx := r.Context()
	const many = 1200
	mailboxes := make([]delta.Mailbox, many)
	pipe := r.rdb.Pipeline()
	for i := range mailboxes {
		mailboxes[i] = r.mailbox()
		pipe.HSet(ctx, r.key(mailboxes[i], "cursor"), encodeCursor(delta.Cursor{
			Address: mailboxes[i].Address, Link: link(i), Generation: i, State: delta.OK, SweptAt: time.Now(),
		}))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		r.Fatal(err)
	}
	views := must[[]View](r)(r.store.Views(ctx, mailboxes, false))
	for i, v := range views {
		if v.Mailbox != mailboxes[i] || v.Cursor.Generation != i || v.Cursor.Link != link(i) {
			r.Fatalf("view %d: %+v", i, v)
		}
	}
	if len(views) != many {
		r.Errorf("%d views", len(views))
	}
}

// link is a delta link as long as Graph's.
func link(i int) string {
	const token = "R0usmcCM996atia_s5J8-HAUkPzxoXq_G3Ww-ZpsM4Ms2hMXTYnLhgLdG7FJZWB5pAQAA"
	return "https://graph.microsoft.com/v1.0/users/0e5c4c2c/calendarView/delta?$deltatoken=" + token + token + string(rune('a'+i%26))
}

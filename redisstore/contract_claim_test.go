package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func claimIsExclusive(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	other := r.open()
	_, err := other.Claim(ctx, m)
	if !errors.Is(err, delta.ErrLeased) || !strings.Contains(err.Error(), r.store.process) {
		r.Errorf("a second claim: %v, want ErrLeased and who has it", err)
	}
	if err := c.Holds(); err != nil {
		r.Errorf("the first claim: %v", err)
	}
	r.write(c, delta.Batch{GiveUp: true})
	r.claim(other, m)

	// Many at once: one gets it.
	m = r.mailbox()
	var got, refused int
	var mu sync.Mutex // guards got and refused
	var all sync.WaitGroup
	for _, s := range []*Store{r.store, other} {
		for range 8 {
			all.Go(func() {
				_, err := s.Claim(ctx, m)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					got++
				case errors.Is(err, delta.ErrLeased):
					refused++
				default:
					r.Error(err)
				}
			})
		}
	}
	all.Wait()
	if got != 1 || refused != 15 {
		r.Errorf("of sixteen claims at once %d succeeded and %d were refused", got, refused)
	}
}

func claimSentTwice(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	keys, owner := r.store.schema.all(m.ID), r.store.newOwner()
	ask := func(owner string) any {
		return must[any](r)(claimScript.Run(ctx, r.store.rdb, keys, owner, 60000, 10).Result())
	}
	first, second := ask(owner), ask(owner)
	if text, got := first.(string); !got || first != second || !strings.Contains(text, owner+" 1") {
		r.Errorf("sent twice, a claim got %q and then %q", first, second)
	}
	if _, got := ask(owner + "x").(string); got {
		r.Error("an owner whose name only begins alike got the lease")
	}
	if _, got := ask(owner[:len(owner)-1]).(string); got {
		r.Error("an owner whose name is the beginning got the lease")
	}
}

func claimReads(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	if c.Cursor() != (delta.Cursor{State: delta.New}) || len(c.Waiting()) != 0 || len(c.HeldRemovals()) != 0 || c.Resync() != nil {
		r.Errorf("a new mailbox: %+v", c)
	}
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	cursor := delta.Cursor{
		Address: m.Address, Link: link(1), WindowStart: at.AddDate(0, 0, -7), WindowEnd: at.AddDate(0, 6, 0), Generation: 3, SweptAt: at,
		ChangedAt: at.Add(-time.Hour), State: delta.Held, Reason: delta.HeldBack, NextAt: at.Add(time.Minute),
		OrphansAt: at.Add(time.Hour), Host: "alice.smith@example.com", Language: "nl-NL",
	}
	retries := map[string]delta.Retry{}
	for i, id := range []string{"b", "a", "c"} {
		retries[id] = delta.Retry{Record: delta.Record{State: delta.Intent, Tries: 1}, At: at.Add(time.Duration(i) * time.Minute)}
	}
	r.write(c, delta.Batch{Cursor: &cursor, Retries: retries, Hold: []string{"h2", "h1"}})
	id := must[string](r)(r.store.RequestResync(r.Context(), m.Address, true))
	must[any](r)(first(r.store.TakeResyncs(r.Context(), NamesOf([]delta.Mailbox{m}))))
	c = r.again(c, m)
	if c.Cursor() != cursor {
		r.Errorf("cursor\n%+v, want\n%+v", c.Cursor(), cursor)
	}
	var ids []string
	for i, w := range c.Waiting() {
		ids = append(ids, w.ID)
		if !w.At.Equal(at.Add(time.Duration(i) * time.Minute)) {
			r.Errorf("%s waits until %v", w.ID, w.At)
		}
	}
	if !slices.Equal(ids, []string{"b", "a", "c"}) {
		r.Errorf("waiting: %v", ids)
	}
	if held := slices.Sorted(slices.Values(c.HeldRemovals())); !slices.Equal(held, []string{"h1", "h2"}) {
		r.Errorf("held: %v", held)
	}
	if request := c.Resync(); request == nil || request.ID != id || !request.Accept {
		r.Errorf("resync: %+v", request)
	}
}

// first drops all results but the first and the error.
func first[A, B any](a A, _ B, err error) (any, error) { return a, err }

func claimReadsSoonest(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	retries := map[string]delta.Retry{}
	for i := range mostWaiting + 200 {
		retries[fmt.Sprintf("e%04d", i)] = delta.Retry{Record: delta.Record{State: delta.Intent}, At: at.Add(time.Duration(i) * time.Second)}
	}
	r.write(c, delta.Batch{Retries: retries})
	waiting := r.again(c, m).Waiting()
	if len(waiting) != mostWaiting {
		r.Fatalf("%d events wait", len(waiting))
	}
	for i, w := range waiting {
		if w.ID != fmt.Sprintf("e%04d", i) {
			r.Fatalf("event %d in line is %s", i, w.ID)
		}
	}
}

func fencingTokensGrow(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	last := 0
	for range 3 {
		c := r.claim(r.store, m)
		lease := r.rdb.Get(ctx, r.key(m, "lease")).Val()
		owner, token, _ := strings.Cut(lease, " ")
		n, err := strconv.Atoi(token)
		if err != nil || n <= last || !strings.HasPrefix(owner, r.store.process) {
			r.Errorf("lease %q after token %d", lease, last)
		}
		last = n
		if ttl := r.rdb.PTTL(ctx, r.key(m, "lease")).Val(); ttl < r.ttl/2 || ttl > r.ttl+5*time.Second {
			r.Errorf("the lease expires in %v", ttl)
		}
		r.write(c, delta.Batch{GiveUp: true})
		if n := r.rdb.Exists(ctx, r.key(m, "lease")).Val(); n != 0 {
			r.Error("the lease was not given back")
		}
	}
}

func peekWritesNothing(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, everything())
	before := r.dump(m)
	p := must[*Claim](r)(r.open().Peek(ctx, m))
	if p.Cursor().State != delta.OK || len(p.Waiting()) != 1 || len(p.HeldRemovals()) != 1 || p.Resync() != nil {
		r.Errorf("peeked %+v", p)
	}
	if records := must[map[string]delta.Record](r)(p.AllRecords(ctx)); len(records) != 2 {
		r.Errorf("records: %v", records)
	}
	if err := p.Write(ctx, everything()); err == nil {
		r.Error("a claim that only reads has written")
	}
	if after := r.dump(m); after != before {
		r.Errorf("peeking changed\n%s\nto\n%s", before, after)
	}
	if err := c.Write(ctx, delta.Batch{}); err != nil {
		r.Errorf("the lease of the one who has it: %v", err)
	}
}

func expiredWritesNothing(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	r.ttl = 200 * time.Millisecond
	s := r.open()
	c := r.claim(s, m)
	redistest.Eventually(r, "the lease runs out", func() error {
		if r.rdb.Exists(ctx, r.key(m, "lease")).Val() == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	if err := c.Holds(); !errors.Is(err, delta.ErrLeaseLost) {
		r.Errorf("after the lease ran out it holds: %v", err)
	}
	r.lost(c, m)
}

func overtakenWritesNothing(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	stale := r.claim(r.store, m)
	r.write(stale, everything())
	r.rdb.Del(ctx, r.key(m, "lease")) // as if it had expired, while the claim thinks it has it
	fresh := r.claim(r.open(), m)
	r.write(fresh, delta.Batch{Records: map[string]delta.Record{"kept": {State: delta.Linked}}})
	r.lost(stale, m)
	r.lost(stale, m)
	r.write(fresh, delta.Batch{GiveUp: true})
	r.lost(stale, m)
}

func givenUpWritesNothing(r *rig) {
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{GiveUp: true, Records: map[string]delta.Record{"kept": {State: delta.Linked}}})
	if err := c.Holds(); !errors.Is(err, delta.ErrLeaseLost) {
		r.Errorf("after giving up the lease holds: %v", err)
	}
	r.lost(c, m)
}

func writingProlongs(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	c := r.claim(r.store, m)
	r.rdb.PExpire(ctx, r.key(m, "lease"), 20*time.Second)
	until := *c.until.Load()
	r.write(c, delta.Batch{})
	if ttl := r.rdb.PTTL(ctx, r.key(m, "lease")).Val(); ttl < r.ttl/2 {
		r.Errorf("after writing the lease expires in %v", ttl)
	}
	if later := *c.until.Load(); !later.After(until) {
		r.Errorf("after writing the lease holds until %v, before until %v", later, until)
	}
}

func damagedCursor(r *rig) {
	ctx := r.Context()
	for field, value := range map[string]string{
		"window_start": "2026-13-01", "window_end": "soon", "swept_at": "1", "changed_at": "\x00", "next_at": "tomorrow",
		"orphans_at": "2026-11-21 10:00:00", "generation": "many",
	} {
		m := r.mailbox()
		c := r.claim(r.store, m)
		r.write(c, delta.Batch{Cursor: &delta.Cursor{Address: m.Address, Link: link(1), Host: "alice@example.com", State: delta.OK}})
		r.rdb.HSet(ctx, r.key(m, "cursor"), field, value)
		c = r.again(c, m)
		if got := c.Cursor(); got.Link != "" || got.Address != m.Address || got.Host != "alice@example.com" || got.State != delta.OK {
			r.Errorf("cursor with %s = %q: %+v, want no link and the rest", field, value, got)
		}
	}
}

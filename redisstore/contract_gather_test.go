package redisstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"syncd/delta"
)

// endedTogether ends sweeps while another end is under way, so that they gather. One has lost its lease, and the one whose turn
// it is to send them all was stopped.
func endedTogether(r *rig) {
	const many, lost = 40, 7
	ctx := r.Context()
	var mailboxes []delta.Mailbox
	var claims []*Claim
	for range many {
		m := r.mailbox()
		mailboxes, claims = append(mailboxes, m), append(claims, r.claim(r.store, m))
	}
	if err := r.rdb.Set(ctx, r.key(mailboxes[lost], "lease"), "somebody else 99", 0).Err(); err != nil {
		r.Fatal(err)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()

	g := &r.store.gathered
	waiting := func() int {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.waiting)
	}
	g.busy = true
	errs := make([]error, many)
	var ending sync.WaitGroup
	for i, c := range claims {
		ctx := ctx
		if i == 0 {
			ctx = stopped
		}
		ending.Go(func() {
			errs[i] = c.Write(ctx, delta.Batch{Cursor: &delta.Cursor{Link: link(i), State: delta.OK}, NewLink: true, GiveUp: true})
		})
		for waiting() != i+1 {
			runtime.Gosched()
		}
	}
	close(g.waiting[0].wake)
	ending.Wait()

	for i, err := range errs {
		left := r.rdb.Exists(ctx, r.key(mailboxes[i], "lease")).Val() == 0
		got := r.rdb.HGet(ctx, r.key(mailboxes[i], "cursor"), "link").Val()
		switch {
		case i == 0:
			if !errors.Is(err, context.Canceled) {
				r.Errorf("the one that was stopped: %v", err)
			}
		case i == lost:
			if !errors.Is(err, delta.ErrLeaseLost) || left || got != "" {
				r.Errorf("the one without lease: %v, lease gone %t, link %q", err, left, got)
			}
		case err != nil || !left || got != link(i):
			r.Errorf("%d: %v, lease gone %t, link %q", i, err, left, got)
		}
	}
	if g.busy || len(g.waiting) > 0 {
		r.Error("somebody is waited for")
	}
	m := r.mailbox()
	if err := r.claim(r.store, m).Write(ctx, delta.Batch{GiveUp: true}); err != nil {
		r.Errorf("the next one alone: %v", err)
	}
}

// onlyWhatMoved writes of a cursor what differs from what was read, and all of it where a write may have been carried out or not.
func onlyWhatMoved(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	cursor := delta.Cursor{Address: m.Address, Link: link(1), State: delta.OK, Generation: 4, Starts: "1,2"}
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{Cursor: &cursor})
	mark := func() {
		if err := r.rdb.HSet(ctx, r.key(m, "cursor"), "address", "by hand", "generation", "7").Err(); err != nil {
			r.Fatal(err)
		}
	}
	stored := func() string {
		f := r.rdb.HGetAll(ctx, r.key(m, "cursor")).Val()
		return fmt.Sprint(f["address"], " ", f["generation"], " ", f["link"], " ", f["starts"])
	}
	mark()
	cursor.Link = link(2)
	r.write(c, delta.Batch{Cursor: &cursor})
	if got, want := stored(), fmt.Sprint("by hand 7 ", link(2), " 1,2"); got != want {
		r.Errorf("%s, want %s", got, want)
	}
	c = r.again(c, m)
	cursor.Generation, cursor.Starts = 8, ""
	r.write(c, delta.Batch{Cursor: &cursor}) // it was read as it was set by hand, and differs
	if got, want := stored(), fmt.Sprint(m.Address, " 8 ", link(2), " "); got != want {
		r.Errorf("%s, want %s", got, want)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if err := c.Write(stopped, delta.Batch{Cursor: &cursor}); err == nil {
		r.Error("a write that was stopped is none")
	}
	mark()
	r.write(c, delta.Batch{Cursor: &cursor})
	if got, want := stored(), fmt.Sprint(m.Address, " 8 ", link(2), " "); got != want {
		r.Errorf("after a write that may have been carried out: %s, want %s", got, want)
	}
}

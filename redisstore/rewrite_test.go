package redisstore

import (
	"testing"

	"syncd/delta"
)

func TestAnOldRequestFormIsRead(t *testing.T) {
	for text, want := range map[string]delta.Resync{
		"1-1":                                 {ID: "1-1"},
		"1-1 accept-removals":                 {ID: "1-1", Accept: true},
		"2-1 accept-removals 1-1":             {ID: "2-1", Accept: true},
		"2-1 rewrite 1-1":                     {ID: "2-1", Rewrite: true},
		"3-1 accept-removals 1-1 rewrite 2-1": {ID: "3-1", Accept: true, Rewrite: true},
	} {
		if got := delta.ParseResync(text); got == nil || *got != want {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
	if got := acceptTime("3-1 accept-removals 1-1 rewrite 2-1"); got != 1 {
		t.Errorf("accepted at %v", got)
	}
	if got := acceptTime("3-1 rewrite 2-1"); got >= 0 {
		t.Errorf("accepted at %v", got)
	}
}

func rewritesWhatWasAsked(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	rewrite := must[string](r)(r.store.RequestRewrite(ctx, m.Address))
	r.take(m)
	r.tick()
	accept := must[string](r)(r.store.RequestResync(ctx, m.Address, true))
	r.take(m)
	c := r.claim(r.store, m)
	if got := c.Resync(); got == nil || got.ID != accept || !got.Accept || !got.Rewrite {
		r.Errorf("two requests came to %+v", got)
	}
	// A sweep that began before the second request serves the first, and with it the rewriting.
	r.write(c, delta.Batch{Served: &delta.Resync{ID: rewrite, Rewrite: true}})
	c = r.again(c, m)
	if got := c.Resync(); got == nil || got.ID != accept || !got.Accept || got.Rewrite {
		r.Errorf("after the first was served: %+v", got)
	}
	r.write(c, delta.Batch{Served: c.Resync()})
	if c = r.again(c, m); c.Resync() != nil {
		r.Errorf("after both were served: %+v", c.Resync())
	}
}

func withdrawnIsRemembered(r *rig) {
	ctx := r.Context()
	m := r.mailbox()
	must[any](r)(nil, r.store.Enroll(ctx, m))
	c := r.claim(r.store, m)
	r.write(c, delta.Batch{
		Records: map[string]delta.Record{"e": {State: delta.Linked}}, Cursor: &delta.Cursor{State: delta.Parked, Reason: delta.Withdrawing}, GiveUp: true,
	})
	must[any](r)(nil, r.store.Unenroll(ctx, m))
	if left := r.rdb.TTL(ctx, r.prefix+"{"+m.ID+"}:cursor").Val(); left <= 0 || left > leftFor {
		r.Errorf("the cursor is kept for %s", left)
	}
	if n := r.rdb.Exists(ctx, r.prefix+"{"+m.ID+"}:events").Val(); n != 0 {
		r.Error("records are left")
	}
	if c := r.claim(r.store, m); c.Cursor().Reason != delta.Withdrawing {
		r.Errorf("the cursor says %+v", c.Cursor())
	} else {
		r.write(c, delta.Batch{GiveUp: true})
	}
	must[any](r)(nil, r.store.Enroll(ctx, m))
	if c := r.claim(r.store, m); c.Cursor().State != delta.New {
		r.Errorf("enrolled again: %+v", c.Cursor())
	}
}

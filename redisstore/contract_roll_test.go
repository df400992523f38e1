package redisstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"syncd/delta"
)

// look is a look that is to succeed.
func look(tb testing.TB, roll *Roll) ([]delta.Mailbox, bool) {
	tb.Helper()
	found, fresh, err := roll.Look(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return found, fresh
}

func rollIsReadWhenItChanged(r *rig) {
	ctx := r.Context()
	boxes := []delta.Mailbox{r.mailbox(), r.mailbox(), r.mailbox()}
	slices.SortFunc(boxes, byAddress)
	a, b, c := boxes[0], boxes[1], boxes[2]
	other, roll := r.open(), r.store.Roll()
	hash := r.prefix + "mailboxes"
	if found, fresh := look(r, roll); len(found) != 0 || fresh {
		r.Errorf("a new store has %v", found)
	}
	for _, step := range []struct {
		name string
		do   func() error
		want []delta.Mailbox
	}{
		{"another enrolls", func() error { return errors.Join(other.Enroll(ctx, a), other.Enroll(ctx, b)) }, []delta.Mailbox{a, b}},
		{"another unenrolls one and enrolls one", func() error { return errors.Join(other.Unenroll(ctx, a), other.Enroll(ctx, c)) }, []delta.Mailbox{b, c}},
		{"somebody adds one by hand", func() error { return r.rdb.HSet(ctx, hash, a.Address, a.ID).Err() }, []delta.Mailbox{a, b, c}},
		{"somebody removes one by hand", func() error { return r.rdb.HDel(ctx, hash, b.Address).Err() }, []delta.Mailbox{a, c}},
		{"somebody writes another id by hand", func() error { return r.rdb.HSet(ctx, hash, a.Address, b.ID).Err() }, []delta.Mailbox{{Address: a.Address, ID: b.ID}, c}},
		{"another writes that id back", func() error { return other.Enroll(ctx, a) }, []delta.Mailbox{a, c}},
	} {
		if err := step.do(); err != nil {
			r.Fatal(err)
		}
		roll.read = roll.read.Add(-time.Second) // so few are read every time a daemon looks
		if found, fresh := look(r, roll); !fresh || !slices.Equal(found, step.want) {
			r.Errorf("%s: %v, new: %v; want %v", step.name, found, fresh, step.want)
		}
		if found, fresh := look(r, roll); fresh || !slices.Equal(found, step.want) {
			r.Errorf("%s, and then nothing: %v, new: %v", step.name, found, fresh)
		}
	}
	changed := r.prefix + "{" + hash + "}:changed"
	before := r.rdb.HGetAll(ctx, changed).Val()
	if err := errors.Join(other.Enroll(ctx, a), other.Unenroll(ctx, b)); err != nil {
		r.Error(err)
	}
	if after := r.rdb.HGetAll(ctx, changed).Val(); fmt.Sprint(after) != fmt.Sprint(before) || len(after) != 2 {
		r.Errorf("who was enrolled was enrolled again, and who was not unenrolled: the mark went from %v to %v", before, after)
	}
}

func rollIsRestored(r *rig) {
	ctx := r.Context()
	var known []delta.Mailbox
	for range 5 {
		known = append(known, r.mailbox())
		if err := r.store.Enroll(ctx, known[len(known)-1]); err != nil {
			r.Fatal(err)
		}
	}
	roll, late := r.store.Roll(), r.mailbox()
	slices.SortFunc(known, byAddress)
	look(r, roll)
	if lost, err := roll.Lost(ctx); lost || err != nil {
		r.Errorf("lost: %v, %v", lost, err)
	}
	for _, step := range []func() error{
		func() error {
			return r.rdb.Del(ctx, r.prefix+"mailboxes", r.prefix+"{"+r.prefix+"mailboxes}:changed").Err()
		},
		func() error { // a daemon that has just started knows nothing of the others
			return errors.Join(r.open().Enroll(ctx, late), r.open().SetKnown(ctx, time.Now()))
		},
	} {
		if err := step(); err != nil {
			r.Fatal(err)
		}
		found, fresh, err := roll.Look(ctx)
		if !errors.Is(err, ErrEmptied) || fresh || !slices.Equal(found, known) {
			r.Errorf("after it was lost: %v, new: %v, %v", found, fresh, err)
		}
		if lost, err := roll.Lost(ctx); !lost || err != nil {
			r.Errorf("lost: %v, %v", lost, err)
		}
	}
	if err := roll.Restore(ctx); err != nil {
		r.Fatal(err)
	}
	want := append(known, late)
	slices.SortFunc(want, byAddress)
	if found, _ := look(r, roll); !slices.Equal(found, want) {
		r.Errorf("restored: %v", found)
	}
}

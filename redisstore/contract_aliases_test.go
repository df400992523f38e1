package redisstore

import (
	"maps"
	"slices"
	"strings"
	"time"

	"syncd/delta"
)

func calledOtherwise(r *rig) {
	ctx := r.Context()
	m, other := r.mailbox(), r.mailbox()
	alias := "x" + m.Address
	for _, name := range []string{alias, m.ID} { // neither was found at first
		if err := r.store.Enroll(ctx, delta.Mailbox{Address: name}); err != nil {
			r.Fatal(err)
		}
	}
	if err := r.store.Park(ctx, alias, delta.Parked, delta.NoMailbox, time.Now(), time.Time{}); err != nil {
		r.Fatal(err)
	}
	if err := r.store.Enroll(ctx, delta.Mailbox{Address: other.ID, ID: other.ID}); err != nil { // as somebody might by hand
		r.Fatal(err)
	}
	roll := r.store.Roll()
	look(r, roll)
	for _, name := range []string{strings.ToUpper(alias), m.ID, m.Address} {
		if err := r.store.EnrollAs(ctx, m, name); err != nil {
			r.Fatal(err)
		}
	}
	for _, name := range []string{"y" + other.Address, other.ID} {
		if err := r.store.EnrollAs(ctx, other, name); err != nil {
			r.Fatal(err)
		}
	}
	want := []delta.Mailbox{m, other}
	slices.SortFunc(want, byAddress)
	if found, fresh := look(r, roll); !fresh || !slices.Equal(found, want) {
		r.Errorf("enrolled: %v, new: %v; want %v", found, fresh, want)
	}
	if n := r.rdb.Exists(ctx, r.prefix+"{"+alias+"}:cursor").Val(); n != 0 {
		r.Error("it is parked under the name by which it was not found")
	}
	names := []string{alias, m.Address, m.ID, "y" + other.Address, "z"}
	both := map[string]string{alias: m.ID, "y" + other.Address: other.ID}
	if got := must[map[string]string](r)(r.open().Aliases(ctx, names)); !maps.Equal(got, both) {
		r.Errorf("aliases %v, want %v", got, both)
	}
	if got := r.rdb.HGetAll(ctx, r.prefix+"{"+r.prefix+"mailboxes}:aliases").Val(); !maps.Equal(got, both) {
		r.Errorf("redis-cli shows %v", got)
	}
	if err := r.store.Unenroll(ctx, m); err != nil {
		r.Fatal(err)
	}
	if got := must[map[string]string](r)(r.store.AllAliases(ctx)); len(got) != 1 || got["y"+other.Address] != other.ID {
		r.Errorf("aliases after it left: %v", got)
	}
}

func recalled(r *rig) {
	ctx := r.Context()
	m, there := r.mailbox(), r.mailbox()
	if err := r.store.Enroll(ctx, there); err != nil {
		r.Fatal(err)
	}
	many := map[string]string{}
	boxes := []delta.Mailbox{m}
	for range 1100 {
		box := r.mailbox()
		boxes = append(boxes, box)
		many["x"+box.Address] = box.ID
	}
	if err := r.store.Recall(ctx, boxes, many); err != nil {
		r.Fatal(err)
	}
	if got := must[[]delta.Mailbox](r)(r.store.Mailboxes(ctx)); len(got) != 1102 || !slices.Contains(got, there) || !slices.Contains(got, m) {
		r.Errorf("%d enrolled", len(got))
	}
	if got := must[map[string]string](r)(r.store.AllAliases(ctx)); !maps.Equal(got, many) {
		r.Errorf("%d aliases", len(got))
	}
	if err := r.store.Recall(ctx, nil, nil); err != nil {
		r.Error(err)
	}
}

package sweep_test

import (
	"context"
	"fmt"
	"testing"

	"syncd/simulator"
)

// Three words one after the other, where what the second brought is forgotten, or was cut off before it was at rest: the third counts, and
// nothing of the first two is left.
func TestOfThreeKeywordsTheLastCountsWhateverHappensAtTheSecond(t *testing.T) {
	words := []string{"@webex:onetime", "@webex", "@meet:space", "@meet:onetime", "Room 4"}
	for what, at := range map[string]func(r *rig, alice *simulator.Mailbox, type2 func()){
		"the store is an older one": func(r *rig, alice *simulator.Mailbox, type2 func()) {
			restore := r.backup(alice)
			type2()
			r.sweep()
			r.lose()
			restore()
		},
		"killed right after the PATCH": func(r *rig, _ *simulator.Mailbox, type2 func()) {
			type2()
			ctx, crash := context.WithCancel(r.t.Context())
			defer crash()
			r.world.OnAnswer(func(q simulator.Request) {
				if q.Call == "PatchEvent" {
					crash()
				}
			})
			_, _ = r.trySweep(ctx)
			r.world.Unhook()
			r.start()
			r.expireLeases()
		},
	} {
		for _, first := range words {
			for _, second := range words {
				for _, third := range words {
					if first == second || second == third {
						continue
					}
					t.Run(fmt.Sprintf("%s, %s, %s, %s", what, first, second, third), func(t *testing.T) {
						inBubble(t, simulator.Options{Seed: 44}, func(r *rig) {
							alice := r.mailbox("alice@example.com")
							id := alice.Create(draft(first)).ID
							retype := func(word string) func() {
								return func() { r.must(alice.Edit(id, func(d *simulator.Draft) { d.Location = word })) }
							}
							r.sweep()
							at(r, alice, retype(second))
							retype(third)()
							r.sweep()
							r.quiet()
							if owned := third != "@webex" && third != "Room 4"; owned != (len(r.world.Live()) == 1) {
								r.t.Errorf("%d meetings", len(r.world.Live()))
							}
							r.rest.Strangers = true
							r.lose()
							r.quiet()
						})
					})
				}
			}
		}
	}
}

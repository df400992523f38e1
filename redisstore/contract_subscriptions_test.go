package redisstore

import (
	"errors"
	"slices"
	"strings"
	"time"

	"syncd/subscriptions"
)

// soon makes mailboxes known whose subscriptions are due now.
func (r *rig) soon(ids ...string) {
	r.Helper()
	if err := r.store.AddSubscriptions(r.Context(), ids, func(string) time.Duration { return 0 }); err != nil {
		r.Fatal(err)
	}
}

// ok wants no error.
func (r *rig) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// dueSubscriptions takes what is due.
func (r *rig) dueSubscriptions(n int) []subscriptions.Due {
	r.Helper()
	due, _, err := r.store.TakeSubscriptions(r.Context(), n, time.Minute)
	if err != nil {
		r.Fatal(err)
	}
	slices.SortFunc(due, func(a, b subscriptions.Due) int { return strings.Compare(a.Mailbox, b.Mailbox) })
	return due
}

func subscriptionsComeWhenDue(r *rig) {
	r.soon("a", "b")
	r.soon("a") // a second daemon does the same
	due := r.dueSubscriptions(10)
	if len(due) != 2 || due[0].Mailbox != "a" || due[0].Record.ID != "" || due[0].Leaves {
		r.Fatalf("%+v", due)
	}
	if again := r.dueSubscriptions(10); len(again) != 0 {
		r.Errorf("handed out twice: %+v", again)
	}
	due[0].Record = subscriptions.Record{ID: "s1", To: "x", Since: time.Unix(1000, 0).UTC(), Expires: time.Unix(2000, 0).UTC(), Reason: "throttled", Tries: 3}
	if err := r.store.PutSubscriptions(r.Context(), []subscriptions.Return{
		{Due: due[0], At: time.Now().Add(time.Hour)}, {Due: due[1], At: time.Now().Add(30 * time.Minute)},
	}); err != nil {
		r.Fatal(err)
	}
	_, next, err := r.store.TakeSubscriptions(r.Context(), 10, time.Minute)
	if err != nil || next < 29*time.Minute || next > 30*time.Minute {
		r.Errorf("next in %s, %v", next, err)
	}
	if err := r.store.HastenSubscriptions(r.Context(), []string{"a", "unknown"}); err != nil {
		r.Fatal(err)
	}
	if got := r.dueSubscriptions(10); len(got) != 1 || got[0].Record != due[0].Record || got[0].Leaves {
		r.Errorf("hastened: %+v", got)
	}
	for to, want := range map[string]int{due[0].Record.To: 0, "elsewhere": 1} {
		if err := r.store.HastenElsewhere(r.Context(), to); err != nil {
			r.Fatal(err)
		}
		if got := r.dueSubscriptions(10); len(got) != want || want > 0 && got[0].Record.ID == "" {
			r.Errorf("going elsewhere than %q: %+v", to, got)
		}
	}
	seen, err := r.store.Subscriptions(r.Context(), []string{"b", "a", "c"}, true)
	if err != nil || !seen[0].Known || seen[1].Record != due[0].Record || seen[2].Known || seen[0].Next.IsZero() {
		r.Errorf("%+v, %v", seen, err)
	}
	if err := r.rdb.HSet(r.Context(), r.prefix+"{subscriptions}:all", "a", "{damaged").Err(); err != nil {
		r.Fatal(err)
	}
	if seen, err = r.store.Subscriptions(r.Context(), []string{"a"}, false); err != nil || seen[0].ID != "" {
		r.Errorf("damaged: %+v, %v", seen, err)
	}
}

func subscriptionsHastenedAreNotLost(r *rig) {
	r.soon("a", "b")
	due := r.dueSubscriptions(10)
	if err := r.store.HastenSubscriptions(r.Context(), []string{"a"}); err != nil {
		r.Fatal(err)
	}
	later := []subscriptions.Return{{Due: due[0], At: time.Now().Add(time.Hour)}, {Due: due[1], At: time.Now().Add(time.Hour)}}
	if err := r.store.PutSubscriptions(r.Context(), later); err != nil {
		r.Fatal(err)
	}
	if got := r.dueSubscriptions(10); len(got) != 1 || got[0].Mailbox != "a" {
		r.Errorf("%+v", got)
	}
}

func subscriptionsOfWhoLeavesGo(r *rig) {
	m := r.mailbox()
	for _, err := range []error{r.store.Enroll(r.Context(), m), r.store.Unenroll(r.Context(), m)} { // nothing is known of it yet
		if err != nil {
			r.Fatal(err)
		}
	}
	if ids, err := r.store.SubscriptionKeys(r.Context()); err != nil || len(ids) != 0 {
		r.Fatalf("%v, %v", ids, err)
	}
	if err := r.store.AddSubscriptions(r.Context(), []string{m.ID}, func(string) time.Duration { return time.Hour }); err != nil {
		r.Fatal(err)
	}
	r.ok(errors.Join(r.store.Enroll(r.Context(), m), r.store.Unenroll(r.Context(), m)))
	due := r.dueSubscriptions(10)
	if len(due) != 1 || !due[0].Leaves {
		r.Fatalf("unenrolled: %+v", due)
	}
	r.ok(r.store.Enroll(r.Context(), m)) // while its subscription is being given up
	if again := r.dueSubscriptions(10); len(again) != 1 || again[0].Leaves {
		r.Errorf("enrolled anew: %+v", again)
	}
	r.ok(r.store.Heard(r.Context(), []string{m.ID}, time.Now()))
	r.ok(r.store.PutSubscriptions(r.Context(), []subscriptions.Return{{Due: due[0], Gone: true}}))
	if keys := r.rdb.Exists(r.Context(), r.prefix+"{subscriptions}:due", r.prefix+"{subscriptions}:all", r.prefix+"{subscriptions}:leaving", r.prefix+"{subscriptions}:heard").Val(); keys != 0 {
		r.Errorf("%d keys are left", keys)
	}
}

func hintsAreHeard(r *rig) {
	at := time.Now().UTC().Truncate(time.Second)
	r.ok(r.store.Heard(r.Context(), []string{"a"}, at))
	seen, err := r.store.Subscriptions(r.Context(), []string{"a", "b"}, false)
	if err != nil || !seen[0].Heard.Equal(at) || !seen[1].Heard.IsZero() || seen[0].Known {
		r.Errorf("%+v, %v", seen, err)
	}
	if read, err := r.store.HintsWereRead(r.Context()); err != nil || read {
		r.Errorf("%t, %v", read, err)
	}
	r.ok(r.store.HintsRead(r.Context(), at))
	if read, err := r.store.HintsWereRead(r.Context()); err != nil || !read {
		r.Errorf("%t, %v", read, err)
	}
	if ttl := r.rdb.TTL(r.Context(), r.prefix+"{subscriptions}:read").Val(); ttl <= 0 || ttl > hintsLifetime {
		r.Errorf("holds for %s", ttl)
	}
	r.ok(r.store.AddHints(r.Context(), []string{"a", "b"}, "webhook"))
	names, entries, err := r.store.TakeHints(r.Context())
	if err != nil || entries != 2 || !slices.Equal(names, []string{"a", "b"}) {
		r.Errorf("%q of %d, %v", names, entries, err)
	}
}

func checkpointsAreSwapped(r *rig) {
	const hub = "ns/hub/$default"
	c := r.store.Checkpoints()
	for i, step := range []struct {
		was, is string
		done    bool
	}{{"", "a", true}, {"", "b", false}, {"a", "b", true}, {"a", "c", false}} {
		if done, err := c.Swap(r.Context(), hub, "owner 0", step.was, step.is); err != nil || done != step.done {
			r.Errorf("step %d: %t, %v", i, done, err)
		}
	}
	r.ok(c.Set(r.Context(), hub, "checkpoint 0", "x"))
	kept, err := c.Load(r.Context(), hub)
	if err != nil || len(kept) != 2 || kept["owner 0"] != "b" || kept["checkpoint 0"] != "x" {
		r.Errorf("%v, %v", kept, err)
	}
	if kept, err = c.Load(r.Context(), "ns/other/$default"); err != nil || len(kept) != 0 {
		r.Errorf("another hub: %v, %v", kept, err)
	}
}

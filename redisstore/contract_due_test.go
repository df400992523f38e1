package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
	"syncd/schedules"
)

// crowd is a number of mailboxes that no other part of the test knows.
func (r *rig) crowd(n int) []string {
	var out []string
	for range n {
		out = append(out, r.mailbox().ID)
	}
	return out
}

// filled fills the queue; everything is due a while ago.
func (r *rig) filled(mailboxes []string) *Queue {
	r.Helper()
	q := r.store.Queue()
	if _, _, err := q.Fill(r.Context(), mailboxes, func(string) time.Duration { return -time.Second }); err != nil {
		r.Fatal(err)
	}
	return q
}

// due takes what a lane has.
func (r *rig) due(q *Queue, lane schedules.Lane, n int, hold time.Duration) schedules.Taken {
	r.Helper()
	taken, err := q.Take(r.Context(), lane, n, hold)
	if err != nil {
		r.Fatal(err)
	}
	return taken
}

func mailboxesOf(jobs []schedules.Job) []string {
	var out []string
	for _, j := range jobs {
		out = append(out, j.Mailbox)
	}
	slices.Sort(out)
	return out
}

func (r *rig) put(q *Queue, returns ...schedules.Return) {
	r.Helper()
	if err := q.Put(r.Context(), returns); err != nil {
		r.Fatal(err)
	}
}

func dueOnce(r *rig) {
	all := r.crowd(100)
	slices.Sort(all)
	q, other := r.filled(all), r.open().Queue()
	if got := r.due(q, schedules.Ordinary, 1000, time.Minute); len(got.Jobs) != 0 || got.Size != 0 || got.Next >= 0 {
		r.Errorf("the ordinary lane has %+v", got)
	}
	first := r.due(q, schedules.Full, 40, time.Minute)
	if len(first.Jobs) > 40 || len(first.Jobs) < 20 || first.Size != 100 || first.Waiting != 100-len(first.Jobs) || first.Next > 0 {
		r.Errorf("asked for 40: %d jobs, %d waiting, size %d, next in %v", len(first.Jobs), first.Waiting, first.Size, first.Next)
	}
	got := first.Jobs
	for range 20 {
		got = append(got, r.due(other, schedules.Full, 10, time.Minute).Jobs...)
	}
	if names := mailboxesOf(got); !slices.Equal(names, all) {
		r.Errorf("two took %d mailboxes of 100 once each", len(names))
	}
	for _, j := range got {
		if j.Late < 900*time.Millisecond || j.Late > 20*time.Second {
			r.Errorf("%s was late by %v", j.Mailbox, j.Late)
			break
		}
	}
	rest := r.due(q, schedules.Full, 10, time.Minute)
	if len(rest.Jobs) != 0 || rest.Waiting != 0 || rest.Next < 30*time.Second || rest.Next > time.Minute {
		r.Errorf("when all is taken: %+v", rest)
	}
}

func dueAgainAfterHold(r *rig) {
	all := r.crowd(3)
	slices.Sort(all)
	q := r.filled(all)
	r.due(q, schedules.Full, 1000, 50*time.Millisecond)
	var got []schedules.Job
	redistest.Eventually(r, "all come again", func() error {
		if got = append(got, r.due(q, schedules.Full, 1000, time.Minute).Jobs...); len(got) < 3 {
			return fmt.Errorf("only %d", len(got))
		}
		return nil
	})
	if names := mailboxesOf(got); !slices.Equal(names, all) {
		r.Errorf("came again: %v", names)
	}
}

func dueComesWhenPut(r *rig) {
	q := r.filled(r.crowd(1))
	j := r.due(q, schedules.Full, 16, time.Minute).Jobs[0]
	r.put(q, schedules.Return{Job: j, At: time.Now().Add(20 * time.Second), To: schedules.Ordinary})
	if full := r.due(q, schedules.Full, 16, time.Minute); full.Size != 0 {
		r.Errorf("it stayed in its lane: %+v", full)
	}
	taken := r.due(q, schedules.Ordinary, 16, time.Minute)
	if len(taken.Jobs) != 0 || taken.Size != 1 || taken.Next < 15*time.Second || taken.Next > 20*time.Second {
		r.Errorf("put for 20 s from now: %+v", taken)
	}
	at, err := r.store.DueAt(r.Context(), []string{j.Mailbox, "nobody"})
	if in := time.Until(at[j.Mailbox]); err != nil || len(at) != 1 || in < 15*time.Second || in > 25*time.Second {
		r.Errorf("due at %v, %v", at, err)
	}
}

func dueHastened(r *rig) {
	q := r.filled(r.crowd(1))
	j := r.due(q, schedules.Full, 16, time.Minute).Jobs[0]
	r.put(q, schedules.Return{Job: j, At: time.Now(), To: schedules.Ordinary})
	j = r.due(q, schedules.Ordinary, 16, time.Minute).Jobs[0]
	// It is hastened while it is worked on.
	if err := q.Hasten(r.Context(), []string{j.Mailbox, "nobody"}); err != nil {
		r.Fatal(err)
	}
	r.put(q, schedules.Return{Job: j, At: time.Now().Add(time.Hour)})
	again := r.due(q, schedules.Ordinary, 16, time.Minute)
	if names := mailboxesOf(again.Jobs); !slices.Equal(names, []string{j.Mailbox}) || again.Size != 1 {
		r.Fatalf("after it was hastened and put: %+v", again)
	}
	// Who had it before gives it back once more, as after a lost answer.
	r.put(q, schedules.Return{Job: j, At: time.Now().Add(time.Hour)}, schedules.Return{Job: j, Gone: true})
	if got := r.due(q, schedules.Ordinary, 16, time.Minute); got.Size != 1 || got.Next > time.Minute {
		r.Errorf("an old claim moved it: %+v", got)
	}
	r.put(q, schedules.Return{Job: again.Jobs[0], Gone: true})
	if got := r.due(q, schedules.Ordinary, 16, time.Minute); got.Size != 0 {
		r.Errorf("it is not gone: %+v", got)
	}
}

func dueFilled(r *rig) {
	all := r.crowd(3000)
	q := r.store.Queue()
	in := func(string) time.Duration { return time.Hour }
	added, removed, err := q.Fill(r.Context(), all, in)
	if err != nil || added != 3000 || removed != 0 {
		r.Fatalf("filled an empty queue: %d added, %d removed, %v", added, removed, err)
	}
	if added, removed, err = q.Fill(r.Context(), all, in); err != nil || added+removed != 0 {
		r.Errorf("filled a full queue: %d added, %d removed, %v", added, removed, err)
	}
	if err := q.Hasten(r.Context(), all[:10]); err != nil {
		r.Fatal(err)
	}
	moved := r.due(q, schedules.Full, 160, time.Minute).Jobs
	var returns []schedules.Return
	for _, j := range moved {
		returns = append(returns, schedules.Return{Job: j, At: time.Now().Add(time.Hour), To: schedules.Ordinary})
	}
	r.put(q, returns...)
	if len(moved) != 10 {
		r.Errorf("%d of 10 hastened were due", len(moved))
	}
	added, removed, err = q.Fill(r.Context(), append(r.crowd(2), all[5:]...), in)
	if err != nil || added != 2 || removed != 5 {
		r.Errorf("two came and five went: %d added, %d removed, %v", added, removed, err)
	}
	if full, ordinary := r.due(q, schedules.Full, 16, time.Minute).Size, r.due(q, schedules.Ordinary, 16, time.Minute).Size; full != 2992 || ordinary != 5 {
		r.Errorf("%d and %d are in the lanes", full, ordinary)
	}
}

func dueAfterScriptsWereLost(r *rig) {
	q := r.filled(r.crowd(1))
	flush := func() {
		if cluster, ok := r.rdb.(*redis.ClusterClient); ok {
			_ = cluster.ForEachMaster(r.Context(), func(ctx context.Context, node *redis.Client) error { return node.ScriptFlush(ctx).Err() })
			return
		}
		_ = r.rdb.ScriptFlush(r.Context()).Err()
	}
	flush()
	taken := r.due(q, schedules.Full, 16, time.Minute)
	if len(taken.Jobs) != 1 || taken.Size != 1 {
		r.Fatalf("%+v", taken)
	}
	flush()
	r.put(q, schedules.Return{Job: taken.Jobs[0], At: time.Now(), To: schedules.Full})
	if got := r.due(q, schedules.Full, 16, time.Minute); len(got.Jobs) != 1 {
		r.Errorf("%+v", got)
	}
}

func claimedAtOnce(r *rig) {
	free, leased, broken := r.mailbox(), r.mailbox(), r.mailbox()
	r.claim(r.store, leased)
	if err := r.rdb.Set(r.Context(), r.key(broken, "cursor"), "x", 0).Err(); err != nil {
		r.Fatal(err)
	}
	claims, errs := r.store.ClaimAll(r.Context(), []delta.Mailbox{free, leased, broken})
	if errs[0] != nil || claims[0].Holds() != nil {
		r.Errorf("the free one: %v", errs[0])
	}
	r.write(claims[0], delta.Batch{Cursor: &delta.Cursor{State: delta.OK}})
	if claims[1] != nil || !errors.Is(errs[1], delta.ErrLeased) {
		r.Errorf("the leased one: %v", errs[1])
	}
	if claims[2] != nil || errs[2] == nil || !strings.Contains(errs[2].Error(), "WRONGTYPE") {
		r.Errorf("the broken one: %v", errs[2])
	}
	if _, err := r.store.Claim(r.Context(), free); !errors.Is(err, delta.ErrLeased) {
		r.Errorf("claimed twice: %v", err)
	}
}

func requestsAreCounted(r *rig) {
	now := time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC)
	for want := int64(7); want <= 21; want += 7 {
		if got, err := r.store.SpendGraph(r.Context(), 7, now); err != nil || got != want {
			r.Errorf("%d, %v; want %d", got, err, want)
		}
	}
	today, err := r.store.SpentGraph(r.Context(), now)
	tomorrow, err2 := r.store.SpentGraph(r.Context(), now.Add(time.Second))
	if today != 21 || tomorrow != 0 || err != nil || err2 != nil {
		r.Errorf("%d today, %d tomorrow, %v, %v", today, tomorrow, err, err2)
	}
	if ttl := r.rdb.TTL(r.Context(), r.prefix+"quota:graph:2026-11-22").Val(); ttl < 24*time.Hour || ttl > 48*time.Hour {
		r.Errorf("it lives for %v", ttl)
	}
}

func emptiedIsNoticed(r *rig) {
	known := func() bool { return must[bool](r)(r.store.Known(r.Context())) }
	if known() {
		r.Error("known before it was used")
	}
	for range 2 {
		if err := r.store.SetKnown(r.Context(), time.Now()); err != nil || !known() {
			r.Errorf("not known after: %v", err)
		}
	}
	r.rdb.Del(r.Context(), r.prefix+"since")
	if known() {
		r.Error("known when it is empty")
	}
}

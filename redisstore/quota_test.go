package redisstore

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

func quotaIsCounted(r *rig) {
	ctx := r.Context()
	var granted atomic.Int64
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for range 90 {
				ok, until, err := r.store.ReserveCreate(ctx, "one", 1)
				if err != nil || !ok && !until.Equal(time.Now().UTC().Truncate(quotaDay).Add(quotaDay)) {
					r.Errorf("%v until %s, %v", ok, until, err)
				}
				if ok {
					granted.Add(1)
				}
			}
		})
	}
	workers.Wait()
	if n := granted.Load(); n != quotaHost {
		r.Errorf("%d calls for one host, want %d", n, quotaHost)
	}
	day := r.prefix + "quota:{" + time.Now().UTC().Format(time.DateOnly) + "}"
	if got := r.rdb.Get(ctx, day+":one").Val(); got != fmt.Sprint(quotaHost) {
		r.Errorf("%s is %q", day+":one", got)
	}
	if left := r.rdb.TTL(ctx, day).Val(); left < quotaDay || left > 3*quotaDay {
		r.Errorf("the counter lives for %s", left)
	}
}

func quotaIsShared(r *rig) {
	ctx := r.Context()
	day := r.prefix + "quota:{" + time.Now().UTC().Format(time.DateOnly) + "}"
	must[string](r)(r.rdb.Set(ctx, day, quotaAll*3/4, time.Hour).Result())
	ok, until, err := r.store.ReserveCreate(ctx, "two", 0.75)
	if ok || err != nil || !until.After(time.Now()) {
		r.Errorf("what begins late: %v until %s, %v", ok, until, err)
	}
	if ok, _, err := r.store.ReserveCreate(ctx, "two", 1); !ok || err != nil {
		r.Errorf("what begins soon: %v, %v", ok, err)
	}
	if until, err := r.store.CreateRefused(ctx, "two"); err != nil || !until.IsZero() {
		r.Errorf("refused for no reason that is known: until %s, %v", until, err)
	}
	must[string](r)(r.rdb.Set(ctx, day, quotaAll-1, time.Hour).Result())
	if until, err := r.store.CreateRefused(ctx, "two"); err != nil || time.Until(until) > quotaPause || time.Until(until) < quotaPause/2 {
		r.Errorf("refused: until %s, %v", until, err)
	}
	if ok, until, err := r.store.ReserveCreate(ctx, "three", 1); ok || err != nil || time.Until(until) > quotaPause || time.Until(until) < quotaPause/2 {
		r.Errorf("after a refusal: %v until %s, %v", ok, until, err)
	}
}

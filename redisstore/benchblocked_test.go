package redisstore

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// reportBlocked reports for how long Redis served nobody else: the longest command by its own slow log, and the longest that a PING
// beside it waited, which is this machine's doing as well.
func reportBlocked(b *testing.B, rdb *redis.Client) func() {
	b.Helper()
	if err := rdb.ConfigSet(b.Context(), "slowlog-log-slower-than", "200").Err(); err != nil { // microseconds
		b.Fatal(err)
	}
	if err := rdb.ConfigSet(b.Context(), "slowlog-max-len", "10000").Err(); err != nil {
		b.Fatal(err)
	}
	if err := rdb.Do(b.Context(), "SLOWLOG", "RESET").Err(); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var longest time.Duration
	var asking sync.WaitGroup
	asking.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for ctx.Err() == nil {
			began := time.Now()
			_ = rdb.Ping(ctx).Err()
			longest = max(longest, time.Since(began))
			<-ticker.C
		}
	})
	return func() {
		cancel()
		asking.Wait()
		var slowest time.Duration
		for _, entry := range rdb.SlowLogGet(b.Context(), -1).Val() {
			slowest = max(slowest, entry.Duration)
		}
		b.ReportMetric(float64(slowest.Microseconds())/1000, "blocked-ms")
		b.ReportMetric(float64(longest.Microseconds())/1000, "longest-PING-ms")
	}
}

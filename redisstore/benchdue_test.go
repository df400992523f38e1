package redisstore

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
	"syncd/schedules"
)

// trips counts round trips: a command is one, and so is a pipeline.
type trips struct{ n atomic.Int64 }

func (*trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (t *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmd)
	}
}

func (t *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.n.Add(1)
		return next(ctx, cmds)
	}
}

// redisUsed is the memory that a server has in use, in bytes, and its processor time in seconds.
func redisUsed(b *testing.B, rdb *redis.Client) (memory, cpu float64) {
	b.Helper()
	info := rdb.InfoMap(b.Context(), "memory", "cpu").Val()
	var system, user float64
	for text, into := range map[string]*float64{
		info["Memory"]["used_memory"]: &memory, info["CPU"]["used_cpu_sys"]: &system, info["CPU"]["used_cpu_user"]: &user,
	} {
		if _, err := fmt.Sscan(text, into); err != nil {
			b.Fatal(err)
		}
	}
	return memory, system + user
}

// BenchmarkIdleSweep is all that Redis does for a sweep that finds nothing, as the daemon asks for it: mailboxes are taken and
// claimed some at a time, each writes its cursor, and they are given back together. An op is one mailbox.
func BenchmarkIdleSweep(b *testing.B) {
	for _, many := range []int{1000, 10_000, 100_000, 1_000_000} {
		s, rdb, ids := benchStore(b, many)
		q := s.Queue()
		empty, _ := redisUsed(b, rdb)
		if _, _, err := q.Fill(b.Context(), ids, func(string) time.Duration { return -time.Second }); err != nil {
			b.Fatal(err)
		}
		queued, _ := redisUsed(b, rdb)
		count := &trips{}
		s.rdb.AddHook(count)
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			const batch = 16
			swept := 0
			b.ReportAllocs()
			_, before := redisUsed(b, rdb)
			trips := count.n.Load()
			report := reportCPU(b)
			b.ResetTimer()
			for swept < b.N {
				swept += sweepBatch(b, s, q, batch)
			}
			b.StopTimer()
			report()
			_, after := redisUsed(b, rdb)
			b.ReportMetric(float64(count.n.Load()-trips)/float64(swept), "trips/op")
			b.ReportMetric((after-before)*1e6/float64(swept), "redis-cpu-us/op")
			b.ReportMetric((queued-empty)/float64(many), "queue-B/mailbox")
			b.ReportMetric(float64(swept)/b.Elapsed().Seconds(), "sweeps/s")
		})
	}
}

// benchStore is a store on a Redis of its own, and the ids of so many mailboxes.
func benchStore(b *testing.B, mailboxes int) (*Store, *redis.Client, []string) {
	b.Helper()
	server := redistest.Start(b)
	s := mustOpen(b, Options{URL: server.URL, LeaseTTL: time.Minute})
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})
	b.Cleanup(func() { mustClose(b, s); _ = rdb.Close() })
	ids := make([]string, mailboxes)
	for i := range ids {
		ids[i] = benchMailbox(i).ID
	}
	return s, rdb, ids
}

// BenchmarkList is what a daemon does when somebody was enrolled, and else every 600 µs for each mailbox: it reads who is enrolled; what
// it does twice a minute: it looks whether it has to; and what it does every five minutes: it compares that with the timetable.
func BenchmarkList(b *testing.B) {
	for _, many := range []int{10_000, 100_000, 1_000_000} {
		s, rdb, ids := benchStore(b, many)
		var enrolled []string
		for i := range ids {
			enrolled = append(enrolled, benchMailbox(i).Address, ids[i])
		}
		for some := range slices.Chunk(enrolled, 2000) {
			if err := rdb.HSet(b.Context(), s.schema.mailboxes(), some).Err(); err != nil {
				b.Fatal(err)
			}
		}
		fill := func() error {
			_, _, err := s.Queue().Fill(b.Context(), ids, func(string) time.Duration { return time.Hour })
			return err
		}
		list := func() error {
			found, err := s.Mailboxes(b.Context())
			if err == nil && len(found) != many {
				err = fmt.Errorf("%d mailboxes", len(found))
			}
			return err
		}
		roll := s.Roll()
		look := func() error {
			roll.read = time.Now() // it was read just now, so that what is measured is a look
			_, _, err := roll.Look(b.Context())
			return err
		}
		if err := fill(); err != nil {
			b.Fatal(err)
		}
		if _, _, err := roll.Look(b.Context()); err != nil {
			b.Fatal(err)
		}
		for _, part := range []struct {
			name string
			work func() error
		}{{"list", list}, {"look", look}, {"compare", fill}} {
			b.Run(fmt.Sprintf("%s/%d", part.name, many), func(b *testing.B) {
				defer reportBlocked(b, rdb)()
				defer reportCPU(b)()
				_, before := redisUsed(b, rdb)
				failed := 0
				for b.Loop() {
					if err := part.work(); err != nil {
						failed++
						b.Log(err)
					}
				}
				b.ReportMetric(float64(failed)/float64(b.N), "failed/op")
				_, after := redisUsed(b, rdb)
				b.ReportMetric((after-before)*1e3/float64(b.N), "redis-cpu-ms/op")
			})
		}
	}
}

// sweepBatch sweeps what is due, as if nothing had changed, and puts it off to the end.
func sweepBatch(b *testing.B, s *Store, q *Queue, n int) int {
	b.Helper()
	taken, err := q.Take(b.Context(), schedules.Full, n, time.Minute)
	if err != nil {
		b.Fatal(err)
	}
	mailboxes := make([]delta.Mailbox, len(taken.Jobs))
	for i, j := range taken.Jobs {
		mailboxes[i] = delta.Mailbox{ID: j.Mailbox, Address: j.Mailbox}
	}
	claims, errs := s.ClaimAll(b.Context(), mailboxes)
	returns := make([]schedules.Return, len(claims))
	for i, c := range claims {
		if errs[i] != nil {
			b.Fatal(errs[i])
		}
		if err := c.Write(b.Context(), delta.Batch{Cursor: benchCursor(mailboxes[i], i), GiveUp: true}); err != nil {
			b.Fatal(err)
		}
		returns[i] = schedules.Return{Job: taken.Jobs[i], At: time.Now(), To: schedules.Full}
	}
	if err := q.Put(b.Context(), returns); err != nil {
		b.Fatal(err)
	}
	return len(returns)
}

// BenchmarkRedisBytes is what Redis keeps of a mailbox without meetings that has been swept for a while, and of each event with one:
// in all, and of single keys as MEMORY USAGE has them. Redis is as it comes, and with longer entries in its compact form.
func BenchmarkRedisBytes(b *testing.B) {
	for _, longest := range []string{"64", "1024"} {
		b.Run("hash-max-listpack-value "+longest, func(b *testing.B) { redisBytes(b, longest) })
	}
}

func redisBytes(b *testing.B, longest string) {
	const many, sweeps = 2000, 6
	server := redistest.Start(b)
	s := mustOpen(b, Options{URL: server.URL, LeaseTTL: time.Minute})
	defer mustClose(b, s)
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})
	defer rdb.Close()
	if err := rdb.ConfigSet(b.Context(), "hash-max-listpack-value", longest).Err(); err != nil {
		b.Fatal(err)
	}
	sweep := func() {
		for n := range sweeps {
			for i := range many {
				m := benchMailbox(i)
				c := must[*Claim](b)(s.Claim(b.Context(), m))
				if err := c.Write(b.Context(), delta.Batch{Cursor: benchCursor(m, i+n), NewLink: true, GiveUp: true}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for b.Loop() {
		rdb.FlushAll(b.Context())
		empty, _ := redisUsed(b, rdb)
		fill(b, s, many, 0)
		sweep()
		bare, _ := redisUsed(b, rdb)
		rdb.FlushAll(b.Context())
		fill(b, s, many, 20)
		sweep()
		full, _ := redisUsed(b, rdb)
		b.ReportMetric((bare-empty)/many, "B/mailbox")
		b.ReportMetric((full-bare)/many/20, "B/event")
		for _, key := range []string{"cursor", "cursors", "events", "fence"} {
			size, err := rdb.MemoryUsage(b.Context(), s.schema.of(benchMailbox(7).ID, key)).Result()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(size), "B/"+key)
		}
	}
}

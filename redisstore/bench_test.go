package redisstore

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

// BenchmarkEmbedded shows what a number of mailboxes, each with twenty events that have a meeting, costs the embedded store.
func BenchmarkEmbedded(b *testing.B) {
	for _, many := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			o := embedded(b, true)
			before := heap()
			s := mustOpen(b, o)
			defer mustClose(b, s)
			fill(b, s, many, 20)
			perMailbox := float64(heap()-before) / float64(many)

			b.Run("sweep", func(b *testing.B) { sweepEach(b, s, many) })
			b.Run("views", func(b *testing.B) {
				mailboxes := must[[]delta.Mailbox](b)(s.Mailboxes(b.Context()))
				for b.Loop() {
					must[[]View](b)(s.Views(b.Context(), mailboxes, false))
				}
			})
			b.Run("snapshot", func(b *testing.B) {
				file := filepath.Join(o.StateDir, "snapshot")
				defer reportCPU(b)()
				for b.Loop() {
					if err := save(b.Context(), s.embedded.client, file); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(perMailbox, "heap-B/mailbox")
				b.ReportMetric(float64(must[os.FileInfo](b)(os.Stat(file)).Size())/float64(many), "file-B/mailbox")
			})
			b.Run("clock", func(b *testing.B) {
				defer reportCPU(b)()
				for b.Loop() {
					s.embedded.mini.FastForward(0)
				}
			})
			b.Run("load", func(b *testing.B) {
				file := filepath.Join(o.StateDir, "snapshot")
				defer reportCPU(b)()
				for b.Loop() {
					reader := o
					reader.StateDir = filepath.Join(b.TempDir(), "copy")
					if err := os.MkdirAll(reader.StateDir, 0o700); err != nil {
						b.Fatal(err)
					}
					if err := os.Link(file, filepath.Join(reader.StateDir, "redis.snapshot")); err != nil {
						b.Fatal(err)
					}
					reader.Serve, reader.ReadOnly = false, true
					mustClose(b, mustOpen(b, reader))
				}
			})
		})
	}
}

// BenchmarkRedis is the same sweep on a redis-server, for comparison, and what Redis itself needs for a mailbox.
func BenchmarkRedis(b *testing.B) {
	const many = 10_000
	server := redistest.Start(b)
	s := mustOpen(b, Options{URL: server.URL, LeaseTTL: time.Minute})
	defer mustClose(b, s)
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: server.Socket})
	defer rdb.Close()
	used := func() (n float64) {
		_, err := fmt.Sscanf(rdb.InfoMap(b.Context(), "memory").Val()["Memory"]["used_memory"], "%f", &n)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	before := used()
	fill(b, s, many, 20)
	perMailbox := (used() - before) / many
	b.Run("sweep", func(b *testing.B) {
		sweepEach(b, s, many)
		b.ReportMetric(perMailbox, "redis-B/mailbox")
	})
}

func benchMailbox(i int) delta.Mailbox {
	return delta.Mailbox{ID: fmt.Sprintf("0e5c4c2c-7f5b-4d7e-9f4a-%012d", i), Address: fmt.Sprintf("mailbox%d@example.com", i)}
}

// fill writes what a served mailbox has.
func fill(b *testing.B, s *Store, many, events int) {
	b.Helper()
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range many {
		m := benchMailbox(i)
		if err := s.Enroll(b.Context(), m); err != nil {
			b.Fatal(err)
		}
		records := map[string]delta.Record{}
		for e := range events {
			records[eventID(i*events+e)] = delta.Record{
				State: delta.Linked, Keyword: "webex:onetime", Asked: delta.OneTime, Kind: delta.OneTime, Meeting: "870f51ff287b41be8648412901e0402f",
				Tag: "sd1-0123456789abcdefghijklmnop", Fingerprint: "0123456789abcdefghijklm", Times: "0123456789abcdefghijklm", Block: delta.Digest("0123456789ab"),
				Modified: at, End: at,
			}
		}
		c := must[*Claim](b)(s.Claim(b.Context(), m))
		err := c.Write(b.Context(), delta.Batch{Records: records, Cursor: benchCursor(m, i), NewLink: true, GiveUp: true})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchCursor(m delta.Mailbox, i int) *delta.Cursor {
	at := time.Now()
	return &delta.Cursor{
		Address: m.Address, Link: link(i), WindowStart: at, WindowEnd: at, Generation: 1, SweptAt: at, ChangedAt: at, State: delta.OK,
		OrphansAt: at, Host: m.Address, Language: "en-US",
	}
}

// sweepEach is what an idle sweep asks of the store: a claim and a write.
func sweepEach(b *testing.B, s *Store, many int) {
	i := 0
	defer reportCPU(b)()
	for b.Loop() {
		m := benchMailbox(i % many)
		c := must[*Claim](b)(s.Claim(b.Context(), m))
		if err := c.Write(b.Context(), delta.Batch{Cursor: benchCursor(m, i), GiveUp: true}); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sweeps/s")
}

// reportCPU reports the processor time of this process for each operation, which a busy machine does not change as much as the
// time that passes.
func reportCPU(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op") }
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

package main

import (
	"cmp"
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"syncd/redisstore"
	"syncd/redisstore/redistest"
	"syncd/schedules"
	"syncd/simulator"
)

// load is what some daemons are given to do.
type load struct {
	mailboxes, daemons int
	every              string        // the schedule's interval
	delay              time.Duration // that Graph lets everybody wait
	window             time.Duration // how long is watched
	atOnce             string        // sweeps at a time at most; "" for as many as a daemon takes by itself
}

// BenchmarkDaemons is real daemons, processes of their own, on one Redis, with mailboxes in which nothing changes, all of which were
// swept before. Graph is a bare TLS server in this process that answers each delta alike, so that any number of mailboxes costs it
// nothing. Daemons and Redis are asked for their own figures; this process's do not count, but it has the same machine.
//
// "every 1s" is more than can be done: each does what it can. With a Graph that takes its time, as the real one does, that is as much as
// its workers can wait for. An op is a window.
func BenchmarkDaemons(b *testing.B) {
	for _, l := range []load{
		{1000, 1, "60s", 0, 10 * time.Second, ""},
		{10_000, 1, "60s", 0, 10 * time.Second, ""},
		{10_000, 3, "60s", 0, 10 * time.Second, ""},
		{100_000, 1, "60s", 0, 10 * time.Second, ""},
		{100_000, 3, "60s", 0, 10 * time.Second, ""},
		{10_000, 1, "1s", 0, 10 * time.Second, ""},
		{10_000, 3, "1s", 0, 10 * time.Second, ""},
		{10_000, 1, "1s", 100 * time.Millisecond, 10 * time.Second, ""},
		{10_000, 3, "1s", 100 * time.Millisecond, 10 * time.Second, ""},
		{10_000, 1, "1s", 300 * time.Millisecond, 30 * time.Second, "64"}, // as it was when they were fixed
		{10_000, 1, "1s", 300 * time.Millisecond, 30 * time.Second, ""},
		{1_000_000, 1, "15m", 0, 30 * time.Second, ""},
	} {
		b.Run(fmt.Sprintf("mailboxes=%d/daemons=%d/every=%s/graph=%s/at-once=%s", l.mailboxes, l.daemons, l.every, l.delay, cmp.Or(l.atOnce, "any")), func(b *testing.B) { l.run(b) })
	}
}

func (l load) run(b *testing.B) {
	graph := newBare(b)
	f := newIdleFleet(b, graph, l)
	pages := make([]string, l.daemons)
	for i := range pages {
		pages[i] = freeAddress(b)
		f.env["SYNCD_LISTEN"] = pages[i]
		f.start()
	}
	graph.delay.Store(int64(l.delay))
	every, err := time.ParseDuration(l.every)
	f.must(err)
	graph.after(min(int64(l.mailboxes), int64(3*float64(l.mailboxes)/every.Seconds()))) // connections, and what was due at the start
	f.settled(pages)
	var used figures
	for b.Loop() {
		before := f.figures(pages)
		<-time.After(l.window)
		used = used.plus(f.figures(pages).minus(before))
	}
	now := f.figures(pages)
	per := func(v float64) float64 { return v / used["sweeps"] }
	b.ReportMetric(used["sweeps"]/b.Elapsed().Seconds(), "sweeps/s")
	b.ReportMetric(used["cpu"]/b.Elapsed().Seconds(), "daemon-cores")
	b.ReportMetric(used["redis-cpu"]/b.Elapsed().Seconds(), "redis-cores")
	b.ReportMetric(per(used["cpu"])*1e6, "cpu-us/sweep")
	b.ReportMetric(per(used["redis-cpu"])*1e6, "redis-us/sweep")
	b.ReportMetric(per(used["redis-reads"]), "trips/sweep")
	b.ReportMetric(now["resident"]/1e6/float64(l.daemons), "MB/daemon")
	b.ReportMetric(now["redis-memory"]/float64(l.mailboxes), "redis-B/mailbox")
	b.ReportMetric(now["at-once"]/float64(l.daemons), "at-once")
	if other := used["all-sweeps"] - used["sweeps"]; other > 0 {
		b.ReportMetric(per(other), "no-sweep/sweep") // another had the lease, or it failed
	}
	if errors := f.logged(); errors != "" {
		b.Log(errors[:min(len(errors), 2000)])
	}
}

// settled waits until daemons take as many mailboxes at a time as they will: the same for a while, or two minutes.
func (f *fleet) settled(pages []string) {
	const same = 10
	last, times := 0.0, 0
	for range 60 {
		<-time.After(2 * time.Second)
		now := f.figures(pages)["at-once"]
		if times++; now != last {
			last, times = now, 0
		}
		if times >= same {
			return
		}
	}
}

// figures are sums over all daemons, and those of Redis: counts, seconds, bytes.
type figures map[string]float64

func (f figures) plus(g figures) figures {
	sum := figures{}
	for name := range g {
		sum[name] = f[name] + g[name]
	}
	return sum
}

func (f figures) minus(g figures) figures {
	rest := figures{}
	for name := range f {
		rest[name] = f[name] - g[name]
	}
	return rest
}

// figures asks the daemons at these addresses, and Redis. A read of Redis is what came from a connection at a time: a command, a
// pipeline, or a part of a very long one.
func (f *fleet) figures(pages []string) figures {
	f.t.Helper()
	now := figures{}
	add := func(name, text, line string) { now[name] += sumOf(f.t, text, line) }
	for _, address := range pages {
		f.env["SYNCD_LISTEN"] = address
		_, text := f.get("/metrics")
		add("sweeps", text, `syncd_sweeps_total{result="ok"} `)
		add("all-sweeps", text, `syncd_sweeps_total{`)
		add("cpu", text, "process_cpu_seconds_total ")
		add("at-once", text, "syncd_sweeps_at_once ")
		add("resident", text, "process_resident_memory_bytes ")
	}
	info := strings.ReplaceAll(f.redis.CLI("INFO"), "\r", "")
	add("redis-cpu", info, "used_cpu_user:")
	add("redis-cpu", info, "used_cpu_sys:")
	add("redis-reads", info, "total_reads_processed:")
	add("redis-memory", info, "used_memory:")
	return now
}

// sumOf adds up the numbers at the ends of lines that begin so.
func sumOf(t testing.TB, text, prefix string) (sum float64) {
	t.Helper()
	found := false
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, prefix) {
			v, err := strconv.ParseFloat(line[strings.LastIndexAny(line, " :")+1:], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum, found = sum+v, true
		}
	}
	if !found {
		t.Fatalf("no %q in\n%s", prefix, text)
	}
	return sum
}

// copies makes mailboxes that were swept like the first one.
const copies = `
local function of(id, key) return 'syncd:{' .. id .. '}:' .. key end
local first = redis.call('HGET', 'syncd:mailboxes', 'mailbox0@example.com')
local link = redis.call('HGET', of(first, 'cursor'), 'link')
local at = string.find(link, first, 1, true)
for i = 1, ARGV[1] - 1 do
	local id, address = string.format('0e5c4c2c-7f5b-4d7e-9f4a-%012d', i), 'mailbox' .. i .. '@example.com'
	redis.call('HSET', 'syncd:mailboxes', address, id)
	for _, key in ipairs({'cursor', 'cursors', 'fence'}) do redis.call('COPY', of(first, key), of(id, key)) end
	redis.call('HSET', of(id, 'cursor'), 'address', address, 'link', string.sub(link, 1, at - 1) .. id .. string.sub(link, at + #first))
end
return 1`

// newIdleFleet has a Redis as after a while of service, its timetable filled, and no daemon yet.
func newIdleFleet(b *testing.B, graph *bare, l load) *fleet {
	b.Helper()
	f := &fleet{site: newSite(b, simulator.Options{Seed: 1, LogLimit: 100})}
	f.redis = redistest.Start(b, "--hash-max-listpack-value", "1024") // as docker-compose.yml has it
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: graph.Certificate().Raw})
	f.must(os.WriteFile(f.path("ca.pem"), append(own, f.server.CAPEM...), 0o600))
	f.env["SYNCD_REDIS_URL"], f.env["SYNCD_GRAPH_URL"], f.env["SYNCD_CA_FILE"] = f.redis.URL, graph.URL, f.path("ca.pem")
	f.env["SYNCD_SWEEPS_AT_ONCE"] = l.atOnce
	f.env["SYNCD_SWEEP"], f.env["SYNCD_LEASE_TTL"], f.env["SYNCD_LOG_LEVEL"] = "@every "+l.every, "30s", "error"
	delete(f.env, "SYNCD_MAILBOXES")

	f.redis.CLI("HSET", "syncd:mailboxes", benchBox(0)+"@example.com", benchID(0))
	for range 4 {
		f.sweep()
	}
	f.redis.CLI("EVAL", copies, "0", fmt.Sprint(l.mailboxes))

	schedule, err := schedules.Parse(f.env["SYNCD_SWEEP"])
	f.must(err)
	store, err := redisstore.Open(context.Background(), redisstore.Options{URL: f.redis.URL, LeaseTTL: 30 * time.Second})
	f.must(err)
	defer store.Close()
	ids := make([]string, l.mailboxes)
	for i := range ids {
		ids[i] = benchID(i)
	}
	_, _, err = store.Queue().Fill(context.Background(), ids, func(id string) time.Duration { return time.Until(schedule.Next(id, time.Now())) })
	f.must(err)
	for i := range 16 { // they had their first round
		f.redis.CLI("RENAME", fmt.Sprintf("syncd:full:%d", i), fmt.Sprintf("syncd:due:%d", i))
	}
	return f
}

func benchID(i int) string  { return fmt.Sprintf("0e5c4c2c-7f5b-4d7e-9f4a-%012d", i) }
func benchBox(i int) string { return fmt.Sprintf("mailbox%d", i) }

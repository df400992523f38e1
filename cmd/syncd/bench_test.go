package main

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"syncd/delta"
	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// bare is a Graph in which nothing ever changes: what it costs to ask it is the floor.
type bare struct {
	*httptest.Server
	rounds atomic.Int64
	delay  atomic.Int64 // nanoseconds until it answers
}

func newBare(b *testing.B) *bare {
	s := &bare{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.HasSuffix(r.URL.Path, "/calendarView/delta") {
			_, _ = io.WriteString(w, `{"mail":"someone@example.com","userPrincipalName":"someone@example.com","id":"1"}`)
			return
		}
		if delay := s.delay.Load(); delay > 0 {
			<-time.After(time.Duration(delay))
		}
		fmt.Fprintf(w, `{"value":[],"@odata.deltaLink":"%s%s?$deltatoken=%0180d"}`, s.URL, r.URL.Path, 7)
		s.rounds.Add(1)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	b.Cleanup(s.Close)
	return s
}

// after waits until so many more rounds were asked for.
func (s *bare) after(n int64) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for until := s.rounds.Load() + n; s.rounds.Load() < until; {
		<-ticker.C
	}
}

func processCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIdleMailboxes is a daemon that has more idle mailboxes than it can sweep, so that it does nothing else. An op is one
// sweep. The server's part of the processor time is in it, as in the floor: the same requests by a bare client in the same run.
func BenchmarkIdleMailboxes(b *testing.B) {
	for _, many := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(many), func(b *testing.B) {
			graph := newBare(b)
			redis := redistest.Start(b)
			d := benchDaemon(b, graph, redis.URL, many)
			ctx, cancel := context.WithCancel(b.Context())
			var running sync.WaitGroup
			running.Go(func() { d.runner.Run(ctx) })
			defer running.Wait()
			defer cancel()
			graph.after(min(int64(many), 10_000)) // first rounds
			used, began := processCPU(), time.Now()
			b.ResetTimer()
			graph.after(int64(b.N))
			b.StopTimer()
			used, took := processCPU()-used, time.Since(began)
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(b.N)/took.Seconds(), "sweeps/s")
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(m.HeapAlloc+m.StackInuse)/1e6, "MB")
			cancel()
			running.Wait()
			b.ReportMetric(floor(b, graph, 5000), "floor-cpu-us/op")
		})
	}
}

// benchDaemon is a daemon with mailboxes that are enrolled already.
func benchDaemon(b *testing.B, graph *bare, redisURL string, many int) *daemon {
	b.Helper()
	world := simulator.New(simulator.Options{Seed: 1, LogLimit: 100})
	pemApp, err := selfSigned()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	check(err)
	check(world.RegisterApp(testClient, pemApp))
	server, err := world.Start(context.WithoutCancel(b.Context()))
	check(err)
	b.Cleanup(func() { _ = server.Close() })
	dir := b.TempDir()
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: graph.Certificate().Raw})
	check(os.WriteFile(filepath.Join(dir, "app.pem"), pemApp, 0o600))
	check(os.WriteFile(filepath.Join(dir, "ca.pem"), append(own, server.CAPEM...), 0o600))
	id, secret, refresh := world.ServiceApp()
	e, err := (&surroundings{ctx: b.Context(), err: io.Discard, out: io.Discard, environ: []string{
		"SYNCD_TENANT_ID=" + world.Tenant(), "SYNCD_CLIENT_ID=" + testClient, "SYNCD_CLIENT_CERTIFICATE=" + filepath.Join(dir, "app.pem"),
		"SYNCD_GRAPH_URL=" + graph.URL, "SYNCD_LOGIN_URL=" + server.LoginURL, "SYNCD_WEBEX_URL=" + server.WebexURL,
		"SYNCD_CA_FILE=" + filepath.Join(dir, "ca.pem"), "SYNCD_WEBEX_CLIENT_ID=" + id, "SYNCD_WEBEX_CLIENT_SECRET=" + secret,
		"SYNCD_WEBEX_REFRESH_TOKEN=" + refresh, "SYNCD_STATE_DIR=" + dir, "SYNCD_REDIS_URL=" + redisURL, "SYNCD_SWEEP=@every 1s", "SYNCD_LOG_LEVEL=error",
	}}).newEngine(true, false)
	check(err)
	b.Cleanup(func() { _ = e.close() })
	var mailboxes []delta.Mailbox
	for i := range many {
		mailboxes = append(mailboxes, delta.Mailbox{ID: fmt.Sprintf("0e5c4c2c-7f5b-4d7e-9f4a-%012d", i), Address: fmt.Sprintf("mailbox%d@example.com", i)})
	}
	var all sync.WaitGroup
	for part := range 16 {
		all.Go(func() {
			for i := part; i < many; i += 16 {
				_ = e.store.Enroll(b.Context(), mailboxes[i])
			}
		})
	}
	all.Wait()
	return newDaemon(e)
}

// floor is the processor time of a request by a client that throws the answer away, in microseconds.
func floor(b *testing.B, graph *bare, requests int) float64 {
	b.Helper()
	client := graph.Client()
	work := make(chan bool)
	var all sync.WaitGroup
	began := processCPU()
	for range firstAtOnce {
		all.Go(func() {
			for range work {
				answer, err := client.Get(graph.URL + "/v1.0/users/1/calendarView/delta")
				if err == nil {
					_, _ = io.Copy(&bytes.Buffer{}, answer.Body)
					_ = answer.Body.Close()
				}
			}
		})
	}
	for range requests {
		work <- true
	}
	close(work)
	all.Wait()
	return float64((processCPU() - began).Microseconds()) / float64(requests)
}

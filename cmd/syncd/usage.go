package main

import (
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"sync/atomic"
	"syscall"
	"time"

	"syncd/schedules"
)

// What bears on how many mailboxes are swept at a time.

// firstAtOnce is how many that are where nothing speaks for more. A sweep mostly waits for Graph.
const firstAtOnce = 64

// throttles counts the answers by which a vendor asks for fewer requests.
type throttles struct {
	http.RoundTripper
	count atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (t *throttles) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(r)
	if err == nil {
		switch response.StatusCode {
		case http.StatusTooManyRequests, http.StatusServiceUnavailable, bandwidthExceeded:
			t.count.Add(1)
		}
	}
	return response, err
}

// bandwidthExceeded is one of Graph's words for too much (errors.md).
const bandwidthExceeded = 509

// CloseIdleConnections is looked for by http.Client.
func (t *throttles) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// usage is what this process has used so far.
func (e *engine) usage() schedules.Usage {
	u := schedules.Usage{Processors: float64(runtime.GOMAXPROCS(0)), Memory: memoryUsed(), Throttled: e.throttles.count.Load()}
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		u.Processor = time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return u
}

// memoryUsed is the share of GOMEMLIMIT that lives: what is to be collected still does not count. 0 where there is no limit.
func memoryUsed() float64 {
	limit := debug.SetMemoryLimit(-1) // changes nothing
	if limit <= 0 || limit == math.MaxInt64 {
		return 0
	}
	lives := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	runtimemetrics.Read(lives)
	var sum uint64
	for _, s := range lives {
		if s.Value.Kind() == runtimemetrics.KindUint64 {
			sum += s.Value.Uint64()
		}
	}
	return float64(sum) / float64(limit)
}

package rest

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A wait of up to half a minute is taken in place; a longer one is the caller's business, since a mailbox is not worth holding
// for it. While everything fails, repeats stay below a tenth of the requests, so that an outage is not made worse.

// Patience is the longest wait that is taken in place.
const Patience = 30 * time.Second

// longest caps what a server can ask for; some have asked for years.
const longest = 24 * time.Hour

// RetryAfter reads a Retry-After header: seconds, possibly fractional (Graph sends 2.128), or an HTTP date by the clock that says
// now. It is rounded up to milliseconds, capped at a day, and 0 where there is none or it makes no sense.
func RetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if s, err := strconv.ParseFloat(header, 64); err == nil {
		if !(s > 0) || math.IsInf(s, 0) {
			return 0
		}
		return time.Duration(min(math.Ceil(s*1000), float64(longest/time.Millisecond))) * time.Millisecond
	}
	if t, err := http.ParseTime(header); err == nil && t.After(now) {
		return min(t.Sub(now), longest)
	}
	return 0
}

// retryAfter reads it from an answer, whose own Date says which clock a date is by.
func retryAfter(h http.Header) time.Duration {
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return RetryAfter(h.Get("Retry-After"), now)
}

// policy says how often and how fast requests are repeated. It is shared by all requests of a client.
type policy struct {
	budget atomic.Int64 // tenths of repeats that may still be made
}

const (
	maxRepeats = 3
	firstWait  = 300 * time.Millisecond // doubled each time

	maxBudget  = 200 // 20 repeats in a row
	costRepeat = 10
	gainDone   = 1
)

// next says whether to repeat after the try with the given number, counted from 0, and how long to wait first. after is what the
// server asked for, or 0; its gate takes care of that wait.
func (p *policy) next(try int, after time.Duration) (wait time.Duration, again bool) {
	if try >= maxRepeats || after > Patience {
		return 0, false
	}
	if p.budget.Add(-costRepeat) < 0 {
		p.budget.Add(costRepeat)
		return 0, false
	}
	if after > 0 {
		return 0, true
	}
	wait = firstWait << try
	return wait/2 + rand.N(wait), true
}

// succeeded earns a tenth of a repeat.
func (p *policy) succeeded() {
	if p.budget.Load() < maxBudget {
		p.budget.Add(gainDone)
	}
}

// Wait waits, unless ctx ends before.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

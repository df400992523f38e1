package simulator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Request is one line of the log of everything that was asked.
type Request struct {
	N       int64 // 1 is the first since New
	At      time.Time
	Service Service
	Method  string
	Call    string // what it is, see the tables of routes: PatchEvent, CreateMeeting, DeltaResume, Token
	Route   string // its path with parameters by name
	Mailbox string // address of the mailbox, or of the Webex host on whose behalf; "" when there is none
	Item    string // id of the event or meeting in the path
	Status  int    // 0: no answer
	Fault   string // name of the fault that struck
	Took    time.Duration
	Batch   int64 // N of the batch that it came in; 0 = none
}

// traffic is what the world knows of requests; it has a lock of its own, held only for moments.
type traffic struct {
	mu       sync.Mutex
	rng      *rand.Rand
	n        int64
	log      []Request
	rules    []*Injected
	flying   map[string]int       // mailbox → requests in flight
	most     map[string]int       // mailbox → most requests in flight so far
	until    map[string]time.Time // scope of a Retry-After → time before which nobody should ask
	answered map[string]time.Time // scope → when that was said
	before   []func(Request)
	after    []func(Request)
}

func (t *traffic) init(seed uint64) {
	t.rng = newRand(seed, "traffic")
	t.flying, t.most = map[string]int{}, map[string]int{}
	t.until, t.answered = map[string]time.Time{}, map[string]time.Time{}
}

// grace is how long after a Retry-After was sent a request may still be on its way without its sender knowing.
const grace = 100 * time.Millisecond

// maxInFlight is Graph's limit per application and mailbox (microsoft-graph.md 6).
const maxInFlight = 4

// begin numbers the request, watches the manners of the caller, and finds the fault that strikes it.
func (t *traffic) begin(c *call) *Fault {
	t.mu.Lock()
	t.n++
	c.N = t.n
	var broken []Violation
	for _, scope := range []string{c.scope, c.scope + " item " + c.Item} {
		if until := t.until[scope]; c.At.Before(until) && c.At.Sub(t.answered[scope]) > grace {
			broken = append(broken, Violation{Promise: "P12", Text: fmt.Sprintf("%s came %s before Retry-After had passed", c.Call, until.Sub(c.At).Round(time.Millisecond))})
		}
	}
	var fault *Fault
	if c.Service == Graph && c.Mailbox != "" {
		t.flying[c.Mailbox]++
		n := t.flying[c.Mailbox]
		t.most[c.Mailbox] = max(t.most[c.Mailbox], n)
		if n > maxInFlight {
			broken = append(broken, Violation{Promise: "P12", Text: fmt.Sprintf("%d requests in flight", n)})
			f := Refuse(http.StatusTooManyRequests, "ApplicationThrottled", "1")
			fault = &f
		}
	}
	if fault == nil {
		fault = t.strike(c.Request)
	}
	if fault != nil {
		c.Fault = fault.Name
	}
	t.mu.Unlock()
	for _, v := range broken {
		v.Request, v.Mailbox = c.N, c.Mailbox
		c.w.violated(v)
	}
	return fault
}

// strike gives the fault of the first rule that fits.
func (t *traffic) strike(r Request) *Fault {
	for _, rule := range t.rules {
		if rule.fits(r, t.rng) {
			f := rule.Fault
			return &f
		}
	}
	return nil
}

// end logs the request and notes a Retry-After.
func (t *traffic) end(c *call, a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.Service == Graph && c.Mailbox != "" {
		t.flying[c.Mailbox]--
	}
	if a != nil {
		if d, ok := retryAfter(a.header.Get("Retry-After"), c.w.now()); ok {
			scope := c.scope
			if a.status == http.StatusLocked { // binds only what is locked
				scope += " item " + c.Item
			}
			t.answered[scope], t.until[scope] = c.w.now(), c.w.now().Add(d)
		}
	}
	if len(t.log) >= c.w.opt.LogLimit {
		t.log = slices.Delete(t.log, 0, len(t.log)/10+1)
	}
	t.log = append(t.log, c.Request)
}

// run calls hooks in order, without any lock: a hook may take its time, cancel or kill the caller.
func (t *traffic) run(hooks []func(Request), r Request) {
	t.mu.Lock()
	hooks = slices.Clone(hooks)
	t.mu.Unlock()
	for _, hook := range hooks {
		hook(r)
	}
}

// retryAfter reads the header in any form that a server may send.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && seconds < math.MaxInt32 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now), true
	}
	return 0, false
}

// OnRequest calls hook before each request is done: from here the n-th call can be stopped, or its caller killed.
func (w *World) OnRequest(hook func(Request)) {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	w.traffic.before = append(w.traffic.before, hook)
}

// OnAnswer calls hook after each request was done and before its answer goes out.
func (w *World) OnAnswer(hook func(Request)) {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	w.traffic.after = append(w.traffic.after, hook)
}

// Unhook removes all hooks.
func (w *World) Unhook() {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	w.traffic.before, w.traffic.after = nil, nil
}

// Requests lists what was asked since New or ClearRequests, in the order of the answers.
func (w *World) Requests() []Request {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	return slices.Clone(w.traffic.log)
}

// ClearRequests forgets what was asked so far; numbers go on.
func (w *World) ClearRequests() {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	w.traffic.log = nil
}

// Count tells how many logged requests fit a pattern of path.Match for the call, and a mailbox; "" fits all.
func (w *World) Count(callPattern, mailbox string) int {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	n := 0
	for _, r := range w.traffic.log {
		if fitsCall(callPattern, r.Call) && (mailbox == "" || r.Mailbox == mailbox) {
			n++
		}
	}
	return n
}

// MostInFlight tells how many requests to a mailbox were under way at once at worst.
func (w *World) MostInFlight(mailbox string) int {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	return w.traffic.most[mailbox]
}

func fitsCall(pattern, call string) bool {
	ok, err := path.Match(pattern, call)
	return pattern == "" || err == nil && ok
}

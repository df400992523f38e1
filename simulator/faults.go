package simulator

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Fault is what happens to a request instead of being served. Most faults strike before anything is done; Applied turns them
// into faults after it was done.
type Fault struct {
	Name    string // for the log
	applied bool
	cut     bool          // the body ends in the middle
	delay   time.Duration // before
	linger  time.Duration // after it was done
	make    func(c *call, done *answer) *answer
}

// Applied is the same fault after the call was done: a 504 that was applied, a redirect after the deed.
func (f Fault) Applied() Fault {
	f.applied = true
	f.Name += " applied"
	return f
}

// After is the same fault some time later.
func (f Fault) After(d time.Duration) Fault {
	f.delay += d
	return f
}

// Refuse answers with an error in the service's own shape and does nothing. retryAfter is the header's value, "" = none.
func Refuse(status int, code, retryAfter string) Fault {
	return Fault{Name: fmt.Sprintf("refuse %d %s", status, code), make: func(c *call, _ *answer) *answer {
		a := c.refusal(status, code)
		if retryAfter != "" {
			a.set("Retry-After", retryAfter)
		}
		return a
	}}
}

// Lose cuts the connection before the request reaches the service.
func Lose() Fault {
	return Fault{Name: "lose", make: func(*call, *answer) *answer { return nil }}
}

// Unheard does what is asked and loses the answer.
func Unheard() Fault {
	f := Lose()
	f.Name, f.applied = "unheard", true
	return f
}

// Truncate does what is asked and cuts the answer in the middle of its body.
func Truncate() Fault {
	return Fault{Name: "truncate", applied: true, cut: true, make: asDone}
}

// HTML answers with a page for people, as proxies and portals do, with any status, 200 among them.
func HTML(status int) Fault {
	return Answer(status, http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		"<!DOCTYPE html><html><head><title>Service unavailable</title></head><body><h1>Sorry</h1></body></html>")
}

// Answer sends just this.
func Answer(status int, header http.Header, body string) Fault {
	return Fault{Name: fmt.Sprintf("answer %d", status), make: func(*call, *answer) *answer {
		return &answer{status: status, header: header.Clone(), body: []byte(body)}
	}}
}

// Delay serves the request after some time; a caller that goes away meanwhile has asked for nothing.
func Delay(d time.Duration) Fault {
	return Fault{Name: "delay", applied: true, delay: d, make: asDone}
}

// Slow serves the request at once and answers after some time: a caller that goes away meanwhile has had its way.
func Slow(d time.Duration) Fault {
	return Fault{Name: "slow", applied: true, linger: d, make: asDone}
}

func asDone(_ *call, done *answer) *answer { return done }

// Redirect sends the caller to another address.
func Redirect(to string) Fault {
	return Fault{Name: "redirect", make: func(*call, *answer) *answer {
		return (&answer{status: http.StatusFound}).set("Location", to)
	}}
}

// ForeignLink serves the request, and makes all links in the answer point to a host that nobody should talk to.
func ForeignLink() Fault {
	return edit("foreign link", func(c *call, a *answer) {
		c.w.mu.Lock()
		foreign := c.w.foreign
		c.w.mu.Unlock()
		replaceLinks(a, c.root, foreign)
	})
}

// OtherMailbox serves the request, and makes all links in the answer point into another mailbox of the right host.
func OtherMailbox(name string) Fault {
	return edit("other mailbox", func(c *call, a *answer) {
		if parts := strings.SplitN(c.r.URL.EscapedPath(), "/", 5); len(parts) == 5 && parts[2] == "users" {
			replaceLinks(a, "/users/"+parts[3]+"/", "/users/"+url.PathEscape(name)+"/")
		}
	})
}

// Change serves the request and lets change do anything to the body of the answer.
func Change(change func(body []byte) []byte) Fault {
	return edit("change", func(_ *call, a *answer) { a.body = change(a.body) })
}

func edit(name string, change func(*call, *answer)) Fault {
	return Fault{Name: name, applied: true, make: func(c *call, done *answer) *answer {
		if done != nil {
			done.body = slices.Clone(done.body)
			change(c, done)
		}
		return done
	}}
}

func replaceLinks(a *answer, from, to string) {
	a.body = bytes.ReplaceAll(a.body, []byte(from), []byte(to))
	for _, values := range a.header {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], from, to)
		}
	}
}

// Rule says which requests a fault strikes. Empty members fit all.
type Rule struct {
	Service     Service
	Method      string
	Call        string // pattern of path.Match: "Delta*", "CreateMeeting"
	Mailbox     string
	Item        string
	Nth         int     // only the n-th request that fits (1 = first)
	Every       int     // only each n-th request that fits
	Times       int     // at most so often; 0 = without end
	Probability float64 // 0 = always
	Match       func(Request) bool
	Fault       Fault
}

// Injected is a rule at work.
type Injected struct {
	Rule
	w    *World
	seen int
	hits int
}

// Fault puts a rule to work. Of several rules that fit, the oldest strikes.
func (w *World) Fault(rule Rule) *Injected {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	i := &Injected{Rule: rule, w: w}
	w.traffic.rules = append(w.traffic.rules, i)
	return i
}

// Heal takes all rules away.
func (w *World) Heal() {
	w.traffic.mu.Lock()
	defer w.traffic.mu.Unlock()
	w.traffic.rules = nil
}

// Remove takes the rule away.
func (i *Injected) Remove() {
	i.w.traffic.mu.Lock()
	defer i.w.traffic.mu.Unlock()
	i.w.traffic.rules = slices.DeleteFunc(i.w.traffic.rules, func(o *Injected) bool { return o == i })
}

// Hits tells how often the rule has struck.
func (i *Injected) Hits() int {
	i.w.traffic.mu.Lock()
	defer i.w.traffic.mu.Unlock()
	return i.hits
}

// fits is called with the lock of traffic held.
func (i *Injected) fits(r Request, rng *rand.Rand) bool {
	switch {
	case i.Service != "" && i.Service != r.Service,
		i.Method != "" && i.Method != r.Method,
		!fitsCall(i.Call, r.Call),
		i.Mailbox != "" && !strings.EqualFold(i.Mailbox, r.Mailbox),
		i.Item != "" && i.Item != r.Item,
		i.Match != nil && !i.Match(r),
		i.Times > 0 && i.hits >= i.Times:
		return false
	}
	i.seen++
	switch {
	case i.Nth > 0 && i.seen != i.Nth,
		i.Every > 0 && i.seen%i.Every != 0,
		i.Probability > 0 && rng.Float64() >= i.Probability:
		return false
	}
	i.hits++
	return true
}

package pages

import (
	"slices"
	"sync"
	"time"
)

// Line is one decision as operators see it. It holds no word of anybody's calendar.
type Line struct {
	At      time.Time `json:"at"`
	Mailbox string    `json:"mailbox"`
	Event   string    `json:"event"`
	Action  string    `json:"action"`
	Reason  string    `json:"reason"`
	Failed  string    `json:"failed,omitempty"` // why it could not be carried out now; "" if it was
}

// Request is a resync that was asked for.
type Request struct {
	Mailbox string `json:"mailbox"`
	ID      string `json:"id"` // in the stream
}

// Asked is what was asked for here in one go.
type Asked struct {
	At        time.Time
	Mailbox   string // "" for several
	Mailboxes int
	Accept    bool   // the removals that were held then are carried out
	ID        string // of the last request
}

// Journal keeps the latest decisions, and what was asked for here.
type Journal struct {
	mu    sync.Mutex
	lines []Line  // newest last; guarded by mu
	asked []Asked // likewise
}

// How many decisions are kept, and how many requests.
const kept, keptAsked = 100, 5

// Add adds a decision.
func (j *Journal) Add(l Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = last(kept, append(j.lines, l))
}

// ask adds what was asked for.
func (j *Journal) ask(requests []Request, accept bool, now time.Time) {
	if len(requests) == 0 {
		return
	}
	a := Asked{At: now, Mailboxes: len(requests), Accept: accept, ID: requests[len(requests)-1].ID}
	if len(requests) == 1 {
		a.Mailbox = requests[0].Mailbox
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.asked = last(keptAsked, append(j.asked, a))
}

// Latest gives the decisions, newest first.
func (j *Journal) Latest() []Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	return reversed(j.lines)
}

func (j *Journal) latestAsked() []Asked {
	j.mu.Lock()
	defer j.mu.Unlock()
	return reversed(j.asked)
}

// last gives the last n of some.
func last[T any](n int, all []T) []T {
	if len(all) <= n {
		return all
	}
	return append([]T(nil), all[len(all)-n:]...)
}

func reversed[T any](all []T) []T {
	out := slices.Clone(all)
	slices.Reverse(out)
	return out
}

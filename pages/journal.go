package pages

import (
	"sync"
	"time"
)

// Line is one decision as operators see it. It holds no word of anybody's calendar.
type Line struct {
	At      time.Time
	Mailbox string
	Event   string
	Action  string
	Reason  string
	Failed  string // why it could not be carried out now; "" if it was
}

// Journal keeps the latest decisions.
type Journal struct {
	mu    sync.Mutex
	lines []Line // newest last; guarded by mu
}

// kept is how many decisions are kept.
const kept = 100

// Add adds a decision.
func (j *Journal) Add(l Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, l)
	if len(j.lines) > kept {
		j.lines = append([]Line(nil), j.lines[len(j.lines)-kept:]...)
	}
}

// Latest gives the decisions, newest first.
func (j *Journal) Latest() []Line {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]Line, 0, len(j.lines))
	for i := len(j.lines) - 1; i >= 0; i-- {
		out = append(out, j.lines[i])
	}
	return out
}

package schedules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// memoryQueue is a queue within the test, shared by the runners in it.
type memoryQueue struct {
	mu    sync.Mutex
	due   [2]map[string]time.Time // by lane; guarded by mu
	down  bool                    // guarded by mu
	full  bool                    // there is no memory for writes; guarded by mu
	calls int                     // guarded by mu
}

func newMemoryQueue() *memoryQueue {
	return &memoryQueue{due: [2]map[string]time.Time{{}, {}}}
}

var errDown, errFull = errors.New("down"), errors.New("no memory")

func (q *memoryQueue) enter() (leave func(), err error) {
	q.mu.Lock()
	q.calls++
	if q.down {
		q.mu.Unlock()
		return nil, errDown
	}
	return q.mu.Unlock, nil
}

func (q *memoryQueue) Take(_ context.Context, lane Lane, n int, hold time.Duration) (Taken, error) {
	leave, err := q.enter()
	if err != nil {
		return Taken{}, err
	}
	defer leave()
	now := time.Now()
	if q.full && slices.ContainsFunc(slices.Collect(maps.Values(q.due[lane])), func(at time.Time) bool { return !at.After(now) }) {
		return Taken{}, errFull // what is handed out is written
	}
	taken := Taken{Next: -1, Size: len(q.due[lane])}
	type entry struct {
		at   time.Time
		name string
	}
	var due []entry
	for name, at := range q.due[lane] {
		if !at.After(now) {
			due = append(due, entry{at, name})
		} else if in := at.Sub(now); taken.Next < 0 || in < taken.Next {
			taken.Next = in
		}
	}
	slices.SortFunc(due, func(a, b entry) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.name, b.name)) })
	for _, e := range due[:min(n, len(due))] {
		held := now.Add(hold)
		q.due[lane][e.name] = held
		taken.Jobs = append(taken.Jobs, Job{Mailbox: e.name, Lane: lane, Late: now.Sub(e.at), Claim: fmt.Sprint(held.UnixNano()), Was: fmt.Sprint(e.at.UnixNano())})
	}
	if taken.Waiting = len(due) - len(taken.Jobs); taken.Waiting > 0 {
		taken.Next = 0
	}
	return taken, nil
}

func (q *memoryQueue) Put(_ context.Context, returns []Return) error {
	leave, err := q.enter()
	if err != nil {
		return err
	}
	defer leave()
	if q.full && len(returns) > 0 {
		return errFull
	}
	for _, r := range returns {
		is, ok := q.due[r.Lane][r.Mailbox]
		same := ok && fmt.Sprint(is.UnixNano()) == r.Claim
		if r.Gone || r.To != r.Lane {
			if same {
				delete(q.due[r.Lane], r.Mailbox)
			}
			is, ok = q.due[r.To][r.Mailbox]
			same = false
		}
		if !r.Gone && (!ok || same || is.After(r.At)) {
			q.due[r.To][r.Mailbox] = r.At
		}
	}
	return nil
}

func (q *memoryQueue) Hasten(_ context.Context, mailboxes []string) error {
	leave, err := q.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, name := range mailboxes {
		for lane := range q.due {
			if at, ok := q.due[lane][name]; ok && at.After(time.Now()) {
				q.due[lane][name] = time.Now()
			}
		}
	}
	return nil
}

func (q *memoryQueue) Fill(_ context.Context, mailboxes []string, first func(string) time.Duration) (added, removed int, err error) {
	leave, err := q.enter()
	if err != nil {
		return 0, 0, err
	}
	defer leave()
	for lane := range q.due {
		for name := range q.due[lane] {
			if !slices.Contains(mailboxes, name) {
				delete(q.due[lane], name)
				removed++
			}
		}
	}
	for _, name := range mailboxes {
		_, ordinary := q.due[Ordinary][name]
		_, full := q.due[Full][name]
		if !ordinary && !full {
			q.due[Full][name] = time.Now().Add(first(name))
			added++
		}
	}
	return added, removed, nil
}

func (q *memoryQueue) set(down bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.down = down
}

func (q *memoryQueue) fill(up bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.full = up
}

// later puts off what is due by now.
func (q *memoryQueue) later(by time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, lane := range q.due {
		for name, at := range lane {
			if !at.After(now) {
				lane[name] = now.Add(by)
			}
		}
	}
}

// writable is a write of nothing.
func (q *memoryQueue) writable(context.Context) error {
	leave, err := q.enter()
	if err != nil {
		return err
	}
	defer leave()
	if q.full {
		return errFull
	}
	return nil
}

// clear empties the queue, as a restart without its data does.
func (q *memoryQueue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due = [2]map[string]time.Time{{}, {}}
}

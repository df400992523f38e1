package schedules

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Runner works on mailboxes as they come due.
type Runner struct {
	Schedule Schedule
	// List gives the mailboxes to serve. It is asked again each half minute.
	List func(ctx context.Context) ([]string, error)
	// Work works on one mailbox and says when it is due again at the earliest; zero leaves that to the schedule.
	Work    func(ctx context.Context, mailbox string) (notBefore time.Time)
	Workers int

	wake chan string // mailboxes that should not wait
}

// NewRunner makes a runner.
func NewRunner(s Schedule, workers int) *Runner {
	return &Runner{Schedule: s, Workers: workers, wake: make(chan string, 1024)}
}

// Hasten makes a mailbox due at once. A mailbox that is being worked on comes again right after. Where too many wait already the
// call is dropped: losing a hint costs only time.
func (r *Runner) Hasten(mailbox string) {
	select {
	case r.wake <- mailbox:
	default:
	}
}

// relist is how often the list of mailboxes is read again.
const relist = 30 * time.Second

// Run serves until ctx ends, and returns when the last worker is done.
func (r *Runner) Run(ctx context.Context) {
	var workers sync.WaitGroup
	due, done := make(chan string), make(chan finished)
	for range r.Workers {
		workers.Go(func() {
			for mailbox := range due {
				done <- finished{mailbox, r.Work(ctx, mailbox)}
			}
		})
	}
	q := queue{schedule: r.Schedule, entries: map[string]*entry{}}
	r.loop(ctx, &q, due, done)
	close(due)
	for range q.busy {
		<-done
	}
	workers.Wait()
}

type finished struct {
	mailbox   string
	notBefore time.Time
}

func (r *Runner) loop(ctx context.Context, q *queue, due chan<- string, done <-chan finished) {
	r.refresh(ctx, q)
	list := time.NewTicker(relist)
	defer list.Stop()
	for {
		now := time.Now()
		next, wait := q.next(now)
		out := due
		if next == "" {
			out = nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case out <- next:
			q.start(next)
		case f := <-done:
			q.finish(f.mailbox, f.notBefore, time.Now())
		case mailbox := <-r.wake:
			q.hasten(mailbox, time.Now())
		case <-list.C:
			r.refresh(ctx, q)
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (r *Runner) refresh(ctx context.Context, q *queue) {
	mailboxes, err := r.List(ctx)
	if err != nil {
		return // the list as it was is as good as any; who gave it has said what is wrong
	}
	q.set(mailboxes, time.Now())
}

// queue knows when each mailbox is due. It is used by one goroutine.
type queue struct {
	schedule Schedule
	entries  map[string]*entry // mailbox → its entry
	waiting  byTime
	busy     int // mailboxes being worked on
}

type entry struct {
	mailbox string
	due     time.Time
	index   int // in waiting; -1 while it is being worked on
	again   bool
	gone    bool
}

// set makes the queue serve just these mailboxes.
func (q *queue) set(mailboxes []string, now time.Time) {
	wanted := map[string]bool{}
	for _, mailbox := range mailboxes {
		wanted[mailbox] = true
		if e, ok := q.entries[mailbox]; ok {
			e.gone = false
			continue
		}
		e := &entry{mailbox: mailbox, due: q.schedule.First(mailbox, now)}
		q.entries[mailbox] = e
		heap.Push(&q.waiting, e)
	}
	for mailbox, e := range q.entries {
		if wanted[mailbox] {
			continue
		}
		if e.index < 0 {
			e.gone = true
			continue
		}
		heap.Remove(&q.waiting, e.index)
		delete(q.entries, mailbox)
	}
}

// next is the mailbox that is due now, or "" and how long until one is.
func (q *queue) next(now time.Time) (mailbox string, wait time.Duration) {
	if len(q.waiting) == 0 {
		return "", time.Hour
	}
	first := q.waiting[0]
	if first.due.After(now) {
		return "", first.due.Sub(now)
	}
	return first.mailbox, time.Hour
}

func (q *queue) start(mailbox string) {
	heap.Remove(&q.waiting, q.entries[mailbox].index)
	q.busy++
}

func (q *queue) finish(mailbox string, notBefore, now time.Time) {
	q.busy--
	e := q.entries[mailbox]
	if e.gone {
		delete(q.entries, mailbox)
		return
	}
	e.due = q.schedule.Next(mailbox, now)
	if e.again {
		e.due = now
	}
	if e.due.Before(notBefore) {
		e.due = notBefore
	}
	e.again = false
	heap.Push(&q.waiting, e)
}

// hasten makes a mailbox due now, also where the vendor asked to wait: the sweep knows of that and asks nothing.
func (q *queue) hasten(mailbox string, now time.Time) {
	e, ok := q.entries[mailbox]
	switch {
	case !ok:
	case e.index < 0:
		e.again = true
	case e.due.After(now):
		e.due = now
		heap.Fix(&q.waiting, e.index)
	}
}

// byTime is a heap of entries, the soonest first.
type byTime []*entry

func (h byTime) Len() int           { return len(h) }
func (h byTime) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h byTime) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements [heap.Interface].
func (h *byTime) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop implements [heap.Interface].
func (h *byTime) Pop() any {
	old := *h
	e := old[len(old)-1]
	e.index = -1
	*h = old[:len(old)-1]
	return e
}

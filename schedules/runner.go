package schedules

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Runner works on mailboxes as the queue hands them out. Any number of runners, in as many processes, share one queue.
//
// What a runner took it has for the time that it holds it; it gives back what it is done with, in batches. One that dies gives
// nothing back, and the queue hands its mailboxes to others when that time is over. Whether two work on one mailbox all the same
// is not the queue's business but the lease's.
type Runner struct {
	Queue    Queue
	Schedule Schedule // gives new mailboxes their first time
	// List gives the mailboxes to serve.
	List func(ctx context.Context) ([]string, error)
	// Ready, if set, prepares jobs before they are worked on, many at once.
	Ready func(ctx context.Context, jobs []Job)
	// Work works on one mailbox and says when it comes again. It is called for each job that Ready got, also after ctx has ended.
	Work   func(ctx context.Context, j Job) Return
	AtOnce Limits // of how many are worked on at a time
	// Usage, if set, tells what bears on that.
	Usage func() Usage
	// Writable, if set, asks whether the queue takes writes. It is asked once the queue failed: an answer that took no write does not
	// say that the trouble is over.
	Writable func(ctx context.Context) error

	Hold   time.Duration // how long a mailbox is this process's
	Relist time.Duration // how often the list is read again
	Log    zerolog.Logger

	load     load
	enlisted atomic.Bool // the list may be another than it was
	crew     atomic.Pointer[crew]
	held     atomic.Value // Held
	// trouble is why the queue does not answer; nil while it does.
	trouble atomic.Pointer[error]
	wake    chan struct{}
	once    sync.Once // makes wake
}

const (
	// beat is the shortest time between two questions to the queue while it has nothing waiting: what comes due meanwhile comes
	// in one batch.
	beat = 200 * time.Millisecond
	// look is the longest: others may have made something due.
	look = time.Second
	// refill is how often the queue is compared with the list, though neither seems to have changed.
	refill = 5 * time.Minute
)

// Wake makes the runner ask the queue now.
func (r *Runner) Wake() {
	r.start()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Enlisted makes the runner read the list of mailboxes soon.
func (r *Runner) Enlisted() {
	r.enlisted.Store(true)
	r.Wake()
}

func (r *Runner) start() { r.once.Do(func() { r.wake = make(chan struct{}, 1) }) }

// Late is how much later than due mailboxes are swept, because there are too many; 0 where all is well.
func (r *Runner) Late() time.Duration { return r.load.late() }

// Crew is how many mailboxes are worked on now, how many there may be at a time, and what keeps that from growing while more wait.
func (r *Runner) Crew() (running, most int, held Held) {
	c := r.crew.Load()
	if c == nil {
		return 0, 0, ByNothing
	}
	held, _ = r.held.Load().(Held)
	running, most = c.now()
	return running, most, held
}

// Run serves until ctx ends. It returns when the last worker is done and everything is given back.
func (r *Runner) Run(ctx context.Context) {
	r.start()
	most := roomy(r.AtOnce.Most)
	c := &crew{work: func(j Job) Return { return r.Work(ctx, j) }, done: make(chan finished, most), width: min(r.AtOnce.First, r.AtOnce.Most)}
	r.crew.Store(c)
	s := &shift{Runner: r, crew: c, gauge: newGauge(r, c.width), busy: map[string]*held{}, register: &register{Runner: r, again: make(chan struct{}, 1)}}
	s.serve(ctx)
	c.all.Wait()
	s.collect()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), look)
	defer cancel()
	s.giveBack(closing)
}

// roomy is how many jobs there are where so many are worked on at a time: some more, so that none waits for the next batch.
func roomy(width int) int { return width + width/4 }

// forFull is how many full rounds there may be at a time: half of all, and few where ordinary sweeps wait.
func forFull(width, waiting int) int {
	most := min(width/2, fullAtOnce)
	if waiting > 0 {
		most /= 4
	}
	return max(1, most)
}

// Trouble is why no sweep begins; nil where all is well.
func (r *Runner) Trouble() error {
	if err := r.trouble.Load(); err != nil {
		return fmt.Errorf("the timetable does not answer: %w", *err)
	}
	return nil
}

// heard says once that the queue does not answer, and once that it does again.
func (r *Runner) heard(ctx context.Context, err error) {
	if err == nil && r.Writable != nil && r.trouble.Load() != nil {
		err = r.Writable(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err == nil:
		if r.trouble.Swap(nil) != nil {
			r.Log.Info().Msg("the timetable answers again")
		}
	case r.trouble.Swap(&err) == nil:
		r.Log.Error().Err(err).Msg("the timetable does not answer: no sweep begins until it does")
	}
}

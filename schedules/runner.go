package schedules

import (
	"context"
	"sync"
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
	Work    func(ctx context.Context, j Job) Return
	Workers int
	Hold    time.Duration // how long a mailbox is this process's
	Relist  time.Duration // how often the list is read again
	Log     zerolog.Logger

	load load
	wake chan struct{}
	once sync.Once // makes wake
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

func (r *Runner) start() { r.once.Do(func() { r.wake = make(chan struct{}, 1) }) }

// Late is how much later than due mailboxes are swept, because there are too many; 0 where all is well.
func (r *Runner) Late() time.Duration { return r.load.late() }

// Run serves until ctx ends. It returns when the last worker is done and everything is given back.
func (r *Runner) Run(ctx context.Context) {
	r.start()
	s := &shift{Runner: r, jobs: make(chan Job, r.most()), done: make(chan Return, r.most()), busy: map[string]*held{}}
	var workers sync.WaitGroup
	for range r.Workers {
		workers.Go(func() {
			for j := range s.jobs {
				s.done <- r.Work(ctx, j)
			}
		})
	}
	s.serve(ctx)
	close(s.jobs)
	workers.Wait()
	s.collect()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), look)
	defer cancel()
	s.giveBack(closing)
}

// most is how many jobs a runner has at a time: some more than it has workers, so that none waits for the next batch.
func (r *Runner) most() int { return r.Workers + r.Workers/4 }

// forFull is how many full rounds there may be at a time: half of the workers, and few where ordinary sweeps wait.
func (r *Runner) forFull(waiting int) int {
	if waiting > 0 {
		return max(1, r.Workers/8)
	}
	return max(1, r.Workers/2)
}

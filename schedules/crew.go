package schedules

import (
	"sync"
	"time"
)

// crew works on jobs, so many at a time as its width says. Who has nothing to do is not there.
type crew struct {
	work func(Job) Return
	done chan finished // has room for all jobs that there may be
	all  sync.WaitGroup

	mu      sync.Mutex
	width   int   // guarded by mu
	running int   // guarded by mu
	peak    int   // most that were running since somebody asked; guarded by mu
	pending []Job // guarded by mu
}

// finished is a job that is done.
type finished struct {
	Return
	took time.Duration
}

// add gives jobs to the crew.
func (c *crew) add(jobs ...Job) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending = append(c.pending, jobs...)
	c.begin()
}

// resize lets so many be worked on at a time; what is under way beyond that comes to its end.
func (c *crew) resize(width int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.width = width
	c.begin()
}

// begin begins what there is room for. Its caller holds mu.
func (c *crew) begin() {
	for c.running < c.width && len(c.pending) > 0 {
		j := c.pending[0]
		c.pending = c.pending[1:]
		c.running++
		c.all.Go(func() { c.serve(j) })
	}
	c.peak = max(c.peak, c.running)
}

// serve works on a job, and on others while there are some and room for them.
func (c *crew) serve(j Job) {
	for more := true; more; {
		began := time.Now()
		back := c.work(j)
		c.done <- finished{back, time.Since(began)}
		j, more = c.next()
	}
}

func (c *crew) next() (j Job, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running > c.width || len(c.pending) == 0 {
		c.running--
		return Job{}, false
	}
	j, c.pending = c.pending[0], c.pending[1:]
	return j, true
}

// busiest is how many were worked on at a time at most since it was asked last.
func (c *crew) busiest() (peak int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	peak, c.peak = c.peak, c.running
	return peak
}

// now is how many are worked on now, and how many there may be.
func (c *crew) now() (running, width int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running, c.width
}

package hints

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Collector gathers mailboxes and passes each on once, however often it is named. What it holds is bounded by the number of
// mailboxes that ever had a subscription of ours.
type Collector struct {
	// Pass takes what was gathered. What it fails to take is kept for the next time.
	Pass func(ctx context.Context, changed, ending []string) error
	// Failed, which may be nil, is told when passing fails and, with nil, when it works again.
	Failed func(error)

	turn sync.Mutex // one passes at a time

	mu      sync.Mutex
	changed map[string]bool // guarded by mu
	ending  map[string]bool // guarded by mu
	failing bool            // guarded by mu
	wake    chan struct{}   // guarded by mu; made by the first who needs it
}

// gather is how long hints gather before they are passed on.
const gather = 200 * time.Millisecond

// Add takes notices in. It never waits.
func (c *Collector) Add(n Notices) {
	if len(n.Changed) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed, c.ending = map[string]bool{}, map[string]bool{}
	}
	for _, m := range n.Changed {
		c.changed[m] = true
	}
	for _, m := range n.Ending {
		c.ending[m] = true
	}
	select {
	case c.bell() <- struct{}{}:
	default:
	}
}

// bell is called with mu held.
func (c *Collector) bell() chan struct{} {
	if c.wake == nil {
		c.wake = make(chan struct{}, 1)
	}
	return c.wake
}

// Flush passes on what is there.
func (c *Collector) Flush(ctx context.Context) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	c.mu.Lock()
	changed, ending := c.changed, c.ending
	c.changed, c.ending = nil, nil
	c.mu.Unlock()
	if len(changed) == 0 {
		return nil
	}
	err := c.Pass(ctx, slices.Sorted(maps.Keys(changed)), slices.Sorted(maps.Keys(ending)))
	if err != nil {
		c.Add(Notices{Changed: slices.Collect(maps.Keys(changed)), Ending: slices.Collect(maps.Keys(ending))})
	}
	c.told(ctx, err)
	return err
}

// told says once that passing fails, and once that it works.
func (c *Collector) told(ctx context.Context, err error) {
	c.mu.Lock()
	news := ctx.Err() == nil && (err != nil) != c.failing
	c.failing = c.failing != news
	c.mu.Unlock()
	if news && c.Failed != nil {
		c.Failed(err)
	}
}

// Run passes on what is added until ctx ends.
func (c *Collector) Run(ctx context.Context) {
	c.mu.Lock()
	bell := c.bell()
	c.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-bell:
		}
		rest := gather
		if c.Flush(ctx) != nil {
			rest = 5 * gather
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(rest):
		}
	}
}

package schedules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// bench is some runners on one queue, and what they did.
type bench struct {
	*testing.T
	queue    *memoryQueue
	schedule Schedule
	takes    time.Duration // of a sweep
	full     time.Duration // of a first one

	mu     sync.Mutex
	list   []string               // guarded by mu
	begun  map[string][]time.Time // guarded by mu
	busy   map[string]int         // guarded by mu
	fulls  int                    // guarded by mu
	atOnce int                    // most full rounds at a time; guarded by mu
	log    bytes.Buffer           // guarded by mu, through Write
}

func newBench(t *testing.T, spec string, mailboxes int) *bench {
	b := &bench{T: t, queue: newMemoryQueue(), schedule: parsed(t, spec), takes: 50 * time.Millisecond, begun: map[string][]time.Time{}, busy: map[string]int{}}
	b.full = b.takes
	b.list = names(mailboxes)["addresses"]
	return b
}

func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

func (b *bench) runner(workers int) *Runner {
	return &Runner{
		Queue: b.queue, Schedule: b.schedule, AtOnce: Limits{workers, workers}, Hold: 30 * time.Second, Relist: 30 * time.Second, Log: zerolog.New(b),
		List: func(context.Context) ([]string, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return slices.Clone(b.list), nil
		},
		Work: b.work,
	}
}

func (b *bench) work(ctx context.Context, j Job) Return {
	if ctx.Err() != nil {
		return Return{Job: j, At: time.Now(), To: j.Lane}
	}
	b.mu.Lock()
	b.begun[j.Mailbox] = append(b.begun[j.Mailbox], time.Now())
	b.busy[j.Mailbox]++
	if b.busy[j.Mailbox] > 1 {
		b.Errorf("%s is worked on twice at once", j.Mailbox)
	}
	takes := b.takes
	if j.Lane == Full {
		takes = b.full
		b.fulls++
		b.atOnce = max(b.atOnce, b.fulls)
	}
	b.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
	}
	b.mu.Lock()
	b.busy[j.Mailbox]--
	if j.Lane == Full {
		b.fulls--
	}
	b.mu.Unlock()
	return Return{Job: j, At: b.schedule.Next(j.Mailbox, time.Now()), To: Ordinary}
}

// during lets runners work for a time.
func (b *bench) during(d time.Duration, runners ...*Runner) {
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for _, r := range runners {
		all.Go(func() { r.Run(ctx) })
	}
	all.Wait()
}

// sweeps counts how often each mailbox was worked on, and forgets it.
func (b *bench) sweeps() (least, most, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	least = 1 << 30
	for _, name := range b.list {
		n := len(b.begun[name])
		least, most, total = min(least, n), max(most, n), total+n
	}
	b.begun = map[string][]time.Time{}
	return least, most, total
}

func TestEachMailboxIsSweptOnceARoundByAnyNumberOfRunners(t *testing.T) {
	for _, many := range []int{1, 3} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, "@every 1m", 200)
			var runners []*Runner
			for range many {
				runners = append(runners, b.runner(16))
			}
			b.during(10*time.Minute+10*time.Second, runners...)
			least, most, total := b.sweeps()
			if least < 10 || most > 12 {
				t.Errorf("%d runners: each mailbox was swept between %d and %d times in ten minutes", many, least, most)
			}
			b.queue.mu.Lock()
			defer b.queue.mu.Unlock()
			if calls := float64(b.queue.calls) / float64(total); calls > 6 {
				t.Errorf("%d runners: %.1f calls of the queue a sweep", many, calls)
			}
		})
	}
}

func TestWhatARunnerThatDiedHadIsSweptByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 1m", 50)
		b.during(2*time.Minute, b.runner(8))
		// One takes everything and is never heard of again.
		died := time.Now()
		b.sweeps()
		if _, err := b.queue.Take(t.Context(), Ordinary, 1000, 30*time.Second); err != nil {
			t.Fatal(err)
		}
		b.during(3*time.Minute, b.runner(8))
		for _, name := range b.list {
			if first := b.begun[name][0].Sub(died); first > 30*time.Second+time.Minute {
				t.Errorf("%s came after %v", name, first)
			}
		}
	})
}

func TestWhatIsHastenedComesAtOnceAlsoWhileItIsWorkedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@daily", 3)
		r := b.runner(2)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(time.Minute)
		b.sweeps()
		began := time.Now()
		b.takes = 5 * time.Second
		hasten := func() {
			if err := b.queue.Hasten(ctx, b.list[:1]); err != nil {
				t.Error(err)
			}
			r.Wake()
		}
		hasten()
		<-time.After(4 * time.Second)
		hasten() // while it is worked on
		hasten()
		<-time.After(time.Minute)
		cancel()
		<-done
		times := b.begun[b.list[0]]
		if len(times) != 2 || times[0].Sub(began) > 100*time.Millisecond || times[1].Sub(began) > 6*time.Second {
			t.Errorf("hastened at %v, swept at %v", began, times)
		}
		if _, _, total := b.sweeps(); total != 2 {
			t.Errorf("%d sweeps of three mailboxes", total)
		}
	})
}

func TestAMailboxHastenedLateInALongWorkComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@daily", 1)
		b.takes, b.full = 100*time.Second, 100*time.Second
		r := b.runner(4)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		time.AfterFunc(85*time.Second, func() { // it was put off by then, more than once
			if err := b.queue.Hasten(ctx, b.list); err != nil {
				t.Error(err)
			}
		})
		r.Run(ctx)
		if _, _, total := b.sweeps(); total != 2 {
			t.Errorf("%d sweeps", total)
		}
	})
}

func TestAWorkThatTakesLongerThanItIsHeldIsNotDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@daily", 1)
		b.takes, b.full = 100*time.Second, 100*time.Second
		b.during(10*time.Minute, b.runner(4))
		if _, _, total := b.sweeps(); total != 1 {
			t.Errorf("%d sweeps", total)
		}
	})
}

func TestAStopGivesBackWhatWasNotDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 1m", 100)
		b.during(time.Second, b.runner(8))
		now := time.Now()
		for lane := range b.queue.due {
			for name, at := range b.queue.due[lane] {
				if at.After(now.Add(10*time.Second)) && len(b.begun[name]) == 0 {
					t.Errorf("%s was not swept and waits for another %v", name, at.Sub(now))
				}
			}
		}
	})
}

func TestAQueueThatIsDownIsWaitedForAndAnEmptiedOneFilledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 1m", 100)
		ctx, cancel := context.WithCancel(t.Context())
		r := b.runner(8)
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(5 * time.Minute)
		b.queue.set(true)
		<-time.After(2 * time.Second)
		b.sweeps()
		<-time.After(5 * time.Minute)
		if _, _, total := b.sweeps(); total != 0 {
			t.Errorf("%d sweeps without a queue", total)
		}
		b.queue.clear()
		b.queue.set(false)
		<-time.After(30 * time.Second)
		if least, most, _ := b.sweeps(); least < 1 || most > 2 {
			t.Errorf("half a minute after it came back empty mailboxes were swept %d to %d times", least, most)
		}
		cancel()
		<-done
		if log := b.logged(); strings.Count(log, "does not answer") != 1 || strings.Count(log, "answers again") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

func TestAQueueThatAnswersAndTakesNoWritesIsSaidToBeDownOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 1m", 20)
		ctx, cancel := context.WithCancel(t.Context())
		r := b.runner(8)
		r.Writable = b.queue.writable
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(5 * time.Minute)
		if err := r.Trouble(); err != nil {
			t.Errorf("trouble while all is well: %v", err)
		}
		b.queue.fill(true)
		<-time.After(90 * time.Second) // all were due by then
		b.queue.later(10 * time.Second)
		for range 40 { // in which some are due, and some are not
			<-time.After(time.Second)
			if err := r.Trouble(); !errors.Is(err, errFull) {
				t.Errorf("trouble: %v", err)
			}
		}
		b.queue.fill(false)
		<-time.After(3 * time.Second)
		if err := r.Trouble(); err != nil {
			t.Errorf("trouble after it was over: %v", err)
		}
		cancel()
		<-done
		if log := b.logged(); strings.Count(log, "does not answer") != 1 || strings.Count(log, "answers again") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

func TestMailboxesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 10s", 4)
		ctx, cancel := context.WithCancel(t.Context())
		r := b.runner(8)
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(time.Minute)
		b.mu.Lock()
		gone := b.list[0]
		b.list = append(b.list[1:], "new@example.com")
		b.mu.Unlock()
		<-time.After(31 * time.Second)
		b.sweeps()
		<-time.After(time.Minute)
		cancel()
		<-done
		if len(b.begun[gone]) != 0 || len(b.begun["new@example.com"]) < 5 {
			t.Errorf("the one that went: %v, the one that came: %v", b.begun[gone], b.begun["new@example.com"])
		}
	})
}

func TestFullRoundsYieldToOrdinarySweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 1m", 300)
		b.during(2*time.Minute, b.runner(16))
		b.sweeps()
		old := slices.Clone(b.list)
		for i := range 1000 {
			b.list = append(b.list, fmt.Sprintf("new%d@example.com", i))
		}
		b.full = 10 * time.Second // 1000 of them are 1250 s for 8 workers
		b.atOnce = 0
		b.during(10*time.Minute, b.runner(16))
		if b.atOnce > 8 {
			t.Errorf("%d full rounds at once", b.atOnce)
		}
		first := 0
		for _, name := range b.list[300:] {
			first += min(1, len(b.begun[name]))
		}
		if first < 350 {
			t.Errorf("only %d first rounds in ten minutes", first)
		}
		b.list = old
		if least, _, _ := b.sweeps(); least < 9 {
			t.Errorf("an old mailbox was swept only %d times in ten minutes", least)
		}
	})
}

func TestOverloadIsSharedEvenlyAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 10s", 400)
		b.during(20*time.Second, b.runner(64))
		b.sweeps()
		b.takes = time.Second // 400 sweeps of a second are 100 s for 4 workers
		r := b.runner(4)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(20 * time.Minute)
		if r.Late() < 10*time.Second {
			t.Errorf("late by %v", r.Late())
		}
		least, most, total := b.sweeps()
		if least < 10 || most > least+3 || total < 4500 {
			t.Errorf("%d sweeps in all, each mailbox between %d and %d", total, least, most)
		}
		b.mu.Lock()
		b.list = b.list[:20]
		b.mu.Unlock()
		<-time.After(5 * time.Minute)
		cancel()
		<-done
		if r.Late() != 0 {
			t.Errorf("late by %v with little to do", r.Late())
		}
		if log := b.logged(); strings.Count(log, "overloaded: all") != 1 || strings.Count(log, "no longer overloaded") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

func TestMoreAreSweptAtATimeWhereTheVendorIsSlowAndFewerWhenItThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "@every 10s", 3000)
		b.takes, b.full = 300*time.Millisecond, 300*time.Millisecond
		var throttled atomic.Int64
		r := b.runner(64)
		r.AtOnce.Most = 512
		r.Usage = func() Usage { return Usage{Processors: 2, Throttled: throttled.Load()} }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		<-time.After(2 * time.Minute) // first rounds: 30 s and more for 32 at a time
		b.sweeps()
		<-time.After(time.Minute)
		// 300 sweeps a second are to be done, each of which takes 0.3 s: 64 at a time can do 213.
		_, most, held := r.Crew()
		least, _, total := b.sweeps()
		if most <= 64 || total < 17000 || least < 5 || r.Late() > 0 {
			t.Errorf("%d at a time at most, held by %q: %d sweeps in a minute, each mailbox %d times at least, late by %v", most, held, total, least, r.Late())
		}
		for range 10 { // half a minute of refusals
			throttled.Add(100)
			<-time.After(3 * time.Second)
		}
		if _, now, held := r.Crew(); now > most/4 || held != ByVendor {
			t.Errorf("throttled: from %d to %d at a time, held by %q", most, now, held)
		}
		b.mu.Lock()
		running := 0
		for _, n := range b.busy {
			running += n
		}
		b.mu.Unlock()
		if _, now, _ := r.Crew(); running > now {
			t.Errorf("%d are under way, of %d that there may be", running, now)
		}
		cancel()
		<-done
		if log := b.logged(); strings.Count(log, "asked for fewer requests") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

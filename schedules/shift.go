package schedules

import (
	"context"
	"slices"
	"sync"
	"time"
)

// shift is one run of a runner. It is used by one goroutine, which alone talks to the queue; the crew only takes jobs and gives
// them back.
type shift struct {
	*Runner
	crew  *crew
	gauge gauge
	busy  map[string]*held // mailbox → what was taken of it, and is not done
	full  int              // of these, in the lane of full rounds
	back  []Return         // what is done, and not given back yet

	register *register
	sizes    [2]int // of the lanes, at the last look
	waiting  int    // ordinary jobs left in the queue, at the last look
	// fullAt is when the lane of full rounds is looked at again: mostly it has nothing to do. fullMore is that it has.
	fullAt   time.Time
	fullMore bool
}

// held is a job that is this process's.
type held struct {
	Job
	again bool // it was hastened since
}

func (s *shift) serve(ctx context.Context) {
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	s.register.refresh(ctx) // else nobody knows whom to sweep
	var keeping sync.WaitGroup
	keeping.Go(func() { s.register.keep(ctx) })
	defer keeping.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			s.fullAt = time.Time{}
		case back := <-s.crew.done:
			s.note(back)
			if soon := time.Now().Add(beat); soon.Before(next) { // with what else is done by then
				next = soon
				timer.Reset(beat)
			}
			if !s.wanting() {
				continue
			}
		case <-timer.C:
		}
		s.collect()
		s.giveBack(ctx)
		wait := s.take(ctx)
		s.register.look(s.sizes[Ordinary] + s.sizes[Full])
		s.gauge.decide(s.crew)
		next = time.Now().Add(wait)
		timer.Reset(wait)
	}
}

// wanting reports whether there is more to do, and room for a batch of it.
func (s *shift) wanting() bool {
	return s.waiting > 0 && len(s.busy) <= s.width() || s.fullMore && s.full <= forFull(s.width(), s.waiting)/2
}

// width is how many jobs are worked on at a time.
func (s *shift) width() int { return s.gauge.width.now }

// collect notes all that is done.
func (s *shift) collect() {
	for {
		select {
		case back := <-s.crew.done:
			s.note(back)
		default:
			return
		}
	}
}

// note notes that a job is done.
func (s *shift) note(back finished) {
	s.gauge.finished(back.took)
	h := s.busy[back.Mailbox]
	delete(s.busy, back.Mailbox)
	if h.Lane == Full {
		s.full--
	}
	back.Job = h.Job
	if h.again {
		back.At = time.Now()
	}
	s.back = append(s.back, back.Return)
}

// giveBack tells the queue what is done. What it cannot be told now it is told later, and if that is too late it hands the
// mailbox out by itself.
func (s *shift) giveBack(ctx context.Context) {
	if len(s.back) == 0 {
		return
	}
	err := s.Queue.Put(ctx, s.back)
	s.heard(ctx, err)
	if err == nil || len(s.back) > 100*roomy(s.AtOnce.Most) {
		s.back = nil
	}
}

// take takes what is due, and says when to look again.
func (s *shift) take(ctx context.Context) time.Duration {
	wait := look
	s.waiting = 0
	for _, lane := range []Lane{Ordinary, Full} {
		n := roomy(s.width()) - len(s.busy)
		if lane == Full {
			n = min(n, forFull(s.width(), s.waiting)-s.full)
			if time.Now().Before(s.fullAt) {
				continue
			}
		}
		if n <= 0 {
			if lane == Ordinary {
				s.waiting = 1 // for all we know: whoever is done first asks
				s.gauge.looked(s.waiting)
			}
			continue
		}
		taken, err := s.Queue.Take(ctx, lane, n, s.Hold)
		s.heard(ctx, err)
		if err != nil {
			return look
		}
		s.begin(ctx, taken.Jobs)
		s.sizes[lane] = taken.Size
		if lane == Ordinary {
			s.waiting = taken.Waiting
			s.gauge.looked(s.waiting)
			s.load.heard(taken, s.gauge.width, s.Log, time.Now())
		}
		again := look
		if taken.Next >= 0 {
			again = min(look, max(beat, taken.Next))
		}
		if wait = min(wait, again); lane == Full {
			s.fullMore = taken.Waiting > 0
			if s.fullAt = time.Now().Add(again); s.fullMore {
				s.fullAt = time.Time{}
			}
		}
	}
	return wait
}

// begin hands jobs to the crew.
func (s *shift) begin(ctx context.Context, jobs []Job) {
	jobs = slices.DeleteFunc(jobs, func(j Job) bool { return s.twice(j) })
	if len(jobs) == 0 {
		return
	}
	if s.Ready != nil {
		s.Ready(ctx, jobs)
	}
	for _, j := range jobs {
		s.busy[j.Mailbox] = &held{Job: j}
		if j.Lane == Full {
			s.full++
		}
	}
	s.crew.add(jobs...)
}

// twice deals with a job of a mailbox that is being worked on: somebody hastened it, or the work takes longer than it was held for.
func (s *shift) twice(j Job) bool {
	h, ok := s.busy[j.Mailbox]
	if !ok {
		return false
	}
	if j.Lane != h.Lane {
		h.again = true
		s.back = append(s.back, Return{Job: j, Gone: true}) // out of that lane: it comes again in the other
		return true
	}
	h.again = h.again || j.Was != h.Claim
	h.Claim = j.Claim
	return true
}

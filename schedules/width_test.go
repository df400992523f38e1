package schedules

import (
	"testing"
	"time"
)

// ok is a span in which all is well: so many were done, each took so long.
func ok(done int, took time.Duration) Reading {
	return Reading{Done: done, Took: took, Span: watched, Peak: 1 << 20, Behind: true}
}

func (r Reading) with(change func(*Reading)) Reading {
	change(&r)
	return r
}

func TestTheWidthFollowsWhatWasSeen(t *testing.T) {
	limits := Limits{First: 64, Most: 512}
	const quick, slow = 100 * time.Millisecond, time.Second
	tried := func(from, to int, rate float64) width {
		return width{now: to, took: quick, trial: &trial{from, rate, quick}}
	}
	for _, c := range []struct {
		name string
		from width
		seen Reading
		want int
		held Held
	}{
		{"mailboxes wait, nothing was tried yet: half more", width{now: 64}, ok(600, quick), 96, ByNothing},
		{"nothing waits: it stays", width{now: 64}, ok(600, quick).with(func(r *Reading) { r.Behind = false }), 64, ByNothing},
		{"no more than is allowed", width{now: 400}, ok(600, quick), 512, ByNothing},
		{"as many as are allowed", width{now: 512}, ok(600, quick), 512, ByMost},
		{"half more were half more: they stay, and next time grow again", tried(64, 96, 200), ok(900, quick), 96, ByNothing},
		{"half more brought an eighth: they stay", tried(64, 96, 200), ok(676, quick), 96, ByNothing},
		{"half more brought less than that: back", tried(64, 96, 200), ok(670, quick), 64, ByVain},
		{"half more brought fewer: back", tried(64, 96, 200), ok(500, slow), 64, ByVain},
		{"half more, and nothing waits any longer: nothing to judge", tried(64, 96, 200), ok(500, quick).with(func(r *Reading) { r.Behind = false }), 96, ByNothing},
		{"after a failure nothing is tried for a while", width{now: 64, rest: 5, held: ByVain}, ok(600, quick), 64, ByVain},
		{"then it is", width{now: 64, rest: 1, held: ByVain}, ok(600, quick), 96, ByNothing},

		{"much slower than when it last grew: fewer are tried", width{now: 300, took: quick}, ok(600, slow), 200, ByNothing},
		{"but never fewer than at first", width{now: 80, took: quick}, ok(600, slow), 64, ByNothing},
		{"fewer are as many in the end: they stay", tried(300, 200, 200), ok(590, slow), 200, ByVain},
		{"fewer are fewer: back, the vendor is slow by itself", tried(300, 200, 200), ok(400, slow), 300, ByNothing},

		{"a vendor throttles: half", width{now: 400}, ok(600, quick).with(func(r *Reading) { r.Throttled = 30 }), 200, ByVendor},
		{"throttled, of what was used", width{now: 400}, ok(600, quick).with(func(r *Reading) { r.Throttled, r.Peak = 30, 100 }), 50, ByVendor},
		{"one mailbox is throttled: that is its own business", width{now: 512}, ok(600, quick).with(func(r *Reading) { r.Throttled = 5 }), 512, ByMost},
		{"one answer of few is none", width{now: 512}, ok(10, quick).with(func(r *Reading) { r.Throttled = 1 }), 512, ByMost},
		{"nothing gets through", width{now: 64}, ok(0, 0).with(func(r *Reading) { r.Throttled = 2 }), 32, ByVendor},
		{"throttled again at once: those were asked for before", width{now: 200, held: ByVendor, rest: restThrottled}, ok(600, quick).with(func(r *Reading) { r.Throttled = 30 }), 200, ByVendor},
		{"throttled on and on: half of the half", width{now: 200, held: ByVendor, rest: restThrottled - 3}, ok(600, quick).with(func(r *Reading) { r.Throttled = 30 }), 100, ByVendor},
		{"throttled to the last", width{now: 5}, ok(0, 0).with(func(r *Reading) { r.Throttled = 30 }), 4, ByVendor},
		{"where it was throttled it does not come again soon", width{now: 350, knee: 400, shy: 50}, ok(600, quick), 360, ByNothing},
		{"and stays below", width{now: 360, knee: 400, shy: 50}, ok(600, quick), 360, ByVendor},
		{"after a while a little more is dared", width{now: 360, knee: 400, shy: 1}, ok(600, quick), 396, ByNothing},

		{"little processor time is left: no more", width{now: 96}, ok(600, quick).with(func(r *Reading) { r.Processor = 0.9 }), 96, ByProcessor},
		{"none is left: fewer", width{now: 400}, ok(600, quick).with(func(r *Reading) { r.Processor = 0.97 }), 350, ByProcessor},
		{"none is left: as many as at first do no harm", width{now: 64}, ok(600, quick).with(func(r *Reading) { r.Processor = 1 }), 64, ByProcessor},
		{"little memory is left: no more", width{now: 96}, ok(600, quick).with(func(r *Reading) { r.Memory = 0.8 }), 96, ByMemory},
		{"none is left: fewer, and fewer than at first", width{now: 64}, ok(600, quick).with(func(r *Reading) { r.Memory = 0.95 }), 48, ByMemory},

		{"little to do: it shrinks slowly", width{now: 400}, Reading{Span: watched, Peak: 10}, 350, ByNothing},
		{"not below what it was at first", width{now: 64}, Reading{Span: watched}, 64, ByNothing},
		{"all is done in time with what there is: it stays", width{now: 400}, Reading{Span: watched, Peak: 390}, 400, ByNothing},
		{"after a throttle with little to do it comes back", width{now: 32, held: ByVendor}, Reading{Span: watched}, 40, ByNothing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.from.next(c.seen, limits); got.now != c.want || got.held != c.held {
				t.Errorf("%+v becomes %d, held by %q; want %d, %q", c.from, got.now, got.held, c.want, c.held)
			}
		})
	}
}

// plant is a world that answers: what a width brings.
type plant struct {
	delay   time.Duration // of the vendor
	most    float64       // sweeps a second that anything allows
	refuses float64       // sweeps a second above which the vendor throttles; 0 for never
}

func (p plant) reading(w int) Reading {
	rate := float64(w) / p.delay.Seconds()
	r := Reading{Span: watched, Peak: w, Behind: true, Took: p.delay}
	if p.refuses > 0 && rate > p.refuses {
		r.Throttled = int((rate - p.refuses) * watched.Seconds())
		rate = p.refuses
	}
	if rate > p.most {
		r.Took, rate = time.Duration(float64(w)/p.most*float64(time.Second)), p.most
	}
	r.Done = int(rate * watched.Seconds())
	return r
}

func TestTheWidthComesToRestWhereMoreBringsNothing(t *testing.T) {
	for _, c := range []struct {
		name        string
		world       plant
		most        int
		least, peak int // of the widths of the last ten minutes
	}{
		{"a slow vendor: as many as are allowed", plant{300 * time.Millisecond, 5000, 0}, 512, 512, 512},
		{"a slow vendor and a narrow limit", plant{300 * time.Millisecond, 5000, 0}, 20, 20, 20},
		{"a quick vendor and a slow machine: as at first", plant{10 * time.Millisecond, 1000, 0}, 512, 64, 96},
		{"a slow vendor and a slow machine: what keeps it busy", plant{300 * time.Millisecond, 500, 0}, 512, 144, 216},
		{"a vendor that throttles: below that, and not far", plant{300 * time.Millisecond, 5000, 1000}, 512, 120, 324},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits := Limits{First: 64, Most: c.most}
			w := width{now: min(64, c.most)}
			refused := 0
			for span := range 600 {
				r := c.world.reading(w.now)
				w = w.next(r, limits)
				if span < 400 {
					continue
				}
				if refused += r.Throttled; w.now < c.least || w.now > c.peak {
					t.Fatalf("%d at a time after %v, held by %q", w.now, time.Duration(span)*watched, w.held)
				}
			}
			if c.world.refuses > 0 && refused > 600 {
				t.Errorf("%d refusals in ten minutes", refused)
			}
		})
	}
}

func TestAVendorThatBecomesSlowerIsFollowed(t *testing.T) {
	limits := Limits{First: 64, Most: 512}
	w := width{now: 64}
	world := plant{100 * time.Millisecond, 2000, 0}
	for range 200 {
		w = w.next(world.reading(w.now), limits)
	}
	before := w.now
	world.delay = 500 * time.Millisecond
	least := w.now
	for range 200 {
		w = w.next(world.reading(w.now), limits)
		least = min(least, w.now)
	}
	if before > 324 || w.now != 512 || least < before*2/3 {
		t.Errorf("from %d by way of %d to %d", before, least, w.now)
	}
}

package schedules

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrewHasItsWidthAtOnceAndShrinksAsJobsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jobs = 100
		c := &crew{width: 8, done: make(chan finished, jobs), work: func(j Job) Return {
			<-time.After(time.Second)
			return Return{Job: j}
		}}
		for i := range jobs {
			c.add(Job{Mailbox: fmt.Sprint(i)})
		}
		running := func(want int) {
			t.Helper()
			synctest.Wait()
			if now, _ := c.now(); now != want {
				t.Errorf("%d at work, want %d", now, want)
			}
		}
		running(8)
		c.resize(20)
		running(20)
		c.resize(2)
		running(20) // nothing is broken off
		<-time.After(time.Second + time.Millisecond)
		running(2)
		if n := len(c.done); n != 20 {
			t.Errorf("%d are done after a second", n)
		}
		if peak := c.busiest(); peak != 20 {
			t.Errorf("a peak of %d", peak)
		}
		if peak := c.busiest(); peak != 2 {
			t.Errorf("a peak of %d since", peak)
		}
		c.all.Wait()
		running(0)
		seen := map[string]bool{}
		for range jobs {
			f := <-c.done
			seen[f.Mailbox] = true
			if f.took != time.Second {
				t.Errorf("%s took %v", f.Mailbox, f.took)
			}
		}
		if len(seen) != jobs {
			t.Errorf("%d of %d were worked on", len(seen), jobs)
		}
	})
}

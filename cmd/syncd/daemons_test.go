package main

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// fleet is several daemons on one Redis, and people at work.
type fleet struct {
	*site
	redis   *redistest.Server
	boxes   []*simulator.Mailbox
	crowd   *simulator.Crowd
	daemons []*exec.Cmd
	answers chan simulator.Request

	mu  sync.Mutex
	log bytes.Buffer // guarded by mu, through Write
}

func (f *fleet) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(p)
}

func (f *fleet) logged() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.String()
}

const fleetLease = 2 * time.Second

func newFleet(t testing.TB, seed uint64, daemons, mailboxes int) *fleet {
	f := &fleet{site: newSite(t, simulator.Options{Seed: seed}), answers: make(chan simulator.Request, 1)}
	f.redis = f.realRedis()
	names := []string{"alice@example.com"}
	for i := range mailboxes - 1 {
		names = append(names, fmt.Sprintf("m%d@example.com", i))
		f.world.AddMailbox(names[i+1])
	}
	for _, name := range names {
		f.boxes = append(f.boxes, f.world.Mailbox(name))
	}
	f.env["SYNCD_MAILBOXES"] = strings.Join(names, ",")
	f.env["SYNCD_SWEEP"], f.env["SYNCD_LEASE_TTL"] = "@every 1s", fleetLease.String()
	f.rest.Enrolled = names
	f.crowd = f.world.Crowd(seed, simulator.Habit{Singles: true}, f.boxes...)
	f.world.OnAnswer(func(r simulator.Request) {
		select {
		case f.answers <- r:
		default:
		}
	})
	t.Cleanup(f.world.Unhook)
	for range daemons {
		f.daemons = append(f.daemons, f.start())
	}
	return f
}

// start starts one more daemon; it is killed when the test ends.
func (f *fleet) start() *exec.Cmd {
	f.t.Helper()
	cmd := f.command("run")
	cmd.Stderr = f
	f.must(cmd.Start())
	f.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

func (f *fleet) signal(i int, s syscall.Signal) {
	f.t.Helper()
	f.must(f.daemons[i].Process.Signal(s))
}

// next waits for any answer that the simulator gives. Patience is for a busy machine.
func (f *fleet) next() simulator.Request {
	f.t.Helper()
	select {
	case r := <-f.answers:
		return r
	case <-time.After(3 * time.Minute):
		f.t.Fatalf("nobody asks anything any more\n%s", f.logged())
		panic("unreachable")
	}
}

// work lets people do so many things while the daemons are at it.
func (f *fleet) work(acts int) {
	f.t.Helper()
	for range acts {
		f.crowd.Act()
		for range 3 {
			f.next()
		}
	}
}

// settle waits until everything is as it should be.
func (f *fleet) settle(after string) {
	f.t.Helper()
	deadline := time.Now().Add(4 * time.Minute)
	for {
		f.next()
		err := f.world.Check(f.rest)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("after %s it does not come to rest:\n%v\n%s", after, err, f.logged())
		}
	}
}

// asked waits until all mailboxes were asked for.
func (f *fleet) asked() {
	f.t.Helper()
	seen := map[string]bool{}
	for len(seen) < len(f.boxes) {
		if r := f.next(); r.Mailbox != "" {
			seen[r.Mailbox] = true
		}
	}
}

func TestThreeDaemonsKeepEveryPromiseThroughKillFreezeAndAnEmptiedRedis(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 7, 3, 12)
	f.work(20)
	f.settle("the start")
	for victim := range 2 {

		f.work(10)
		f.signal(victim, syscall.SIGKILL)
		f.work(10)
		f.asked() // its mailboxes too
		f.settle("kill -9")
		f.daemons[victim] = f.start()

		f.work(5)
		other := (victim + 1) % 3
		f.signal(other, syscall.SIGSTOP)
		for began := time.Now(); time.Since(began) < 2*fleetLease; {
			f.work(2)
		}
		f.signal(other, syscall.SIGCONT)
		f.work(5)
		f.settle("a frozen daemon")

		f.work(5)
		f.redis.CLI("FLUSHALL")
		f.work(5)
		f.settle("FLUSHALL")

		f.work(5)
		f.redis.Kill()
		f.redis.Run() // empty: nothing was saved
		f.work(5)
		f.settle("a restart of Redis")
	}
	f.world.Audit(t, f.rest)
	for i := range f.daemons {
		f.signal(i, syscall.SIGTERM)
	}
	for _, d := range f.daemons {
		if err := d.Wait(); err != nil {
			t.Errorf("a daemon ended with %v", err)
		}
	}
}

// A replica takes over, which may lack what was written last, while one daemon is killed and another sleeps.
func TestThreeDaemonsKeepEveryPromiseThroughAFailoverOfRedis(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 9, 0, 12)
	sentinel := redistest.StartSentinel(t)
	f.redis, f.env["SYNCD_REDIS_URL"] = sentinel.Master, sentinel.URL
	for range 3 {
		f.daemons = append(f.daemons, f.start())
	}
	f.work(20)
	f.settle("the start")

	f.work(10)
	f.signal(0, syscall.SIGKILL)
	f.signal(1, syscall.SIGSTOP)
	f.work(5)
	sentinel.Master.Kill()
	f.work(10) // which only goes on when the replica has taken over
	f.signal(1, syscall.SIGCONT)
	f.daemons[0] = f.start()
	f.work(10)
	f.asked()
	f.settle("the failover")

	f.work(5)
	_, port, err := net.SplitHostPort(sentinel.Replica.Addr)
	f.must(err)
	redistest.CLI(t, "-p", port, "FLUSHALL")
	f.work(5)
	f.settle("FLUSHALL of what took over")
	f.world.Audit(t, f.rest)
}

func TestAMailboxIsEnrolledAndUnenrolledWhileDaemonsRun(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 8, 2, 3)
	f.settle("the start")
	f.boxes = append(f.boxes, f.world.AddMailbox("late@example.com"))
	if got := f.syncd("enroll", "late@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	f.asked()
	f.rest.Enrolled = append(f.rest.Enrolled, "late@example.com")
	f.world.Mailbox("late@example.com").Create(appointment(9, "@webex:onetime"))
	f.settle("enrolling")
	id := f.world.Mailbox("late@example.com").ID()
	place := f.queuedAt(id)
	if got := f.syncd("unenroll", "late@example.com"); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	left := func() error {
		if n := f.queued(); n != 3 {
			return fmt.Errorf("%d are in it", n)
		}
		return nil
	}
	redistest.Eventually(t, "it left the queue", left)
	f.redis.CLI("ZADD", place, "0", id) // as a sweep does that was under way
	redistest.Eventually(t, "it left the queue again", left)
}

// queuedAt is the part of the timetable that a mailbox is in.
func (f *fleet) queuedAt(id string) string {
	f.t.Helper()
	for i := range 16 {
		if key := fmt.Sprintf("syncd:due:%d", i); strings.TrimSpace(f.redis.CLI("ZSCORE", key, id)) != "" {
			return key
		}
	}
	f.t.Errorf("%s is not in the timetable", id)
	return ""
}

// queued counts what the timetable holds.
func (f *fleet) queued() (n int) {
	f.t.Helper()
	for i := range 16 {
		for _, lane := range []string{"due", "full"} {
			size, err := strconv.Atoi(strings.TrimSpace(f.redis.CLI("ZCARD", fmt.Sprintf("syncd:%s:%d", lane, i))))
			f.must(err)
			n += size
		}
	}
	return n
}

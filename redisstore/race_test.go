package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
)

// contested is how many mailboxes the processes race for.
const contested = 100

func contestedMailbox(i int) delta.Mailbox {
	return delta.Mailbox{ID: fmt.Sprintf("id-%02d", i), Address: fmt.Sprintf("m%02d@example.com", i)}
}

// race is a process that adds one to a register under a mailbox's lease, again and again, and prints what it wrote. Now and
// then it sleeps through its lease in the middle, or does not give it back.
func race(ctx context.Context, o Options, seed string) error {
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(n, n))
	for {
		i := random.IntN(contested)
		c, err := s.Claim(ctx, contestedMailbox(i))
		if errors.Is(err, delta.ErrLeased) {
			continue
		}
		if err != nil {
			return err
		}
		records, err := c.Records(ctx, []string{"register"})
		if err != nil {
			return err
		}
		if random.IntN(40) == 0 {
			<-time.After(o.LeaseTTL + o.LeaseTTL/4)
		}
		next := records["register"].Tries + 1
		err = c.Write(ctx, delta.Batch{
			Records: map[string]delta.Record{"register": {State: delta.Linked, Tries: next, Tag: seed}}, GiveUp: random.IntN(30) > 0,
		})
		switch {
		case err == nil:
			fmt.Println(i, next)
		case !errors.Is(err, delta.ErrLeaseLost):
			return err
		}
	}
}

// Two processes, each killed or frozen longer than its lease again and again: no number is written twice, that is, no two
// that believed to have a mailbox wrote both.
func TestTwoProcessesNeverWriteUnderOneLease(t *testing.T) {
	t.Run("redis", func(t *testing.T) {
		k := startRedis(t)
		k.options.LeaseTTL = 200 * time.Millisecond
		contest(t, k.options, k.dial())
	})
	t.Run("embedded", func(t *testing.T) {
		o := embedded(t, true)
		o.LeaseTTL = 200 * time.Millisecond
		daemon := mustOpen(t, o)
		t.Cleanup(func() { mustClose(t, daemon) })
		o.Serve = false
		contest(t, o, socketClient(filepath.Join(o.StateDir, "redis.sock")))
	})
}

func contest(t *testing.T, o Options, rdb redis.UniversalClient) {
	defer rdb.Close()
	written := map[int]map[int]bool{} // mailbox → what was written
	seed, total := 0, 0
	start := func() *child {
		seed++
		return startChild(t, "race", o, strconv.Itoa(seed))
	}
	both := [2]*child{start(), start()}
	note := func(line string, ok bool) {
		if !ok {
			return
		}
		var mailbox, value int
		if _, err := fmt.Sscan(line, &mailbox, &value); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if written[mailbox] == nil {
			written[mailbox] = map[int]bool{}
		}
		if written[mailbox][value] {
			t.Errorf("mailbox %d: %d was written twice", mailbox, value)
		}
		written[mailbox][value] = true
		total++
	}
	// watch reads on until one of the two has written so often.
	watch := func(who, often int) {
		for often > 0 {
			which, line, ok := 0, "", false
			select {
			case line, ok = <-both[0].lines:
			case line, ok = <-both[1].lines:
				which = 1
			}
			if !ok {
				t.Fatal("a process ended by itself")
			}
			note(line, ok)
			if which == who {
				often--
			}
		}
	}
	for round := range 16 {
		victim := round % 2
		watch(victim, 40)
		if round%4 < 2 {
			_ = both[victim].Process.Kill()
			for line := range both[victim].lines {
				note(line, true)
			}
			_ = both[victim].Wait()
			both[victim] = start()
			continue
		}
		_ = both[victim].Process.Signal(syscall.SIGSTOP)
		began := time.Now()
		for time.Since(began) < 2*o.LeaseTTL {
			watch(1-victim, 20)
		}
		_ = both[victim].Process.Signal(syscall.SIGCONT)
	}
	for _, c := range both {
		_ = c.Process.Kill()
		for line := range c.lines {
			note(line, true)
		}
	}
	for i := range contested {
		for value := range written[i] {
			record, err := delta.DecodeRecord(rdb.HGet(t.Context(), "syncd:{"+contestedMailbox(i).ID+"}:events", "register").Val())
			if err != nil || record.Tries < value {
				t.Fatalf("mailbox %d holds %d (%v), after %d was written", i, record.Tries, err, value)
			}
		}
	}
	t.Logf("%d writes to %d mailboxes by %d processes", total, len(written), seed)
}

package redisstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func TestAnotherProcessReachesARunningDaemon(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	s := mustOpen(t, o)
	defer mustClose(t, s)
	o.Serve = false
	c := startChild(t, "enroll", o, "alice@example.com")
	if got := c.line(t); got != "enrolled" {
		t.Fatal(got)
	}
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); len(got) != 1 || got[0].Address != "alice@example.com" {
		t.Errorf("enrolled: %v", got)
	}
	for range c.lines {
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
}

func TestCommandsAtOnceWithoutADaemonDoNotLoseEachOthersWrites(t *testing.T) {
	o := embedded(t, false)
	const many = 6
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			s, err := Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			address := fmt.Sprintf("m%d@example.com", i)
			if err := errors.Join(s.Enroll(t.Context(), delta.Mailbox{ID: address, Address: address}), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(t.Context())); len(got) != many {
		t.Errorf("%d of %d are enrolled", len(got), many)
	}
}

func TestACommandThatLeavesWaitsForThoseItLetIn(t *testing.T) {
	o := embedded(t, false)
	host := mustOpen(t, o)
	guest := mustOpen(t, o)
	left := make(chan error)
	go func() { left <- host.Close() }()
	redistest.Eventually(t, "the name of the socket is gone", func() error {
		if answers(filepath.Join(o.StateDir, "redis.sock")) {
			return errors.New("not yet")
		}
		return nil
	})
	const many = 5
	for i := range many {
		address := fmt.Sprintf("m%d@example.com", i)
		if err := guest.Enroll(t.Context(), delta.Mailbox{ID: address, Address: address}); err != nil {
			t.Error(err)
		}
		further := guest.rdb.(*redis.Client).Conn() // one of its own
		defer further.Close()
		if err := further.Ping(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	}
	mustClose(t, guest)
	if err := <-left; err != nil {
		t.Error(err)
	}
	next := mustOpen(t, o)
	defer mustClose(t, next)
	if got := must[[]delta.Mailbox](t)(next.Mailboxes(t.Context())); len(got) != many {
		t.Errorf("%d of %d are enrolled", len(got), many)
	}
}

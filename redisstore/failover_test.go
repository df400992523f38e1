package redisstore

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func openAt(t testing.TB, url string, ttl time.Duration) *Store {
	t.Helper()
	s := mustOpen(t, Options{URL: url, LeaseTTL: ttl, Log: zerolog.Nop()})
	t.Cleanup(func() { mustClose(t, s) })
	return s
}

// serves checks that mailboxes can be claimed and written to, as soon as Redis answers again.
func serves(t testing.TB, s *Store, mailboxes ...delta.Mailbox) {
	t.Helper()
	for _, m := range mailboxes {
		redistest.Eventually(t, "work resumes", func() error {
			c, err := s.Claim(t.Context(), m)
			if err != nil {
				return err
			}
			return c.Write(t.Context(), delta.Batch{Cursor: &delta.Cursor{State: delta.OK}, GiveUp: true})
		})
	}
}

func TestWorkResumesAfterASentinelFailover(t *testing.T) {
	ctx := t.Context()
	sentinel := redistest.StartSentinel(t)
	s := openAt(t, sentinel.URL, time.Second)
	m := delta.Mailbox{ID: "id", Address: "alice@example.com"}
	c := must[*Claim](t)(s.Claim(ctx, m))
	if err := errors.Join(s.Enroll(ctx, m), c.Write(ctx, everything())); err != nil {
		t.Fatal(err)
	}
	replica := redis.NewClient(&redis.Options{Addr: sentinel.Replica.Addr})
	defer replica.Close()
	redistest.Eventually(t, "the replica has it", func() error { return replica.HGet(ctx, "syncd:{id}:events", "done").Err() })
	sentinel.Master.Kill()
	serves(t, s, m, delta.Mailbox{ID: "other"})
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); len(got) != 1 {
		t.Errorf("enrolled after the failover: %v", got)
	}
	if err := c.Write(ctx, everything()); !errors.Is(err, delta.ErrLeaseLost) {
		t.Errorf("a claim from before, after another one: %v", err)
	}
}

func TestWorkResumesAfterAClusterFailover(t *testing.T) {
	cluster := redistest.StartCluster(t, 3, 1)
	s := openAt(t, cluster.URL, time.Second)
	var mailboxes []delta.Mailbox
	for i := range 30 { // on all nodes
		mailboxes = append(mailboxes, contestedMailbox(i))
	}
	serves(t, s, mailboxes...)
	cluster.Nodes[0].Kill()
	serves(t, s, mailboxes...)
}

func TestNothingIsLostWhileSlotsMove(t *testing.T) {
	ctx := t.Context()
	cluster := redistest.StartCluster(t, 3, 0)
	s := openAt(t, cluster.URL, time.Second)
	var writing sync.WaitGroup
	var stop atomic.Bool
	const mailboxes = 20
	acknowledged := make([]int, mailboxes)
	writing.Go(func() {
		for i := 0; !stop.Load(); i = (i + 1) % mailboxes {
			if n, err := increment(ctx, s, contestedMailbox(i)); err == nil {
				acknowledged[i] = n
			} else if !errors.Is(err, delta.ErrLeased) {
				t.Logf("while slots move: %v", err)
			}
		}
	})
	from, to := cluster.Nodes[0], cluster.Nodes[1]
	id := func(node *redistest.Server) string {
		return redistest.CLI(t, "-u", node.URL, "CLUSTER", "MYID")[:40]
	}
	redistest.CLI(t, "--cluster", "reshard", from.Addr, "--cluster-from", id(from), "--cluster-to", id(to), "--cluster-slots", "5461", "--cluster-yes")
	stop.Store(true)
	writing.Wait()
	for i, n := range acknowledged {
		records := must[map[string]delta.Record](t)(must[*Claim](t)(s.Peek(ctx, contestedMailbox(i))).AllRecords(ctx))
		if got := records["register"].Tries; got < n || n == 0 {
			t.Errorf("mailbox %d holds %d, after %d was acknowledged", i, got, n)
		}
	}
}

// increment adds one to a mailbox's register.
func increment(ctx context.Context, s *Store, m delta.Mailbox) (int, error) {
	c, err := s.Claim(ctx, m)
	if err != nil {
		return 0, err
	}
	records, err := c.Records(ctx, []string{"register"})
	if err != nil {
		return 0, err
	}
	n := records["register"].Tries + 1
	return n, c.Write(ctx, delta.Batch{Records: map[string]delta.Record{"register": {State: delta.Linked, Tries: n}}, GiveUp: true})
}

func TestALeaseDoesNotSurviveTheLossOfRedis(t *testing.T) {
	ctx := t.Context()
	server := redistest.Start(t)
	s := openAt(t, server.URL, time.Minute)
	m := delta.Mailbox{ID: "id"}
	c := must[*Claim](t)(s.Claim(ctx, m))
	server.Kill()
	if err := c.Write(ctx, delta.Batch{}); err == nil || errors.Is(err, delta.ErrLeaseLost) {
		t.Errorf("without Redis: %v, want an error that is no lost lease", err)
	}
	server.Run()
	redistest.Eventually(t, "redis answers", func() error { return s.Ping(ctx) })
	if err := c.Write(ctx, everything()); !errors.Is(err, delta.ErrLeaseLost) {
		t.Errorf("after Redis lost everything: %v", err)
	}
	again := must[*Claim](t)(s.Claim(ctx, m))
	if again.Cursor() != (delta.Cursor{State: delta.New}) {
		t.Errorf("cursor %+v", again.Cursor())
	}
	if err := c.Write(ctx, everything()); !errors.Is(err, delta.ErrLeaseLost) {
		t.Errorf("the fencing tokens began anew, and a claim from before: %v", err)
	}
}

func TestNoLeaseHoldsWhileRedisDoesNotAnswer(t *testing.T) {
	ctx := t.Context()
	server := redistest.Start(t)
	s := openAt(t, server.URL+"?read_timeout=100ms&max_retries=-1", 500*time.Millisecond)
	c := must[*Claim](t)(s.Claim(ctx, delta.Mailbox{ID: "id"}))
	server.Freeze()
	defer server.Thaw()
	redistest.Eventually(t, "the lease is not believed in any more", func() error {
		if err := c.Write(ctx, delta.Batch{}); err == nil {
			t.Fatal("a frozen server answered")
		}
		if c.Holds() == nil {
			return errors.New("it is")
		}
		return nil
	})
}

func TestALostAnswerDoesNoHarm(t *testing.T) {
	ctx := t.Context()
	server := redistest.StartTCP(t)
	lossy := startLossy(t, server.Addr)
	s := openAt(t, "redis://"+lossy.addr, time.Minute)
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer rdb.Close()
	m := delta.Mailbox{ID: "id"}
	must[int](t)(increment(ctx, s, m)) // now the server knows the scripts

	before := rdb.Get(ctx, "syncd:{id}:fence").Val()
	lossy.lose()
	c, err := s.Claim(ctx, m)
	if err != nil || !lossy.lost() {
		t.Fatalf("a claim whose answer got lost: %v", err)
	}
	if after := rdb.Get(ctx, "syncd:{id}:fence").Val(); before != "1" || after != "2" {
		t.Errorf("a claim that was sent twice took the fence from %s to %s", before, after)
	}

	lossy.lose()
	b := everything()
	if err := c.Write(ctx, b); err != nil || !lossy.lost() {
		t.Fatalf("a write whose answer got lost: %v", err)
	}
	if links := rdb.LRange(ctx, "syncd:{id}:cursors", 0, -1).Val(); len(links) != 1 {
		t.Errorf("links after a write that was sent twice: %v", links)
	}

	lossy.lose()
	if err := c.Write(ctx, delta.Batch{Cursor: &delta.Cursor{Link: "last"}, GiveUp: true}); !errors.Is(err, delta.ErrLeaseLost) || !lossy.lost() {
		t.Errorf("giving up, and the answer got lost: %v", err)
	}
	if c := must[*Claim](t)(s.Claim(ctx, m)); c.Cursor().Link != "last" {
		t.Errorf("cursor %+v", c.Cursor())
	}
}

// lossy passes on what a client and a server say, and loses an answer when told to: the connection breaks instead.
type lossy struct {
	addr  string
	armed atomic.Bool
}

func startLossy(t *testing.T, server string) *lossy {
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	l := &lossy{addr: listener.Addr().String()}
	var passing sync.WaitGroup
	passing.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			passing.Go(func() { l.pass(client, upstream, false) })
			passing.Go(func() { l.pass(upstream, client, true) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); passing.Wait() })
	return l
}

func (l *lossy) pass(from, to net.Conn, answers bool) {
	defer from.Close()
	defer to.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if err != nil || answers && l.armed.CompareAndSwap(true, false) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (l *lossy) lose()      { l.armed.Store(true) }
func (l *lossy) lost() bool { return !l.armed.Load() }

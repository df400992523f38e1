package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"syncd/delta"
)

// embedded are the options of an embedded store of a test's own.
func embedded(t testing.TB, serve bool) Options {
	return Options{URL: "embedded", StateDir: filepath.Join(stateDir(t), "state"), LeaseTTL: time.Minute, Serve: serve, Log: zerolog.Nop()}
}

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEmbeddedStateSurvivesARestart(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	s := mustOpen(t, o)
	m := delta.Mailbox{ID: "id", Address: "alice@example.com"}
	if err := errors.Join(s.Enroll(ctx, m), s.SetWebexToken(ctx, "sealed")); err != nil {
		t.Fatal(err)
	}
	must[string](t)(s.RequestResync(ctx, m.Address, true))
	if _, _, err := s.TakeResyncs(ctx, NamesOf([]delta.Mailbox{m})); err != nil {
		t.Fatal(err)
	}
	later := must[string](t)(s.RequestResync(ctx, "bob@example.com", false))
	c := must[*Claim](t)(s.Claim(ctx, m))
	asked, _, _ := strings.Cut(later, "-")
	for fmt.Sprint(s.rdb.Time(ctx).Val().UnixMilli()) <= asked { // what is held is held later than that, by the server's clock
		runtime.Gosched()
	}
	if err := c.Write(ctx, everything()); err != nil {
		t.Fatal(err)
	}
	odd := "\xff\x00\r\n$5\r\n*3"
	s.rdb.Set(ctx, "an operator's", odd, time.Hour)
	s.rdb.ZAdd(ctx, "scores", redis.Z{Score: 1763719200.123456, Member: odd}, redis.Z{Score: -1e300, Member: "low"})
	rig := &rig{T: t, rdb: s.rdb, prefix: "syncd:"}
	before := rig.dump(m)
	mustClose(t, s)

	s = mustOpen(t, o)
	defer mustClose(t, s)
	rig.rdb = s.rdb
	after := rig.dump(m)
	_, before, _ = strings.Cut(before, "\n") // without the lease
	if lease, rest, _ := strings.Cut(after, "\n"); rest != before || lease != "lease " {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); !slices.Equal(got, []delta.Mailbox{m}) {
		t.Errorf("enrolled: %v", got)
	}
	if got := must[string](t)(s.WebexToken(ctx)); got != "sealed" {
		t.Errorf("token %q", got)
	}
	if got := s.rdb.XRange(ctx, "syncd:resync", "-", "+").Val(); len(got) != 1 || got[0].ID != later || got[0].Values["mailbox"] != "bob@example.com" {
		t.Errorf("requests: %v", got)
	}
	if got, ttl := s.rdb.Get(ctx, "an operator's").Val(), s.rdb.PTTL(ctx, "an operator's").Val(); got != odd || ttl < 50*time.Minute || ttl > time.Hour {
		t.Errorf("%q for %v", got, ttl)
	}
	if got := s.rdb.ZScore(ctx, "scores", odd).Val(); got != 1763719200.123456 {
		t.Errorf("score %f", got)
	}
	again := must[*Claim](t)(s.Claim(ctx, m))
	if again.Resync() == nil || !again.Resync().Accept || len(again.Accepted()) != 0 {
		t.Errorf("after a restart: %+v", again)
	}
}

func TestASecondDaemonIsRefused(t *testing.T) {
	o := embedded(t, true)
	s := mustOpen(t, o)
	_, err := Open(t.Context(), o)
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Dir != o.StateDir || !strings.Contains(err.Error(), o.StateDir) {
		t.Errorf("a second daemon: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("the first one: %v", err)
	}
	mustClose(t, s)
	mustClose(t, mustOpen(t, o))
}

func TestADaemonWaitsForACommandThatHasTheStoreForAMoment(t *testing.T) {
	o := embedded(t, true)
	lock := locked(t, o)
	opened := make(chan error)
	go func() {
		s, err := Open(context.Background(), o)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

func TestACommandThatFindsNobodyHomeSaysSo(t *testing.T) {
	o := embedded(t, false)
	defer locked(t, o).Close() // a process that has the store and does not answer, as long as it starts
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, o); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func locked(t testing.TB, o Options) *os.File {
	t.Helper()
	if err := os.MkdirAll(o.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	return must[*os.File](t)(lockFile(filepath.Join(o.StateDir, "redis.lock")))
}

func TestTheStateFolderIsItsOwnersAlone(t *testing.T) {
	o := embedded(t, true)
	s := mustOpen(t, o)
	mode := func(name string) fs.FileMode {
		return must[os.FileInfo](t)(os.Stat(filepath.Join(o.StateDir, name))).Mode()
	}
	if got := mode("redis.sock"); got != fs.ModeSocket|0o600 {
		t.Errorf("socket: %v", got)
	}
	if got := mode("."); got != fs.ModeDir|0o700 {
		t.Errorf("folder: %v", got)
	}
	if err := s.SetWebexToken(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	for _, name := range []string{"redis.snapshot", "redis.lock"} {
		if got := mode(name); got != 0o600 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if names := files(t, o.StateDir); !slices.Equal(names, []string{"redis.lock", "redis.snapshot"}) {
		t.Errorf("left behind: %v", names)
	}
}

// files are the names in a folder.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	for _, entry := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		names = append(names, entry.Name())
	}
	return names
}

func TestTheSocketOfADeadDaemonIsReplaced(t *testing.T) {
	o := embedded(t, true)
	if err := os.MkdirAll(filepath.Join(o.StateDir, "redis.sock.new"), 0o700); err != nil {
		t.Fatal(err)
	}
	listener := must[net.Listener](t)(net.Listen("unix", filepath.Join(o.StateDir, "redis.sock")))
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = listener.Close()
	reader := o
	reader.Serve, reader.ReadOnly = false, true
	mustClose(t, mustOpen(t, reader)) // finds nobody there, and a copy will do

	s := mustOpen(t, o)
	defer mustClose(t, s)
	o.Serve = false
	other := mustOpen(t, o)
	defer mustClose(t, other)
	if err := other.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAStateFolderMayHaveALongName(t *testing.T) {
	o := embedded(t, true)
	o.StateDir = filepath.Join(o.StateDir, strings.Repeat("long", 30), strings.Repeat("name", 30))
	s := mustOpen(t, o)
	defer mustClose(t, s)
	o.Serve = false
	other := mustOpen(t, o)
	defer mustClose(t, other)
	if err := other.SetWebexToken(t.Context(), "there"); err != nil {
		t.Fatal(err)
	}
	if got := must[string](t)(s.WebexToken(t.Context())); got != "there" {
		t.Errorf("token %q", got)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	reader := o
	reader.Serve, reader.ReadOnly = false, true

	s := mustOpen(t, reader)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); len(got) != 0 {
		t.Errorf("enrolled in an empty store: %v", got)
	}
	mustClose(t, s)
	if _, err := os.Stat(o.StateDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made the state folder: %v", err)
	}

	daemon := mustOpen(t, o)
	m := delta.Mailbox{ID: "id", Address: "alice@example.com"}
	if err := daemon.Enroll(ctx, m); err != nil {
		t.Fatal(err)
	}
	mustClose(t, daemon)
	before := must[[]byte](t)(os.ReadFile(filepath.Join(o.StateDir, "redis.snapshot")))

	s = mustOpen(t, reader)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); len(got) != 1 {
		t.Errorf("enrolled: %v", got)
	}
	if err := s.SetWebexToken(ctx, "nobody is to see this"); err != nil {
		t.Fatal(err)
	}
	// Meanwhile a command may write: what it does is not lost in the copy.
	writer := o
	writer.Serve = false
	w := mustOpen(t, writer)
	if err := w.Enroll(ctx, delta.Mailbox{ID: "id2", Address: "bob@example.com"}); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	mustClose(t, w)
	if after := must[[]byte](t)(os.ReadFile(filepath.Join(o.StateDir, "redis.snapshot"))); bytes.Equal(after, before) || bytes.Contains(after, []byte("nobody")) {
		t.Errorf("the snapshot holds %q", after)
	}
	if names := files(t, o.StateDir); !slices.Equal(names, []string{"redis.lock", "redis.snapshot"}) {
		t.Errorf("left behind: %v", names)
	}
	s = mustOpen(t, o)
	defer mustClose(t, s)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(ctx)); len(got) != 2 {
		t.Errorf("enrolled: %v", got)
	}
}

func TestAClientThatDoesNotReadStopsNobodyElse(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if err := s.SetWebexToken(ctx, strings.Repeat("long", 1<<18)); err != nil {
		t.Fatal(err)
	}
	hung := must[net.Conn](t)(net.Dial("unix", filepath.Join(o.StateDir, "redis.sock")))
	defer hung.Close()
	if _, err := hung.Write([]byte(strings.Repeat("*2\r\n$3\r\nGET\r\n$17\r\nsyncd:webex:token\r\n", 20))); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		within, cancel := context.WithTimeout(ctx, 3*time.Minute)
		if _, err := s.WebexToken(within); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
}

func TestNothingIsLeftRunningAfterClose(t *testing.T) {
	o := embedded(t, true)
	running := goleak.IgnoreCurrent()
	s := mustOpen(t, o)
	o.Serve = false
	other := mustOpen(t, o)
	if err := errors.Join(other.SetWebexToken(t.Context(), "x"), s.Ping(t.Context())); err != nil {
		t.Fatal(err)
	}
	hung := must[net.Conn](t)(net.Dial("unix", filepath.Join(o.StateDir, "redis.sock")))
	defer hung.Close()
	mustClose(t, other)
	mustClose(t, s)
	goleak.VerifyNone(t, running)
}

// A lease lasts at least as long as its holder counts on, whenever within a step of the store's clock it was taken, and not
// much longer.
func TestTheEmbeddedClockIsNeverFast(t *testing.T) {
	for offset := time.Duration(0); offset < 2*clockStep; offset += 97 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			e := &Embedded{mini: miniredis.NewMiniRedis(), file: filepath.Join(stateDir(t), "none"), stop: make(chan struct{}), log: zerolog.Nop()}
			if err := e.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			e.done.Go(e.tick)
			s := &Store{rdb: e.newClient(""), embedded: e, schema: schema{"syncd:"}, leaseTTL: 2 * time.Second, slack: embeddedSlack}
			defer s.Close()
			<-time.After(offset)
			began := time.Now()
			c := must[*Claim](t)(s.Claim(t.Context(), delta.Mailbox{ID: "id"}))
			for e.mini.Exists("syncd:{id}:lease") {
				<-time.After(time.Millisecond)
			}
			took := time.Since(began)
			if took < s.leaseTTL || took > s.leaseTTL+embeddedSlack+clockStep {
				t.Errorf("taken %v into a step, a lease of %v lasted %v", offset, s.leaseTTL, took)
			}
			if c.Holds() == nil {
				t.Errorf("taken %v into a step, the lease had ended while it was believed to hold", offset)
			}
		})
	}
}

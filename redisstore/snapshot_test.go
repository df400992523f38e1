package redisstore

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

// filled makes an embedded store with one served mailbox, closes it and returns its snapshot's path.
func filled(t testing.TB, o Options) (delta.Mailbox, string) {
	t.Helper()
	s := mustOpen(t, o)
	m := delta.Mailbox{ID: "0e5c4c2c", Address: "alice@example.com"}
	if err := errors.Join(s.Enroll(t.Context(), m), s.SetWebexToken(t.Context(), "sealed")); err != nil {
		t.Fatal(err)
	}
	if err := must[*Claim](t)(s.Claim(t.Context(), m)).Write(t.Context(), everything()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	return m, filepath.Join(o.StateDir, "redis.snapshot")
}

// damage is what a damaged snapshot comes to: whether the mailboxes are still known. It must be a store without cursors and
// with a warning, or the test fails.
func damage(t *testing.T, o Options, what string, raw []byte) (mailboxes bool) {
	t.Helper()
	ctx := t.Context()
	file := filepath.Join(o.StateDir, "redis.snapshot")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o.Log = zerolog.New(&log)
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if !strings.Contains(log.String(), "snapshot lost") || !strings.Contains(log.String(), `"level":"warn"`) {
		t.Errorf("%s: no warning: %s", what, log.String())
	}
	if kept, err := os.ReadFile(file + ".damaged"); err != nil || !bytes.Equal(kept, raw) {
		t.Errorf("%s: the damaged file was not kept: %v", what, err)
	}
	m := delta.Mailbox{ID: "0e5c4c2c", Address: "alice@example.com"}
	c, err := s.Claim(ctx, m)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return false
	}
	records, err := c.AllRecords(ctx)
	if err != nil || len(records) != 0 || c.Cursor() != (delta.Cursor{State: delta.New}) || len(c.Waiting()) != 0 || len(c.HeldRemovals()) != 0 {
		t.Errorf("%s: cursor %+v, records %v, %v", what, c.Cursor(), records, err)
	}
	enrolled, err := s.Mailboxes(ctx)
	if err != nil || len(enrolled) > 0 && !slices.Equal(enrolled, []delta.Mailbox{m}) {
		t.Errorf("%s: enrolled %v, %v", what, enrolled, err)
	}
	if err := s.embedded.save(); err != nil {
		t.Error(err)
	}
	return len(enrolled) == 1
}

func TestADamagedSnapshotIsAnEmptyStoreWithAWarning(t *testing.T) {
	o := embedded(t, true)
	_, file := filled(t, o)
	sound := must[[]byte](t)(os.ReadFile(file))
	shared := bytes.Index(sound, []byte(markShared)) + len(markShared) + 10 // the end of what all mailboxes share

	for cut := 0; cut < len(sound); cut += 1 + len(sound)/40 {
		if known := damage(t, o, fmt.Sprintf("cut at byte %d", cut), sound[:cut]); known != (cut >= shared) {
			t.Errorf("cut at byte %d of %d, shared until %d: mailboxes known %v", cut, len(sound), shared, known)
		}
	}
	for at := 0; at < len(sound); at += 1 + len(sound)/60 {
		flipped := bytes.Clone(sound)
		flipped[at] ^= 1 << (at % 8)
		if known := damage(t, o, fmt.Sprintf("bit flipped in byte %d", at), flipped); known != (at >= shared) {
			t.Errorf("bit flipped in byte %d of %d, shared until %d: mailboxes known %v", at, len(sound), shared, known)
		}
	}
	for what, raw := range map[string][]byte{
		"empty": {}, "foreign": []byte(`{"syncd":"snapshot 1"}` + "\n"), "zeros": make([]byte, 4096), "a redis dump": []byte("REDIS0010\xfa\tredis-ver"),
		"too long": append(bytes.Clone(sound), "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"...), "twice": append(bytes.Clone(sound), sound...),
		"another version":   bytes.Replace(sound, []byte("snapshot 1"), []byte("snapshot 2"), 1),
		"huge count":        []byte(snapshotHead + "*99999999999\r\n"),
		"huge length":       []byte(snapshotHead + "*2\r\n$4\r\nECHO\r\n$99999999999\r\n"),
		"negative":          []byte(snapshotHead + "*-2\r\n$-4\r\n"),
		"a command of ours": []byte(snapshotHead + "*2\r\n$4\r\nEVAL\r\n$1\r\nx\r\n"),
	} {
		known := damage(t, o, what, raw)
		if want := what == "too long" || what == "twice"; known != want {
			t.Errorf("%s: mailboxes known %v", what, known)
		}
	}
}

func TestALostSnapshotIsAnEmptyStore(t *testing.T) {
	o := embedded(t, true)
	m, file := filled(t, o)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if c := must[*Claim](t)(s.Claim(t.Context(), m)); c.Cursor() != (delta.Cursor{State: delta.New}) {
		t.Errorf("cursor %+v", c.Cursor())
	}
}

// A file that is there and cannot be read is no empty store: the next snapshot would take its place.
func TestASnapshotThatCannotBeReadIsAnError(t *testing.T) {
	o := embedded(t, true)
	_, file := filled(t, o)
	if err := errors.Join(os.Rename(file, file+".x"), os.Mkdir(file, 0o700)); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), o); err == nil {
		t.Error("opened")
		mustClose(t, s)
	}
	if err := errors.Join(os.Remove(file), os.Rename(file+".x", file)); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, o)
	defer mustClose(t, s)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(t.Context())); len(got) != 1 {
		t.Errorf("enrolled: %v", got)
	}
}

func TestAStoreAtRestIsNotWrittenAgain(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	m, file := filled(t, o)
	s := mustOpen(t, o)
	defer mustClose(t, s)
	unchanged := func() bool {
		before := must[os.FileInfo](t)(os.Stat(file))
		if err := s.embedded.save(); err != nil {
			t.Fatal(err)
		}
		return os.SameFile(before, must[os.FileInfo](t)(os.Stat(file)))
	}
	if _, err := s.Views(ctx, []delta.Mailbox{m}, true); err != nil || s.Ping(ctx) != nil {
		t.Fatal(err)
	}
	if !unchanged() {
		t.Error("written after being looked at")
	}
	c := must[*Claim](t)(s.Claim(ctx, m))
	for try := range 2 { // a command is counted before it is carried out
		if unchanged() {
			t.Errorf("not written after a claim, try %d", try)
		}
	}
	if _, err := s.Claim(ctx, m); !errors.Is(err, delta.ErrLeased) {
		t.Fatal(err)
	}
	if !unchanged() {
		t.Error("written after a claim that was refused")
	}
	if err := c.Write(ctx, delta.Batch{GiveUp: true}); err != nil {
		t.Fatal(err)
	}
	if unchanged() {
		t.Error("not written after a write")
	}
}

func TestWhatATransactionWritesAfterASnapshotIsNotLost(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	s := mustOpen(t, o)
	client := socketClient(filepath.Join(o.StateDir, "redis.sock"))
	defer client.Close()
	conn := client.Conn()
	for _, command := range [][]any{{"MULTI"}, {"SET", "syncd:webex:token", "queued"}} {
		if err := conn.Do(ctx, command...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := s.embedded.save(); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Do(ctx, "EXEC").Err(); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	mustClose(t, s)
	s = mustOpen(t, o)
	defer mustClose(t, s)
	if got := must[string](t)(s.WebexToken(ctx)); got != "queued" {
		t.Errorf("token %q", got)
	}
}

// A cursor says that everything before it is written down. In a snapshot that was written meanwhile it must say the truth too.
func TestNoCursorInASnapshotIsAheadOfItsRecords(t *testing.T) {
	ctx := t.Context()
	o := embedded(t, true)
	s := mustOpen(t, o)
	defer mustClose(t, s)
	const many = 100
	mailbox := func(i int) delta.Mailbox { return delta.Mailbox{ID: fmt.Sprintf("id%d", i)} }
	for i := range many {
		c := must[*Claim](t)(s.Claim(ctx, mailbox(i)))
		if err := c.Write(ctx, delta.Batch{Cursor: &delta.Cursor{State: delta.New}, GiveUp: true}); err != nil {
			t.Fatal(err)
		}
	}
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := range many {
			c, err := s.Claim(ctx, mailbox(i))
			if err == nil {
				err = c.Write(ctx, delta.Batch{
					Records: map[string]delta.Record{"e": {State: delta.Linked}}, Cursor: &delta.Cursor{Link: "moved", State: delta.OK}, GiveUp: true,
				})
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	seen := 0
	for seen < many && !t.Failed() {
		file := filepath.Join(t.TempDir(), "snapshot")
		if err := save(ctx, s.embedded.client, file); err != nil {
			t.Fatal(err)
		}
		commands, err := parseSnapshot(must[[]byte](t)(os.ReadFile(file)))
		if err != nil {
			t.Fatal(err)
		}
		records := map[string]bool{}
		for _, command := range commands {
			if base, ok := strings.CutSuffix(command[1], ":events"); ok {
				records[base] = true
			}
		}
		seen = 0
		for _, command := range commands {
			if base, ok := strings.CutSuffix(command[1], ":cursor"); ok && slices.Contains(command, "moved") {
				seen++
				if !records[base] {
					t.Errorf("%s: the cursor moved, and the record is not there", base)
				}
			}
		}
	}
	writing.Wait()
}

func TestAKillWhileASnapshotIsWrittenKeepsOneThatIsWhole(t *testing.T) {
	o := embedded(t, true)
	for round := range 6 {
		c := startChild(t, "busy", o, "")
		if got := c.line(t); got != "busy" {
			t.Fatal(got)
		}
		// Now the process writes one snapshot after the other; a kill finds it anywhere in one.
		redistest.Eventually(t, "a snapshot is under way", func() error {
			info, err := os.Stat(filepath.Join(o.StateDir, "redis.snapshot.new"))
			if err == nil && info.Size() < int64(round)<<16 {
				err = errors.New("not yet")
			}
			return err
		})
		c.kill()
		var log bytes.Buffer
		o.Log = zerolog.New(&log)
		s := mustOpen(t, o)
		if log.Len() > 0 {
			t.Errorf("after a kill: %s", log.String())
		}
		mailboxes := must[[]delta.Mailbox](t)(s.Mailboxes(t.Context()))
		if len(mailboxes) != 50 {
			t.Errorf("%d mailboxes are enrolled", len(mailboxes))
		}
		for _, m := range mailboxes {
			checkWhole(t, s, m)
		}
		mustClose(t, s)
	}
}

// checkWhole checks that a mailbox's records are those of its cursor's round.
func checkWhole(t *testing.T, s *Store, m delta.Mailbox) {
	t.Helper()
	c := must[*Claim](t)(s.Peek(t.Context(), m))
	records := must[map[string]delta.Record](t)(c.AllRecords(t.Context()))
	if c.Cursor().Generation > 0 && len(records) != 40 {
		t.Errorf("%s: generation %d with %d records", m.Address, c.Cursor().Generation, len(records))
	}
	for id, record := range records {
		if record.Tries != c.Cursor().Generation {
			t.Errorf("%s: record %s is of round %d, the cursor of round %d", m.Address, id, record.Tries, c.Cursor().Generation)
		}
	}
}

func TestASnapshotMovesIntoARealRedis(t *testing.T) {
	o := embedded(t, true)
	m, file := filled(t, o)
	server := redistest.Start(t)
	in := must[*os.File](t)(os.Open(file))
	defer in.Close()
	redistest.Feed(t, in, "-s", server.Socket, "--pipe")
	s := mustOpen(t, Options{URL: server.URL, LeaseTTL: time.Minute, Log: zerolog.Nop()})
	defer mustClose(t, s)
	if got := must[[]delta.Mailbox](t)(s.Mailboxes(t.Context())); !slices.Equal(got, []delta.Mailbox{m}) {
		t.Errorf("enrolled: %v", got)
	}
	c := must[*Claim](t)(s.Claim(t.Context(), m))
	if c.Cursor().State != delta.OK || len(c.Waiting()) != 1 || len(c.HeldRemovals()) != 1 || len(must[map[string]delta.Record](t)(c.AllRecords(t.Context()))) != 2 {
		t.Errorf("%+v", c)
	}
}

func TestASnapshotThatCannotBeWrittenLeavesTheOldOne(t *testing.T) {
	o := embedded(t, true)
	_, file := filled(t, o)
	sound := must[[]byte](t)(os.ReadFile(file))
	s := mustOpen(t, o)
	if err := s.SetWebexToken(t.Context(), "new"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := save(ctx, s.embedded.client, file); err == nil {
		t.Error("saved")
	}
	if got := must[[]byte](t)(os.ReadFile(file)); !bytes.Equal(got, sound) {
		t.Error("the old snapshot is another")
	}
	if names := files(t, o.StateDir); slices.Contains(names, "redis.snapshot.new") {
		t.Errorf("left behind: %v", names)
	}
	mustClose(t, s)
}

func FuzzSnapshot(f *testing.F) {
	write := func(key, field, value string) []byte {
		var file bytes.Buffer
		w := newSnapshotWriter(bufio.NewWriter(&file))
		w.key(snapshotKey{name: key, ttl: 5 * time.Millisecond}, redis.NewStringResult(value, nil))
		w.mark(markShared)
		w.key(snapshotKey{name: key}, redis.NewStringSliceResult([]string{field, value, "", field}, nil))
		w.mark(markEnd)
		if err := w.flush(); err != nil {
			f.Fatal(err)
		}
		return file.Bytes()
	}
	f.Add("k", "f", "v", write("k", "f", "v"), uint(3))
	f.Add("\r\n*2", "$4", "ECHO", []byte(snapshotHead), uint(77))
	f.Fuzz(func(t *testing.T, key, field, value string, raw []byte, at uint) {
		if commands, err := parseSnapshot(raw); err == nil && len(commands) > len(raw) {
			t.Error("more commands than bytes")
		}
		file := write(key, field, value)
		commands, err := parseSnapshot(file)
		want := [][]string{{"SET", key, value}, {"PEXPIRE", key, "5"}, {"RPUSH", key, field, value, "", field}}
		if err != nil || fmt.Sprintf("%q", commands) != fmt.Sprintf("%q", want) {
			t.Errorf("%q, %v, want %q", commands, err, want)
		}
		file[at%uint(len(file))] ^= 1 << (at % 8)
		if commands, err := parseSnapshot(file); err == nil {
			t.Errorf("a flipped bit went unseen: %q", commands)
		}
	})
}

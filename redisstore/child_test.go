package redisstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"syncd/delta"
)

// childRole in the environment makes the test binary another process of syncd, for tests that kill one.
const childRole = "REDISSTORE_TEST_ROLE"

var roles = map[string]func(ctx context.Context, o Options, arg string) error{
	"enroll": enrollOne, "busy": keepWriting, "race": race,
}

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(childRole)]
	if !ok {
		// The client looks for a dead server each second, and sees only then that it was closed.
		goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
		return
	}
	ttl, err := time.ParseDuration(os.Getenv("REDISSTORE_TEST_TTL"))
	if err == nil {
		err = role(context.Background(), Options{
			URL: os.Getenv("REDISSTORE_TEST_URL"), StateDir: os.Getenv("REDISSTORE_TEST_DIR"), LeaseTTL: ttl, Log: zerolog.Nop(),
		}, os.Getenv("REDISSTORE_TEST_ARG"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a running process in a role.
type child struct {
	*exec.Cmd
	lines chan string // what it prints; closed when it has ended
}

// startChild runs a role in a process of its own, until it ends or the test does.
func startChild(t testing.TB, role string, o Options, arg string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childRole+"="+role, "REDISSTORE_TEST_URL="+o.URL, "REDISSTORE_TEST_DIR="+o.StateDir,
		"REDISSTORE_TEST_TTL="+o.LeaseTTL.String(), "REDISSTORE_TEST_ARG="+arg)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: cmd, lines: make(chan string)}
	go func() {
		defer close(c.lines)
		for printed := bufio.NewReader(out); ; {
			line, err := printed.ReadString('\n')
			if err != nil {
				return // half a line is none: the process was killed while it wrote
			}
			c.lines <- line[:len(line)-1]
		}
	}()
	t.Cleanup(c.kill)
	return c
}

// kill ends the process as kill -9 does.
func (c *child) kill() {
	if c.ProcessState != nil {
		return
	}
	_ = c.Process.Kill()
	for range c.lines {
	}
	_ = c.Wait()
}

// line waits for the next line that the process prints.
func (c *child) line(t testing.TB) string {
	t.Helper()
	line, ok := <-c.lines
	if !ok {
		t.Fatal("the other process has ended")
	}
	return line
}

// enrollOne is `syncd enroll`.
func enrollOne(ctx context.Context, o Options, address string) error {
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	err = s.Enroll(ctx, delta.Mailbox{ID: "id-" + address, Address: address})
	if closing := s.Close(); err == nil {
		err = closing
	}
	fmt.Println("enrolled")
	return err
}

// keepWriting is a daemon that never rests.
func keepWriting(ctx context.Context, o Options, _ string) error {
	o.Serve = true
	s, err := Open(ctx, o)
	if err != nil {
		return err
	}
	for round := 1; ; round++ {
		for i := range 50 {
			m := delta.Mailbox{ID: fmt.Sprintf("id-%d", i), Address: fmt.Sprintf("m%d@example.com", i)}
			if err := s.Enroll(ctx, m); err != nil {
				return err
			}
			c, err := s.Claim(ctx, m)
			if err != nil {
				return err
			}
			records := map[string]delta.Record{}
			for e := range 40 {
				records[eventID(e)] = delta.Record{State: delta.Linked, Tries: round}
			}
			b := delta.Batch{Records: records, Cursor: &delta.Cursor{Generation: round, State: delta.OK}, GiveUp: true}
			if err := c.Write(ctx, b); err != nil {
				return err
			}
		}
		if err := s.embedded.save(); err != nil { // again and again, so that a kill meets one under way
			return err
		}
		if round == 1 {
			fmt.Println("busy")
		}
	}
}

package main

import (
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"syncd/redisstore/redistest"
	"syncd/simulator"
)

// killedAt runs a sweep that is killed while its n-th remote call is being answered. It reports whether there were that many.
func (s *site) killedAt(n int) bool {
	s.t.Helper()
	cmd := s.command("sweep", "--json")
	started := make(chan struct{})
	var calls atomic.Int32
	s.world.OnAnswer(func(simulator.Request) {
		if calls.Add(1) == int32(n) {
			<-started
			_ = cmd.Process.Kill()
		}
	})
	defer s.world.Unhook()
	err := cmd.Start()
	close(started)
	s.must(err)
	_ = cmd.Wait() // killed, or done
	return int(calls.Load()) >= n
}

// goOn sweeps. Where the machine is too busy for a lease of two seconds the sweep says so, and the next one goes on from there.
func (s *site) goOn() {
	s.t.Helper()
	got := s.syncd("sweep")
	for range 3 {
		if got.code != exitFailed || !strings.Contains(got.err, "lease lost") {
			break
		}
		got = s.syncd("sweep")
	}
	if got.code != 0 {
		s.t.Errorf("sweep: exit code %d\n%s", got.code, got.err)
	}
}

// busy is a calendar that was swept, and in which then everything changed.
func (s *site) busy() {
	s.t.Helper()
	alice := s.alice()
	renamed := alice.Create(appointment(8, "@webex:onetime"))
	moved := alice.Create(appointment(9, "@webex:onetime"))
	released := alice.Create(appointment(10, "@webex:onetime"))
	deleted := alice.Create(appointment(11, "@webex:onetime"))
	grown := alice.Create(appointment(12, "@webex"))
	s.goOn()
	s.must(alice.Edit(renamed.ID, func(d *simulator.Draft) { d.Subject = "Renamed" }))
	s.must(alice.Move(moved.ID, moved.Start.Add(time.Hour)))
	s.must(alice.Edit(released.ID, func(d *simulator.Draft) { d.Location = "Room 4" }))
	s.must(alice.Delete(deleted.ID))
	s.must(alice.Edit(grown.ID, func(d *simulator.Draft) { d.Location = "@webex:onetime" }))
	alice.Create(appointment(13, "@webex:onetime"))
	alice.Create(appointment(14, "@webex"))
}

func TestKillingTheProcessAfterAnyRemoteCallIsMadeGood(t *testing.T) {
	for _, store := range []string{"embedded", "redis"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			n := 1
			for killAndGoOn(t, store, n) {
				n += thin
			}
			if n < 12 {
				t.Errorf("the busy sweep took only %d calls", n-1)
			}
		})
	}
}

// killAndGoOn reports whether a busy sweep had so many calls.
func killAndGoOn(t *testing.T, store string, n int) bool {
	t.Helper()
	s := newSite(t, simulator.Options{Seed: uint64(n)})
	if store == "redis" {
		s.realRedis()
	}
	s.busy()
	killed := s.killedAt(n)
	s.goOn() // waits for the dead process's lease, and goes on
	s.goOn()
	if err := s.world.Check(s.rest); err != nil {
		t.Errorf("killed at call %d:\n%v", n, err)
	}
	return killed
}

func TestTheDaemonFollowsAndStopsWithinTenSeconds(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 1})
	s.env["SYNCD_SWEEP"] = "@every 1s"
	daemon := s.daemon()
	e := s.alice().Create(appointment(9, "@webex:onetime"))
	s.until(func() error { return s.world.Check(s.rest) }, "the meeting is made")
	s.must(s.alice().Move(e.ID, e.Start.Add(2*time.Hour)))
	s.until(func() error { return s.world.Check(s.rest) }, "the meeting is moved")

	// Other commands reach the embedded store through the daemon; a second daemon does not get it.
	if got := list(s.t, s.syncd("status", "--json").out); len(got) != 1 || got[0]["state"] != "ok" {
		t.Errorf("status beside the daemon: %v", got)
	}
	if got := s.syncd("run"); got.code != 2 {
		t.Errorf("a second daemon: %+v", got)
	}
	s.must(s.alice().Delete(e.ID))
	if got := s.syncd("resync", "alice@example.com", "--wait"); got.code != 0 {
		t.Errorf("resync: %+v", got)
	}
	s.world.Audit(t, s.rest)

	began := time.Now()
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("stopped with %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s to stop", took)
	}
	if got := list(t, s.syncd("status", "--json").out); len(got) != 1 || got[0]["state"] != "ok" {
		t.Errorf("status after the daemon: %v", got)
	}
}

// daemon starts `syncd run`; it is killed when the test ends.
func (s *site) daemon() *exec.Cmd {
	s.t.Helper()
	cmd := s.command("run")
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// until waits for something that the world, Redis or another process shows after a while.
func (s *site) until(holds func() error, what string) {
	s.t.Helper()
	redistest.Eventually(s.t, what, holds)
}

package main

import (
	"syscall"
	"testing"
	"time"

	"syncd/simulator"
)

func TestADaemonLeavesInTimeThoughRedisHasFrozenUnderAnEventInHand(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 491})
	redis := s.realRedis()
	s.env["SYNCD_SWEEP"] = "@every 1s"
	s.world.Fault(simulator.Rule{Call: "PatchEvent", Fault: simulator.Slow(5 * time.Second)})
	inHand := make(chan struct{})
	s.world.OnRequest(func(q simulator.Request) {
		if q.Call == "PatchEvent" {
			close(inHand)
		}
	})
	s.alice().Create(appointment(9, "@webex:onetime"))
	daemon := s.daemon()
	<-inHand
	s.world.Unhook()
	redis.Freeze()
	began := time.Now()
	s.must(daemon.Process.Signal(syscall.SIGTERM))
	if err := daemon.Wait(); err != nil {
		t.Error(err)
	}
	const promised = 10 * time.Second // DESIGN.md, the contract
	if took := time.Since(began); took > promised {
		t.Errorf("left after %v", took)
	}
	redis.Thaw()
	s.world.Heal()
	s.daemon()
	s.until(func() error { return s.world.Check(s.rest) }, "it is done after all")
}

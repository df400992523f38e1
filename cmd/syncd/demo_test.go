package main

import (
	"os"
	"syscall"
	"testing"
	"time"

	"syncd/simulator"
)

func TestADemoWithoutAPauseIsAUsageError(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 491})
	for _, args := range [][]string{{"demo", "--every", "0s"}, {"demo", "--every=-1s"}, {"demo", "--for=-1s"}} {
		if got := s.syncd(args...); got.code != exitUsage || got.out != "" {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

// Whoever ends the demo means it, also before it has begun.
func TestADemoThatIsEndedAtAnyMomentEndsQuietly(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 492})
	for moment := time.Duration(0); moment < time.Second; moment += 100 * time.Millisecond {
		t.Run(moment.String(), func(t *testing.T) {
			t.Parallel()
			started := make(chan struct{})
			cmd := s.command("demo")
			go func() {
				<-started
				<-time.After(moment)
				_ = cmd.Process.Signal(os.Signal(syscall.SIGINT))
			}()
			got := s.finish(cmd, started)
			if got.err != "" || got.code != 0 && got.code != -1 { // -1: before the program itself had begun
				t.Errorf("%+v", got)
			}
		})
	}
}

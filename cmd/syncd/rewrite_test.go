package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

func TestASignalEndsAQuestionAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails if the read is still under way at the end
		in, keyboard := io.Pipe()
		ctx, interrupt := context.WithCancel(t.Context())
		var said strings.Builder
		s := &surroundings{ctx: ctx, in: in, err: &said}
		var yes bool
		var err error
		ended := make(chan struct{})
		go func() {
			yes, err = s.yes("Write them anew?")
			close(ended)
		}()
		synctest.Wait()
		interrupt()
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("it still waits")
		}
		_ = keyboard.Close()
		<-ended
		if err == nil || yes {
			t.Errorf("%v, %v", yes, err)
		}
		if said.String() != "Write them anew? [y/N] \n" {
			t.Errorf("said %q", said.String())
		}
		if code := exitCode(err, io.Discard); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
	})
}

func TestOnlyAYesIsAYes(t *testing.T) {
	for typed, want := range map[string]bool{"y\n": true, " Yes\n": true, "y": true, "n\n": false, "\n": false, "": false, "maybe\n": false} {
		s := &surroundings{ctx: t.Context(), in: strings.NewReader(typed), err: io.Discard}
		if yes, err := s.yes("Sure?"); yes != want || err != nil {
			t.Errorf("%q: %v, %v", typed, yes, err)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"
)

func TestALogThatNobodyReadsStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		u := newUnblocked(out)
		log := zerolog.New(u)
		for i := range 3 * roomForLines {
			log.Info().Int("n", i).Msg("a line")
		}
		var read strings.Builder
		all := make(chan error)
		go func() { _, err := io.Copy(&read, in); all <- err }()
		synctest.Wait()
		log.Info().Msg("the last line")
		u.close()
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-all; err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(read.String(), `"n":`)
		if lost := 3*roomForLines - lines; lines < roomForLines || !strings.Contains(read.String(), fmt.Sprintf(`"lines":%d`, lost)) || !strings.Contains(read.String(), "the last line") {
			t.Errorf("%d lines came, and %d bytes", lines, read.Len())
		}
	})
}

func TestTheEndOfTheProcessDoesNotWaitForAReaderWhoIsNotThere(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	u := newUnblocked(out)
	for range 2 * roomForLines {
		_, _ = u.Write([]byte(strings.Repeat("x", 100) + "\n"))
	}
	u.close()
	select {
	case <-u.done:
		t.Error("all was written, though nobody reads")
	default:
	}
	_ = in.Close() // the writer gets an error and ends
	<-u.done
	_ = out.Close()
}

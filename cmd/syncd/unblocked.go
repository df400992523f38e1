package main

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// unblocked passes log lines on and never makes who writes them wait: nobody may stop the daemon by not reading its log. Lines for
// which there is no room are counted and lost.
type unblocked struct {
	lines chan []byte
	lost  atomic.Int64
	stop  chan struct{} // closed when no more come
	done  chan struct{} // closed when all was written
}

const (
	roomForLines = 4096
	lastLines    = time.Second // how long the end of the process waits for the last lines
)

func newUnblocked(out io.Writer) *unblocked {
	u := &unblocked{lines: make(chan []byte, roomForLines), stop: make(chan struct{}), done: make(chan struct{})}
	go u.pass(out)
	return u
}

// Write implements [io.Writer]. A line is one call.
func (u *unblocked) Write(line []byte) (int, error) {
	select {
	case u.lines <- bytes.Clone(line):
	default:
		u.lost.Add(1)
	}
	return len(line), nil
}

func (u *unblocked) pass(out io.Writer) {
	defer close(u.done)
	for {
		select {
		case line := <-u.lines:
			u.write(out, line)
			continue
		default:
		}
		select {
		case line := <-u.lines:
			u.write(out, line)
		case <-u.stop:
			return
		}
	}
}

func (u *unblocked) write(out io.Writer, line []byte) {
	_, _ = out.Write(line)
	if n := u.lost.Swap(0); n > 0 {
		log := zerolog.New(out)
		log.Warn().Int64("lines", n).Time("time", time.Now()).Msg("log lines were lost: who reads the log is too slow")
	}
}

// close waits for the last lines, though not for ever. What is written after it is lost.
func (u *unblocked) close() {
	close(u.stop)
	select {
	case <-u.done:
	case <-time.After(lastLines):
	}
}

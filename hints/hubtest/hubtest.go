// Package hubtest runs a small Azure event hub for one test: a program of its own that speaks AMQP 1.0 with Qpid Proton.
package hubtest

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed hub.py
var program string

// Partitions is how many it has.
const Partitions = 2

// Hub is an event hub called hub1.
type Hub struct {
	Addr string // host:port, without TLS

	tb testing.TB
	in io.Writer

	mu    sync.Mutex
	lines []string      // guarded by mu; what it told
	told  chan struct{} // holds one when there is a new line
}

// python finds an interpreter that has Proton.
func python(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import proton").Run() == nil {
			return name
		}
	}
	tb.Fatal("the test needs Python with Qpid Proton: apt-get install python3-qpid-proton, or pip install python-qpid-proton")
	return ""
}

// Start runs a hub until the test ends. It takes tokens that hold the given text.
func Start(tb testing.TB, token string) *Hub {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	h := &Hub{tb: tb, Addr: l.Addr().String(), told: make(chan struct{}, 1)}
	_, port, _ := net.SplitHostPort(h.Addr)
	_ = l.Close()
	cmd := exec.Command(python(tb), "-c", program, port, fmt.Sprint(Partitions), token)
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); h.hear(out) }()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
		if complaints.Len() > 0 {
			tb.Log("the hub: " + complaints.String())
		}
	})
	h.in = in
	h.Await("ready", 1)
	return h
}

// hear notes what the program tells.
func (h *Hub) hear(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		h.mu.Lock()
		h.lines = append(h.lines, lines.Text())
		h.mu.Unlock()
		select {
		case h.told <- struct{}{}:
		default:
		}
	}
}

// Await waits until it has told so many lines that begin so, and gives them: "attach PARTITION SELECTOR", "token good", "token bad".
func (h *Hub) Await(begin string, n int) []string {
	h.tb.Helper()
	deadline := time.After(3 * time.Minute)
	for {
		h.mu.Lock()
		found := slices.DeleteFunc(slices.Clone(h.lines), func(s string) bool { return !strings.HasPrefix(s, begin) })
		h.mu.Unlock()
		if len(found) >= n {
			return found
		}
		select {
		case <-h.told:
		case <-deadline:
			h.tb.Fatalf("the hub told %d times %q, want %d", len(found), begin, n)
		}
	}
}

// Send puts an event into a partition.
func (h *Hub) Send(partition int, message []byte) {
	h.tb.Helper()
	if _, err := fmt.Fprintf(h.in, "%d %s\n", partition, message); err != nil {
		h.tb.Error(err)
	}
}

// Drop ends all connections.
func (h *Hub) Drop() {
	h.tb.Helper()
	if _, err := fmt.Fprintln(h.in, "drop"); err != nil {
		h.tb.Error(err)
	}
}

// Connection is a connection string for it.
func (h *Hub) Connection(key string) string {
	return "Endpoint=sb://" + h.Addr + ";SharedAccessKeyName=listen;SharedAccessKey=" + key + ";EntityPath=hub1;UseDevelopmentEmulator=true"
}

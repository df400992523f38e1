// Package redistest runs real Redis servers for one test: a single one, a cluster, or one under a Sentinel. All end with the
// test, and nothing of them stays.
package redistest

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Server is a redis-server of a test's own.
type Server struct {
	URL    string // unix://... or redis://...
	Socket string // "" for one on a port
	Addr   string // host:port; "" for one on a socket

	tb   testing.TB
	name string // of the program
	args []string
	cmd  *exec.Cmd
	dead chan struct{} // closed when the process has ended
}

// Start runs a redis-server on a unix socket until the test ends. args are further options, as "--maxmemory-policy",
// "allkeys-lru".
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	dir := folder(tb)
	s := &Server{tb: tb, name: "redis-server", Socket: filepath.Join(dir, "redis.sock")}
	s.URL = "unix://" + s.Socket
	s.args = append([]string{"--port", "0", "--unixsocket", s.Socket, "--save", "", "--appendonly", "no", "--dir", dir}, args...)
	s.Run()
	tb.Cleanup(s.Kill)
	return s
}

// StartTCP is Start on a loopback port.
func StartTCP(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := &Server{tb: tb, name: "redis-server", Addr: freeAddr(tb)}
	s.URL = "redis://" + s.Addr
	_, port, _ := net.SplitHostPort(s.Addr)
	s.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder(tb)}, args...)
	s.Run()
	tb.Cleanup(s.Kill)
	return s
}

// folder is a folder of the test's own with a short name, since a socket's path has hardly more than a hundred bytes.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// freeAddr is a loopback address that nobody uses, with a port low enough for a cluster's bus, ten thousand above it.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		bus, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10000))
		if err == nil {
			_ = bus.Close()
			return fmt.Sprintf("127.0.0.1:%d", port)
		}
	}
}

// Run starts the server, again after Kill. Its data is that of the folder.
func (s *Server) Run() {
	s.tb.Helper()
	s.cmd = exec.Command(Program(s.tb, s.name), s.args...)
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	cmd, dead := s.cmd, make(chan struct{})
	s.dead = dead
	go func() {
		_ = cmd.Wait()
		close(dead)
	}()
	Eventually(s.tb, s.name+" answers", func() error {
		select {
		case <-dead:
			s.tb.Fatalf("%s %v ended at once", s.name, s.args)
		default:
		}
		return s.ping()
	})
}

// ping asks for any answer: a server listens a moment before it has read its options.
func (s *Server) ping() error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

func (s *Server) dial() (net.Conn, error) {
	if s.Socket != "" {
		return net.Dial("unix", s.Socket)
	}
	return net.Dial("tcp", s.Addr)
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.dead
	s.cmd = nil
	if s.Socket == "" {
		return
	}
	if err := os.Remove(s.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.tb.Error(err)
	}
}

// CLI runs redis-cli on the server and gives what it printed.
func (s *Server) CLI(args ...string) string {
	s.tb.Helper()
	out, err := exec.Command("redis-cli", append([]string{"-s", s.Socket}, args...)...).CombinedOutput()
	if err != nil {
		s.tb.Fatalf("redis-cli %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// Freeze stops the server without ending it: it accepts, and never answers. It goes on with Thaw.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

// Program finds a program that a test needs.
func Program(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		tb.Fatalf("%s is not installed; `make test` installs it", name)
	}
	return path
}

// Eventually asks until something holds, which processes that a test does not control take their time for: some wait for a
// minute by right, and a busy machine adds to it.
func Eventually(tb testing.TB, what string, holds func() error) {
	tb.Helper()
	const patience = 3 * time.Minute
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.Now().Add(patience)
	for {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s: not within %v: %v", what, patience, err)
		}
		<-ticker.C
	}
}

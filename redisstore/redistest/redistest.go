// Package redistest runs a real redis-server for one test.
package redistest

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Server is a redis-server of a test's own, on a unix socket.
type Server struct {
	URL    string // unix://...
	Socket string

	tb   testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start runs a redis-server until the test ends. args are further options, as "--maxmemory-policy", "allkeys-lru".
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redis-") // a test's own folder may be too long a name for a socket
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Server{tb: tb, dir: dir, args: args, Socket: filepath.Join(dir, "redis.sock")}
	s.URL = "unix://" + s.Socket
	s.Run()
	tb.Cleanup(s.Kill)
	return s
}

// Run starts the server, again after Kill. Its data is that of the folder.
func (s *Server) Run() {
	s.tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatal("redis-server is not installed; `make test` installs it")
	}
	args := append([]string{"--port", "0", "--unixsocket", s.Socket, "--save", "", "--appendonly", "no", "--dir", s.dir}, s.args...)
	s.cmd = exec.Command(path, args...)
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	// A dial is answered as soon as the server listens, some milliseconds after its start.
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("unix", s.Socket)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			s.tb.Fatalf("redis-server does not answer: %v", err)
		}
		<-time.After(2 * time.Millisecond)
	}
}

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
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

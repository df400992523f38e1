package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"syncd/redisstore/redistest"
	"syncd/simulator"
	"syncd/simulator/openapi"
)

// The tests run the program as a user does: as a process of its own, with arguments and environment, against the simulator
// behind real TLS. The process is this test binary, which becomes syncd when asked to.

const becomeSyncd = "TEST_BECOME_SYNCD"

func TestMain(m *testing.M) {
	if os.Getenv(becomeSyncd) != "" {
		os.Exit(run(os.Args[1:], withoutTest(os.Environ()), os.Stdin, os.Stdout, os.Stderr))
	}
	code := m.Run()
	if processes.Load() > 0 && thin > 1 {
		if path, err := plain(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

func withoutTest(environ []string) []string {
	var out []string
	for _, line := range environ {
		if !strings.HasPrefix(line, becomeSyncd) {
			out = append(out, line)
		}
	}
	return out
}

// site is a whole installation: a tenant, a Webex organisation, a configuration.
type site struct {
	t      testing.TB
	world  *simulator.World
	server *simulator.Server
	env    map[string]string
	dir    string
	rest   simulator.AtRest
}

const testClient = "11111111-2222-4333-8444-555555555555"

// newSite has one mailbox, alice's, and the embedded store.
func newSite(t testing.TB, options simulator.Options) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "syncd-test-") // sockets want short names
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &site{t: t, world: simulator.New(options), dir: dir}
	pem, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.world.RegisterApp(testClient, pem); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("app.pem"), pem, 0o600); err != nil {
		t.Fatal(err)
	}
	watch, err := openapi.New() // every request of every test is held against the vendors' descriptions
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := watch.Err(); err != nil {
			t.Errorf("requests that the vendors do not describe: %v", err)
		}
	})
	if s.server, err = s.world.Start(context.WithoutCancel(t.Context()), watch.Watch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close() })
	s.world.AddMailbox("alice@example.com")
	id, secret, refresh := s.world.ServiceApp()
	s.env = map[string]string{
		"SYNCD_TENANT_ID": s.world.Tenant(), "SYNCD_CLIENT_ID": testClient, "SYNCD_CLIENT_CERTIFICATE": s.path("app.pem"),
		"SYNCD_GRAPH_URL": s.server.GraphURL, "SYNCD_LOGIN_URL": s.server.LoginURL, "SYNCD_WEBEX_URL": s.server.WebexURL,
		"SYNCD_CA_FILE": s.server.CAFile, "SYNCD_WEBEX_CLIENT_ID": id, "SYNCD_WEBEX_CLIENT_SECRET": secret,
		"SYNCD_WEBEX_REFRESH_TOKEN": refresh, "SYNCD_MAILBOXES": "alice@example.com", "SYNCD_KEYWORD_MEET": "onetime",
		"SYNCD_STATE_DIR": s.path("state"), "SYNCD_LEASE_TTL": "2s", "SYNCD_LISTEN": "127.0.0.1:0",
	}
	s.rest = simulator.AtRest{Enrolled: []string{"alice@example.com"}, Meet: "onetime"}
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) alice() *simulator.Mailbox { return s.world.Mailbox("alice@example.com") }

// realRedis makes the site use a redis-server.
func (s *site) realRedis() *redistest.Server {
	server := redistest.Start(s.t)
	s.env["SYNCD_REDIS_URL"] = server.URL
	return server
}

// processes counts those that end by themselves.
var processes atomic.Int64

// plain is the program without the race detector, with which a process takes a second to start.
var plain = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "syncd-plain-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "syncd")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// program is what a process runs: this test binary, and under the race detector the plain program, but for daemons and every
// sixteenth of the others.
func (s *site) program(args []string) string {
	if len(args) > 0 && (args[0] == "run" || args[0] == "demo") || processes.Add(1)%thin == 0 {
		return os.Args[0]
	}
	path, err := plain()
	if err != nil {
		s.t.Fatal(err)
	}
	return path
}

// command prepares a process.
func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.program(args), args...)
	cmd.Env = append([]string{becomeSyncd + "=1", "HOME=" + s.dir, "PATH=" + os.Getenv("PATH")}, pairs(s.env)...)
	cmd.Dir = s.dir
	return cmd
}

func pairs(env map[string]string) []string {
	var out []string
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}

// outcome is what a process left behind.
type outcome struct {
	out, err string
	code     int
}

// syncd runs the program to its end.
func (s *site) syncd(args ...string) outcome {
	s.t.Helper()
	return s.finish(s.command(args...), nil)
}

// finish runs a command to its end, which has to come. started is closed once there is a process that can be sent signals; nil where nobody waits for it.
func (s *site) finish(cmd *exec.Cmd, started chan<- struct{}) outcome {
	s.t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Start()
	if started != nil {
		close(started)
	}
	if err == nil {
		endless := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() })
		if err = cmd.Wait(); !endless.Stop() {
			s.t.Fatalf("%v did not end:\n%s", cmd.Args[1:], &errOut)
		}
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return outcome{out.String(), errOut.String(), cmd.ProcessState.ExitCode()}
}

// sweep runs `syncd sweep --json` and wants it to succeed.
func (s *site) sweep(args ...string) map[string]any {
	s.t.Helper()
	got := s.syncd(append([]string{"sweep", "--json"}, args...)...)
	if got.code != 0 {
		s.t.Errorf("sweep: exit code %d\n%s", got.code, got.err)
	}
	return object(s.t, got.out)
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not a JSON object: %v\n%s", err, text)
	}
	return v
}

func list(t testing.TB, text string) []map[string]any {
	t.Helper()
	var v []map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not a JSON list: %v\n%s", err, text)
	}
	return v
}

// appointment is a draft of tomorrow.
func appointment(hour int, location string) simulator.Draft {
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(time.Duration(24+hour) * time.Hour)
	return simulator.Draft{
		Subject: "Planning", Location: location, Body: "<p>Agenda</p>", HTML: true, Start: start, End: start.Add(time.Hour),
		Attendees: []string{"guest@example.org", "other@example.org"},
	}
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

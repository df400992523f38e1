package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"syncd/simulator"
)

// signingIn is `syncd login` while it waits.
type signingIn struct {
	s    *site
	cmd  *exec.Cmd
	code string // as it was shown
	out  *bytes.Buffer
	err  *bytes.Buffer
	rest chan struct{} // closed when all of standard output was read
}

var userCode = regexp.MustCompile(`enter the code ([0-9A-Z]+) to authenticate`)

// login starts it, and waits for the code.
func (s *site) login(name string) *signingIn {
	s.t.Helper()
	l := &signingIn{s: s, cmd: s.command("login", name), out: &bytes.Buffer{}, err: &bytes.Buffer{}, rest: make(chan struct{})}
	l.cmd.Stderr = l.err
	pipe, err := l.cmd.StdoutPipe()
	s.must(err)
	s.must(l.cmd.Start())
	codes := make(chan string, 1)
	go func() {
		defer close(l.rest)
		defer close(codes)
		lines := bufio.NewScanner(io.TeeReader(pipe, l.out))
		for lines.Scan() {
			if m := userCode.FindStringSubmatch(lines.Text()); m != nil {
				codes <- m[1]
			}
		}
	}()
	l.code = <-codes
	return l
}

// ends waits for the process.
func (l *signingIn) ends() outcome {
	l.s.t.Helper()
	<-l.rest
	_ = l.cmd.Wait() // its exit code tells
	return outcome{l.out.String(), l.err.String(), l.cmd.ProcessState.ExitCode()}
}

// signIn signs somebody in for a mailbox, and wants it to succeed.
func (s *site) signIn(name string) outcome {
	s.t.Helper()
	l := s.login(name)
	s.must(s.world.SignIn(l.code, name))
	got := l.ends()
	if got.code != 0 || !strings.Contains(got.out, name+" is signed in") {
		s.t.Fatalf("login: %+v", got)
	}
	return got
}

// individual is a site without a certificate.
func individual(t *testing.T, options simulator.Options) *site {
	s := newSite(t, options)
	delete(s.env, "SYNCD_CLIENT_CERTIFICATE")
	return s
}

// statusOf is the line of a mailbox in `syncd status --json`.
func (s *site) statusOf(name string) map[string]any {
	s.t.Helper()
	for _, line := range list(s.t, s.syncd("status", "--json").out) {
		if line["mailbox"] == name {
			return line
		}
	}
	return nil
}

func (s *site) wantStatus(name, state, reason string) {
	s.t.Helper()
	if got := s.statusOf(name); got["state"] != state || got["reason"] != reason {
		s.t.Errorf("%s is %v (%v), want %s (%s)", name, got["state"], got["reason"], state, reason)
	}
}

func TestNoCodeIsAskedForWhatIsNoMailbox(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 309})
	s.world.Fault(simulator.Rule{Call: "DeviceCode", Fault: simulator.Refuse(400, "unauthorized_client", "")}) // else it would wait for somebody
	for _, name := range []string{"", "ada", "group:abc", "mailto:ada@example.com"} {
		if got := s.syncd("login", name); got.code != exitUsage || got.out != "" || !strings.Contains(got.err, "is no address") {
			t.Errorf("%q: %+v", name, got)
		}
	}
	if n := s.world.Count("DeviceCode", ""); n != 0 {
		t.Errorf("%d codes were asked for", n)
	}
}

func TestWithoutACertificateJustThoseWhoSignInAreServed(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"embedded", "redis"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			s := individual(t, simulator.Options{Seed: 301, Quirks: simulator.Quirks{SlowDown: true}})
			stored := func() string { return files(t, s.path("state")) }
			if store == "redis" {
				address := s.realRedis().URL
				stored = func() string { return files(t, s.path("state")) + dump(t, address) }
			}
			s.world.AddMailbox("bo@example.com").Create(appointment(9, "@webex:onetime"))
			s.alice().Create(appointment(9, "@webex:onetime"))
			s.env["SYNCD_MAILBOXES"] = "alice@example.com,bo@example.com"
			shown := s.signIn("alice@example.com")
			got := s.syncd("sweep", "--json")
			if got.code != exitFailed {
				t.Errorf("%+v", got)
			}
			if reasons := object(t, got.out)["reasons"].(map[string]any); reasons["not-signed-in"] != 1.0 || reasons["typed"] != 1.0 {
				t.Errorf("reasons %v", reasons)
			}
			s.world.Audit(t, s.rest)
			s.wantStatus("alice@example.com", "ok", "")
			s.wantStatus("bo@example.com", "parked", "not-signed-in")
			for _, r := range s.world.Requests() {
				if r.Service == simulator.Graph && r.Mailbox != "alice@example.com" {
					t.Errorf("%s of %q was sent", r.Call, r.Mailbox)
				}
			}
			all := seen{}
			all.add("login", shown.out+shown.err)
			all.add("sweep", got.out+got.err)
			all.add("the store", stored())
			all.search(t, s.world.Secrets())
			if !strings.Contains(stored(), `"sealed":"v1.`) {
				t.Error("no sign-in is stored")
			}
		})
	}
}

func TestAnotherPersonsSignInIsRefusedAndNotKept(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 302})
	redis := s.realRedis()
	s.world.AddMailbox("bo@example.com")
	l := s.login("alice@example.com")
	s.must(s.world.SignIn(l.code, "bo@example.com"))
	got := l.ends()
	if got.code != exitFailed || !strings.Contains(got.err, "bo@example.com signed in, and not alice@example.com: nothing was kept") {
		t.Errorf("%+v", got)
	}
	if kept := redis.CLI("HGETALL", "syncd:signins") + redis.CLI("HGETALL", "syncd:mailboxes"); strings.TrimSpace(kept) != "" {
		t.Errorf("kept in Redis: %s", kept)
	}
	if _, err := os.Stat(s.path("state/signins")); err == nil {
		t.Error("kept in the state folder")
	}
}

func TestASignInByAnAliasEnrollsTheMailboxUnderIt(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 303})
	delete(s.env, "SYNCD_MAILBOXES")
	s.world.AddMailbox("carol@example.com", simulator.WithUPN("c123@example.com"), simulator.WithAliases("carol.c@example.com"))
	l := s.login("Carol.C@example.com")
	s.must(s.world.SignIn(l.code, "carol@example.com"))
	if got := l.ends(); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	s.world.Mailbox("carol@example.com").Create(appointment(9, "@webex:onetime"))
	s.sweep()
	s.rest.Enrolled = []string{"carol@example.com"}
	s.world.Audit(t, s.rest)
	s.wantStatus("carol.c@example.com", "ok", "")
}

func TestASignInThatComesToNothingEndsWithTheReason(t *testing.T) {
	t.Parallel()
	ends := func(name string, code int, want string, options simulator.Options, meanwhile func(*site, *signingIn)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := individual(t, options)
			l := s.login("alice@example.com")
			meanwhile(s, l)
			began := time.Now()
			got := l.ends()
			if got.code != code || !strings.Contains(got.err, want) || strings.Contains(got.err, "goroutine") {
				t.Errorf("%+v, want %d %q", got, code, want)
			}
			if name == "Ctrl-C" && time.Since(began) > 3*time.Second {
				t.Errorf("took %s", time.Since(began))
			}
			if known := s.syncd("mailboxes", "--json"); strings.TrimSpace(known.out) != "[]" {
				t.Errorf("enrolled: %s", known.out)
			}
			if _, err := os.Stat(s.path("state/signins")); err == nil {
				t.Error("something was kept")
			}
		})
	}
	ends("declined", exitFailed, "the sign-in was declined", simulator.Options{}, func(s *site, l *signingIn) { s.must(s.world.SignIn(l.code, "")) })
	ends("expired", exitFailed, "the code has expired", simulator.Options{CodeLife: 2 * time.Second}, func(*site, *signingIn) {})
	ends("Ctrl-C", exitFailed, "stopped: nobody was signed in", simulator.Options{}, func(_ *site, l *signingIn) { _ = l.cmd.Process.Signal(syscall.SIGINT) })
	ends("no public client", exitUsage, "Allow public client flows", simulator.Options{}, func(s *site, l *signingIn) {
		s.world.ForbidPublicClients(testClient, true)
		s.must(s.world.SignIn(l.code, "alice@example.com"))
	})
	ends("not all consented to", exitFailed, "MailboxSettings.Read", simulator.Options{}, func(s *site, l *signingIn) {
		s.world.Fault(simulator.Rule{Call: "Token", Fault: simulator.Change(func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte("MailboxSettings.Read"), []byte("Files.Read"))
		})})
		s.must(s.world.SignIn(l.code, "alice@example.com"))
	})
	ends("Graph names somebody else", exitFailed, "do not agree", simulator.Options{}, func(s *site, l *signingIn) {
		s.world.Fault(simulator.Rule{Call: "GetUser", Fault: simulator.Change(func(body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(s.alice().ID()), []byte("11111111-0000-4000-8000-000000000000"))
		})})
		s.must(s.world.SignIn(l.code, "alice@example.com"))
	})
}

func TestTroubleWhileSomebodySignsInIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := individual(t, simulator.Options{Seed: 304})
	l := s.login("alice@example.com")
	for _, fault := range []simulator.Fault{simulator.Lose(), simulator.HTML(502), simulator.Refuse(503, "temporarily_unavailable", "1"), simulator.Refuse(400, "slow_down", "")} {
		s.world.Fault(simulator.Rule{Call: "Token", Times: 1, Fault: fault})
	}
	s.must(s.world.SignIn(l.code, "alice@example.com"))
	if got := l.ends(); got.code != 0 {
		t.Errorf("%+v", got)
	}
}

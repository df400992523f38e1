package hints

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/coder/websocket"
)

// peer is an event hub: a program that speaks AMQP with Qpid Proton (testdata/hub.py).
type peer struct {
	*testing.T
	addr string
	in   io.Writer

	mu    sync.Mutex
	lines []string      // guarded by mu; what it told
	told  chan struct{} // holds one when there is a new line
}

const (
	goodKey   = "SharedAccessSignature" // what every token made of a connection string holds
	partition = 2
)

// python finds an interpreter that has Proton.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import proton").Run() == nil {
			return name
		}
	}
	t.Fatal("the test needs Python with Qpid Proton: apt-get install python3-qpid-proton, or pip install python-qpid-proton")
	return ""
}

func startPeer(t *testing.T, token string) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{T: t, addr: l.Addr().String(), told: make(chan struct{}, 1)}
	_, port, _ := net.SplitHostPort(p.addr)
	_ = l.Close()
	cmd := exec.Command(python(t), "testdata/hub.py", port, fmt.Sprint(partition), token)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			p.lines = append(p.lines, lines.Text())
			p.mu.Unlock()
			select {
			case p.told <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
		if complaints.Len() > 0 {
			t.Log("the peer: " + complaints.String())
		}
	})
	p.in = in
	p.await("ready", 1)
	return p
}

// await waits until the peer has told so many lines that begin so, and gives them.
func (p *peer) await(begin string, n int) []string {
	p.Helper()
	deadline := time.After(30 * time.Second)
	for {
		p.mu.Lock()
		found := slices.DeleteFunc(slices.Clone(p.lines), func(s string) bool { return !strings.HasPrefix(s, begin) })
		p.mu.Unlock()
		if len(found) >= n {
			return found
		}
		select {
		case <-p.told:
		case <-deadline:
			p.Fatalf("the peer told %d times %q, want %d", len(found), begin, n)
		}
	}
}

func (p *peer) send(to int, message []byte) {
	p.Helper()
	if _, err := fmt.Fprintf(p.in, "%d %s\n", to, message); err != nil {
		p.Fatal(err)
	}
}

func (p *peer) connection(key string) string {
	return "Endpoint=sb://" + p.addr + ";SharedAccessKeyName=listen;SharedAccessKey=" + key + ";EntityPath=hub1;UseDevelopmentEmulator=true"
}

// shelf keeps checkpoints within the test.
type shelf struct {
	mu   sync.Mutex
	kept map[string]string // guarded by mu
}

func (s *shelf) Load(_ context.Context, hub string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]string{}
	for name, text := range s.kept {
		if of, name, _ := strings.Cut(name, "|"); of == hub {
			out[name] = text
		}
	}
	return out, nil
}

func (s *shelf) Swap(_ context.Context, hub, name, was, is string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[hub+"|"+name] != was {
		return false, nil
	}
	return true, s.set(hub, name, is)
}

func (s *shelf) Set(_ context.Context, hub, name, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set(hub, name, text)
}

func (s *shelf) set(hub, name, text string) error {
	if s.kept == nil {
		s.kept = map[string]string{}
	}
	s.kept[hub+"|"+name] = text
	return nil
}

// reader is a Hub at work.
type reader struct {
	*testing.T
	hub     *Hub
	changed chan string
	failed  chan error
	alive   chan struct{}
	stop    func()
}

func read(t *testing.T, shelf *shelf, change func(*Hub)) *reader {
	r := &reader{T: t, changed: make(chan string, 10_000), failed: make(chan error, 100), alive: make(chan struct{}, 1)}
	r.hub = &Hub{
		Name: "hub1", Group: "$Default", Checkpoints: shelf, Ours: ours, Failed: func(err error) { r.failed <- err },
		Alive: func(context.Context) {
			select {
			case r.alive <- struct{}{}:
			default:
			}
		},
		Collector: &Collector{Pass: func(_ context.Context, changed, _ []string) error {
			for _, m := range changed {
				r.changed <- m
			}
			return nil
		}},
	}
	change(r.hub)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.hub.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
	t.Cleanup(r.stop)
	return r
}

// want waits for hints for just these mailboxes, in any order.
func (r *reader) want(mailboxes ...string) {
	r.Helper()
	left := map[string]bool{}
	for _, m := range mailboxes {
		left[m] = true
	}
	deadline := time.After(60 * time.Second)
	for len(left) > 0 {
		select {
		case m := <-r.changed:
			if !left[m] {
				r.Errorf("a hint for %s", m)
			}
			delete(left, m)
		case err := <-r.failed:
			r.Logf("told: %v", err)
		case <-deadline:
			r.Fatalf("no hint for %v", slices.Sorted(maps.Keys(left)))
		}
	}
}

func TestAnEventHubIsReadAndReadOnWhereItWasLeft(t *testing.T) {
	p, kept := startPeer(t, goodKey), &shelf{}
	plain := func(h *Hub) { h.Connection = p.connection("c2VjcmV0") }
	r := read(t, kept, plain)
	p.await("attach", partition)
	p.send(0, message(change("m0.secret"), change("m1.secret"), change("m1.guess")))
	p.send(1, []byte("this is no JSON"))
	p.send(1, message(change("m2.secret")))
	r.want("m0", "m1", "m2")
	<-r.alive
	r.stop()
	p.send(0, message(change("m3.secret")))
	r = read(t, kept, plain)
	r.want("m3") // and none of those before
	for _, line := range p.await("attach 0", 2)[1:] {
		if !strings.Contains(line, "> '0'") {
			t.Errorf("read on from %q", line)
		}
	}
	r.stop()
	r = read(t, &shelf{}, plain) // the checkpoints are lost: the last minutes again
	r.want("m0", "m1", "m2", "m3")
	if _, err := fmt.Fprintln(p.in, "drop"); err != nil {
		t.Fatal(err)
	}
	before := len(p.await("attach", 1))
	p.await("attach", before+partition)
	p.send(1, message(change("m4.secret")))
	r.want("m4")
}

func TestAKeyThatIsRefusedIsToldOnceAndNothingIsRead(t *testing.T) {
	p := startPeer(t, "never")
	r := read(t, &shelf{}, func(h *Hub) { h.Connection = p.connection("c2VjcmV0") })
	p.send(0, message(change("m0.secret")))
	p.await("token bad", 3)
	select {
	case err := <-r.failed:
		var named *HubError
		if !errors.As(err, &named) || named.Code != azeventhubs.ErrorCodeUnauthorizedAccess || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%v", err)
		}
	case m := <-r.changed:
		t.Errorf("a hint for %s", m)
	case <-time.After(60 * time.Second):
		t.Error("nobody was told")
	}
}

func TestTwoReadersShareAHubAndOneTakesOver(t *testing.T) {
	p, kept := startPeer(t, goodKey), &shelf{}
	plain := func(h *Hub) { h.Connection = p.connection("c2VjcmV0") }
	a := read(t, kept, plain)
	p.await("attach", partition)
	b := read(t, kept, plain)
	for i := range 50 {
		p.send(i%partition, message(change(fmt.Sprintf("m%d.secret", i))))
	}
	seen := map[string]bool{}
	for len(seen) < 50 {
		select {
		case m := <-a.changed:
			seen[m] = true
		case m := <-b.changed:
			seen[m] = true
		case <-time.After(60 * time.Second):
			t.Fatalf("%d of 50", len(seen))
		}
	}
	kept.mu.Lock()
	for name := range kept.kept { // as a minute after a daemon died
		if strings.Contains(name, ownerPrefix) {
			kept.kept[name] = `{"owner":"dead","at":"2020-01-01T00:00:00Z"}`
		}
	}
	kept.mu.Unlock()
	a.stop()
	p.send(0, message(change("late0.secret")))
	p.send(1, message(change("late1.secret")))
	for late := map[string]bool{}; len(late) < 2; {
		select {
		case m := <-b.changed:
			if strings.HasPrefix(m, "late") {
				late[m] = true
			}
		case <-time.After(90 * time.Second):
			t.Fatalf("only %v came to the one that is left", late)
		}
	}
}

// bridge carries WebSockets to the peer, as Event Hubs does on port 443.
func bridge(t *testing.T, p *peer) *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/$servicebus/websocket" {
			http.NotFound(w, r)
			return
		}
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"amqp"}})
		if err != nil || ws.Subprotocol() != "amqp" {
			return
		}
		conn := websocket.NetConn(r.Context(), ws, websocket.MessageBinary)
		defer conn.Close()
		amqp, err := net.Dial("tcp", p.addr)
		if err != nil {
			t.Error(err)
			return
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(amqp, conn); _ = amqp.Close() })
		_, _ = io.Copy(conn, amqp)
		_ = conn.Close()
		both.Wait()
	}))
	t.Cleanup(s.Close)
	return s
}

// proxy is a firewall's: it knows CONNECT and nothing else.
func proxy(t *testing.T) (*httptest.Server, chan string) {
	asked := make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		to, err := net.Dial("tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusOK)
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		var both sync.WaitGroup
		both.Go(func() { _, _ = io.Copy(to, from); _ = to.Close() })
		_, _ = io.Copy(from, to)
		_ = from.Close()
		both.Wait()
	}))
	t.Cleanup(s.Close)
	return s, asked
}

func TestAnEventHubIsReadOverWebSocketsThroughAProxy(t *testing.T) {
	p := startPeer(t, "token-of-entra")
	hub := bridge(t, p)
	firewall, asked := proxy(t)
	way, err := url.Parse(firewall.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := hub.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := &http.Transport{Proxy: http.ProxyURL(way), TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	r := read(t, &shelf{}, func(h *Hub) {
		h.Namespace = strings.TrimPrefix(hub.URL, "https://")
		h.Token = func(context.Context) (string, error) { return "token-of-entra", nil }
		h.WebSockets = &http.Client{Transport: transport}
	})
	p.await("attach", partition)
	p.send(0, message(change("m0.secret")))
	p.send(1, message(change("m1.secret")))
	r.want("m0", "m1")
	if got := <-asked; got != "CONNECT "+strings.TrimPrefix(hub.URL, "https://") {
		t.Errorf("the proxy was asked for %q", got)
	}
	r.stop()
}

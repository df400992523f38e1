package hints

import (
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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"
	"github.com/coder/websocket"

	"syncd/hints/hubtest"
)

const (
	goodKey   = "SharedAccessSignature" // what every token made of a connection string holds
	partition = hubtest.Partitions
)

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
	deadline := time.After(3 * time.Minute)
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
	p, kept := hubtest.Start(t, goodKey), &shelf{}
	plain := func(h *Hub) { h.Connection = p.Connection("c2VjcmV0") }
	r := read(t, kept, plain)
	p.Await("attach", partition)
	p.Send(0, message(change("m0.secret"), change("m1.secret"), change("m1.guess")))
	p.Send(1, []byte("this is no JSON"))
	p.Send(1, message(change("m2.secret")))
	r.want("m0", "m1", "m2")
	<-r.alive
	r.stop()
	p.Send(0, message(change("m3.secret")))
	r = read(t, kept, plain)
	r.want("m3") // and none of those before
	for _, line := range p.Await("attach 0", 2)[1:] {
		if !strings.Contains(line, "> '0'") {
			t.Errorf("read on from %q", line)
		}
	}
	r.stop()
	r = read(t, &shelf{}, plain) // the checkpoints are lost: the last minutes again
	r.want("m0", "m1", "m2", "m3")
	before := len(p.Await("attach", 1))
	p.Drop()
	p.Await("attach", before+partition)
	p.Send(1, message(change("m4.secret")))
	r.want("m4")
}

func TestAKeyThatIsRefusedIsToldOnceAndNothingIsRead(t *testing.T) {
	p := hubtest.Start(t, "never")
	r := read(t, &shelf{}, func(h *Hub) { h.Connection = p.Connection("c2VjcmV0") })
	p.Send(0, message(change("m0.secret")))
	p.Await("token bad", 3)
	select {
	case err := <-r.failed:
		var named *HubError
		if !errors.As(err, &named) || named.Code != azeventhubs.ErrorCodeUnauthorizedAccess || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%v", err)
		}
	case m := <-r.changed:
		t.Errorf("a hint for %s", m)
	case <-time.After(3 * time.Minute):
		t.Error("nobody was told")
	}
}

func TestTwoReadersShareAHubAndOneTakesOver(t *testing.T) {
	p, kept := hubtest.Start(t, goodKey), &shelf{}
	plain := func(h *Hub) { h.Connection = p.Connection("c2VjcmV0") }
	a := read(t, kept, plain)
	p.Await("attach", partition)
	b := read(t, kept, plain)
	for i := range 50 {
		p.Send(i%partition, message(change(fmt.Sprintf("m%d.secret", i))))
	}
	seen := map[string]bool{}
	for len(seen) < 50 {
		select {
		case m := <-a.changed:
			seen[m] = true
		case m := <-b.changed:
			seen[m] = true
		case <-time.After(3 * time.Minute):
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
	p.Send(0, message(change("late0.secret")))
	p.Send(1, message(change("late1.secret")))
	for late := map[string]bool{}; len(late) < 2; {
		select {
		case m := <-b.changed:
			if strings.HasPrefix(m, "late") {
				late[m] = true
			}
		case <-time.After(3 * time.Minute):
			t.Fatalf("only %v came to the one that is left", late)
		}
	}
}

// bridge carries WebSockets to the peer, as Event Hubs does on port 443.
func bridge(t *testing.T, p *hubtest.Hub) *httptest.Server {
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
		amqp, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Error(err)
			return
		}
		join(conn, amqp)
	}))
	t.Cleanup(s.Close)
	return s
}

// join passes on what either side says until both have ended.
func join(a, b net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(b, a); _ = b.Close() })
	_, _ = io.Copy(a, b)
	_ = a.Close()
	both.Wait()
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
		join(from, to)
	}))
	t.Cleanup(s.Close)
	return s, asked
}

func TestAnEventHubIsReadOverWebSocketsThroughAProxy(t *testing.T) {
	p := hubtest.Start(t, "token-of-entra")
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
	p.Await("attach", partition)
	p.Send(0, message(change("m0.secret")))
	p.Send(1, message(change("m1.secret")))
	r.want("m0", "m1")
	if got := <-asked; got != "CONNECT "+strings.TrimPrefix(hub.URL, "https://") {
		t.Errorf("the proxy was asked for %q", got)
	}
	r.stop()
}

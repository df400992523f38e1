package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lossy is a connection that a firewall may forget: what is written into it gets lost, and nothing comes back.
type lossy struct {
	net.Conn
	lost atomic.Bool
}

func (c *lossy) Write(p []byte) (int, error) {
	if c.lost.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

// wire is a network within the process: who dials meets who accepts.
type wire struct {
	calls chan net.Conn
	done  chan struct{}
	close func() // done
}

func (w wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.calls:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w wire) Close() error   { w.close(); return nil }
func (w wire) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// trusting makes a configuration that trusts a test server.
func trusting(t *testing.T, server *httptest.Server) *Config {
	t.Helper()
	file := t.TempDir() + "/ca.pem"
	if err := os.WriteFile(file, pemOf(t, server.TLS.Certificates[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Config{CAFile: file, SweepsAtOnce: 64}
}

func fetch(client *http.Client, url string) error {
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return err
}

func TestAConnectionThatAFirewallForgotIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wire{calls: make(chan net.Conn), done: make(chan struct{})}
		w.close = sync.OnceFunc(func() { close(w.done) })
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
		server.Listener, server.EnableHTTP2 = w, true
		server.StartTLS()
		transport, err := newTransport(trusting(t, server))
		if err != nil {
			t.Fatal(err)
		}
		var dialled []*lossy
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			dialled = append(dialled, &lossy{Conn: here})
			w.calls <- there
			return dialled[len(dialled)-1], nil
		}
		client := &http.Client{Transport: transport}
		if err := fetch(client, "https://127.0.0.1/"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		dialled[0].lost.Store(true)
		err = fetch(client, "https://127.0.0.1/")
		if took := time.Since(began); err == nil || took > pingAfter+pingWait+time.Second {
			t.Errorf("%v after %v", err, took)
		}
		if err := fetch(client, "https://127.0.0.1/"); err != nil || len(dialled) != 2 {
			t.Errorf("%v, %d connections", err, len(dialled))
		}
		client.CloseIdleConnections()
		server.Close()
	})
}

func TestWhereOnlyHTTP1IsSpokenConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const together = 64
	var opened atomic.Int64
	var arrived sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived.Done()
		arrived.Wait() // all are under way at once
		_, _ = io.Copy(w, bytes.NewReader([]byte(r.Proto)))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	defer server.Close()
	transport, err := newTransport(trusting(t, server))
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for range 3 {
		arrived.Add(together)
		var asking sync.WaitGroup
		for range together {
			asking.Go(func() {
				if err := fetch(client, server.URL); err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
	}
	if n := opened.Load(); n > together*3/2 {
		t.Errorf("%d connections for %d requests at a time", n, together)
	}
}

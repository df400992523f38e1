// Package floor is for benchmarks. It has Graph and Webex served by a process of their own, whose processor time does not count, and the
// floor that a figure stands beside: a bare net/http client that fetches the same bytes over the same TLS and throws them away.
package floor

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"syncd/simulator"
)

// serving is set for the process that serves.
const serving = "TEST_SERVE_FOR_BENCHMARKS"

// Main is for TestMain: it serves in the process that [Start] began, and runs the tests in any other.
func Main(m *testing.M) {
	size := os.Getenv(serving)
	if size == "" {
		os.Exit(m.Run())
	}
	if err := serve(size); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Site is what the serving process tells of itself.
type Site struct {
	GraphURL, WebexURL, Token, WebexToken, Tenant string
	CA                                            []byte // PEM
	Mailboxes                                     []Mailbox
}

// Mailbox is one of them.
type Mailbox struct{ ID, Address string }

// Start begins a process that serves mailboxes of so many events of some 6 KB, none of which asks for a meeting, until the
// benchmark ends.
func Start(b testing.TB, mailboxes, events int) (s Site) {
	b.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", serving, mailboxes, events))
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if err := child.Wait(); err != nil {
			b.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s)
	}
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// serve serves mailboxes and events, written "mailboxes events", until its standard input ends.
func serve(size string) error {
	var mailboxes, events int
	if _, err := fmt.Sscan(size, &mailboxes, &events); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	world := simulator.New(simulator.Options{Seed: 1, LogLimit: 1000, Quirks: simulator.Quirks{SyncStates: 1 << 20}})
	s := Site{Token: world.GraphToken(), WebexToken: world.WebexToken("syncd"), Tenant: world.Tenant()}
	for i := range mailboxes {
		m := world.AddMailbox(fmt.Sprintf("person%d@example.com", i))
		s.Mailboxes = append(s.Mailboxes, Mailbox{m.ID(), m.Address()})
		fill(m, events)
	}
	server, err := world.Start(ctx)
	if err != nil {
		return err
	}
	s.GraphURL, s.WebexURL, s.CA = server.GraphURL, server.WebexURL, server.CAPEM
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		return errors.Join(err, server.Close())
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, server.Close())
}

func fill(m *simulator.Mailbox, events int) {
	body := "<html><body>" + strings.Repeat("<p class=\"MsoNormal\">We meet to look at the plans for the quarter.</p>\r\n", 50) + "</body></html>"
	tomorrow := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	for n := range events {
		start := tomorrow.Add(time.Duration(8+n) * time.Hour)
		m.Create(simulator.Draft{
			Subject: "Plans for the quarter", Location: "Room 4; second floor", Body: body, HTML: true, Start: start, End: start.Add(time.Hour),
			Attendees: []string{"bo@example.org", "carol@example.org", "dave@example.org"},
		})
	}
}

// Transport trusts the site, and speaks HTTP/2 with it.
func (s Site) Transport() *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4}
}

// Recorder notes what is asked while it is on, so that the floor can ask for the same bytes.
type Recorder struct {
	http.RoundTripper
	On    bool
	Asked []*http.Request
}

// RoundTrip implements [http.RoundTripper].
func (r *Recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if r.On {
		r.Asked = append(r.Asked, request.Clone(context.Background()))
	}
	return r.RoundTripper.RoundTrip(request)
}

// Fetch asks for what was asked before, and reads none of it.
func Fetch(ctx context.Context, bare *http.Client, asked []*http.Request) error {
	for _, request := range asked {
		response, err := bare.Do(request.Clone(ctx))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d, %w", response.StatusCode, err)
		}
	}
	return nil
}

//go:build unix

package sweep_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"syncd/simulator/floor"
)

// wire counts the bytes of a connection, as they are after TLS and HTTP/2.
type wire struct {
	net.Conn
	up, down *atomic.Int64
}

func (w wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.down.Add(int64(n))
	return n, err
}

func (w wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.up.Add(int64(n))
	return n, err
}

// round is what is read of an idle mailbox.
type round struct {
	Value *[]json.RawMessage `json:"value"`
	Link  string             `json:"@odata.deltaLink"`
}

func (r round) check(status int) error {
	if status != http.StatusOK || r.Value == nil || len(*r.Value) > 0 || r.Link == "" {
		return fmt.Errorf("status %d, %+v", status, r)
	}
	return nil
}

// BenchmarkBatch is whether $batch pays for mailboxes in which nothing changed: 20 of them, the most that a batch may hold, asked one
// by one, all at once over one HTTP/2 connection as a daemon does, and in one batch (json-batching.md). All read the same, with the
// same decoder. An op is 20 mailboxes, so that ns/op is how long they take together; other figures are for one of them. Graph and
// its processor time are another process's, and answer at once; the real one works on four of a batch at a time
// (throttling-limits.md, Outlook) and counts each as a request. Each op has the next 20 of 200 mailboxes: HTTP/2 remembers the last
// addresses, and would send those of 20 as a byte each.
func BenchmarkBatch(b *testing.B) {
	const enrolled, mailboxes = 200, 20
	r, asked, bare := newBenchRig(b, enrolled, 20)
	r.idle(b, asked)
	var up, down atomic.Int64
	transport := bare.Transport.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return wire{c, &up, &down}, err
	}
	together := crew(b, mailboxes)
	turn := 0
	next := func() []*http.Request {
		turn += mailboxes
		return asked.Asked[turn%enrolled:][:mailboxes]
	}
	single := func(request *http.Request) error {
		var got round
		status, err := fetch(bare, request.Clone(b.Context()), &got)
		return errors.Join(err, got.check(status))
	}
	for _, way := range []struct {
		name string
		ask  func() error
	}{
		{"single one by one", func() error {
			for _, request := range next() {
				if err := single(request); err != nil {
					return err
				}
			}
			return nil
		}},
		{"single at once", func() error {
			requests := next()
			return together(mailboxes, func(i int) error { return single(requests[i]) })
		}},
		{"batch", func() error { return batched(b.Context(), bare, next()) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			must(b, way.ask())
			began, sent, got := floor.CPU(), up.Load(), down.Load()
			for b.Loop() {
				must(b, way.ask())
			}
			per := func(n int64) float64 { return float64(n) / float64(b.N*mailboxes) }
			b.ReportMetric(per((floor.CPU()-began).Nanoseconds())/float64(time.Microsecond), "cpu-us/mailbox")
			b.ReportMetric(per(up.Load()-sent), "B-up/mailbox")
			b.ReportMetric(per(down.Load()-got), "B-down/mailbox")
		})
	}
}

// batched asks for all in one batch.
func batched(ctx context.Context, bare *http.Client, asked []*http.Request) error {
	type item struct {
		ID      string            `json:"id"`
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	var batch struct {
		Requests []item `json:"requests"`
	}
	for i, r := range asked {
		_, path, _ := strings.Cut(r.URL.RequestURI(), "/v1.0")
		batch.Requests = append(batch.Requests, item{strconv.Itoa(i), r.Method, path, map[string]string{"Prefer": r.Header.Get("Prefer")}})
	}
	body, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	root, _, _ := strings.Cut(asked[0].URL.String(), "/users")
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, root+"/$batch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", asked[0].Header.Get("Authorization"))
	request.Header.Set("Content-Type", "application/json")
	var answer struct {
		Responses []struct {
			ID     string `json:"id"`
			Status int    `json:"status"`
			Body   round  `json:"body"`
		} `json:"responses"`
	}
	if _, err := fetch(bare, request, &answer); err != nil {
		return err
	}
	if len(answer.Responses) != len(asked) {
		return fmt.Errorf("%d answers", len(answer.Responses))
	}
	for _, one := range answer.Responses {
		if err := one.Body.check(one.Status); err != nil {
			return err
		}
	}
	return nil
}

// fetch reads an answer.
func fetch(client *http.Client, request *http.Request, into any) (status int, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
}

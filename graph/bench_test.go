//go:build unix

package graph

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

// Figures here are CPU time of the whole process, both ends of the connection, since a loaded machine makes wall time mean
// little. Beside each stands its floor: the same bytes over the same TLS, read by a bare net/http client and thrown away. The
// ratio of the two is what counts.

// cpu is the process's CPU time so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs a function and its floor in turns, and reports both and their ratio.
func measure(b *testing.B, ours, floor func() error) {
	if err := errors.Join(ours(), floor()); err != nil { // connections are made, answers are cached
		b.Fatal(err)
	}
	b.ReportAllocs()
	var mine, bare time.Duration
	for b.Loop() {
		began := cpu()
		if err := ours(); err != nil {
			b.Fatal(err)
		}
		between := cpu()
		if err := floor(); err != nil {
			b.Fatal(err)
		}
		mine, bare = mine+between-began, bare+cpu()-between
	}
	b.ReportMetric(float64(mine.Microseconds())/float64(b.N), "cpu-us/op")
	b.ReportMetric(float64(bare.Microseconds())/float64(b.N), "floor-us/op")
	b.ReportMetric(float64(mine)/float64(bare), "x-floor")
}

// BenchmarkDecode is a page in memory, without any network. Its floor only copies.
func BenchmarkDecode(b *testing.B) {
	for _, test := range []struct {
		name string
		page []byte
	}{
		{"50 events 1 MB", pageOf(50, 1<<20, false)},
		{"50 events 1 MB all asking", pageOf(50, 1<<20, true)},
		{"2 events 18 KB", pageOf(2, 18<<10, false)},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.page)))
			b.ReportAllocs()
			var client Client
			began := cpu()
			for b.Loop() {
				if p, err := client.decodePage(bytes.NewReader(test.page), 0); err != nil || len(p.events) == 0 {
					b.Fatal(len(p.events), err)
				}
			}
			used := cpu() - began
			b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-us/op")
			b.ReportMetric(float64(len(test.page))*float64(b.N)/used.Seconds()/1e6, "cpu-MB/s")
		})
	}
}

func trusting(pem []byte) *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4}
}

// BenchmarkIdle is a round in which nothing changed, over real TLS to the simulator.
func BenchmarkIdle(b *testing.B) {
	world := simulator.New(simulator.Options{Seed: 1, LogLimit: 1000})
	alice := world.AddMailbox("alice@example.com")
	now := time.Now()
	for range 50 {
		alice.Create(simulator.Draft{Subject: "Plans", Location: "here", Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)})
	}
	server, err := world.Start(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	token := tokens(world.GraphToken)
	value, _ := token.Token(b.Context(), "")
	client, err := New(server.GraphURL, trusting(server.CAPEM), tokens(func() string { return value }))
	if err != nil {
		b.Fatal(err)
	}
	c := client.Calendar(delta.Mailbox{ID: "alice@example.com"})
	_, link, err := collect(b.Context(), c, "", now.Add(-24*time.Hour), now.Add(180*24*time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	bare := &http.Client{Transport: trusting(server.CAPEM)}
	asked := link // Graph keeps the last few states only
	measure(b, func() (err error) {
		asked = link
		_, link, err = collect(b.Context(), c, link, time.Time{}, time.Time{})
		return err
	}, func() error { return throwAway(bare, asked, value) })
}

// throwAway fetches an address as a bare client does.
func throwAway(bare *http.Client, address, token string) error {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	r.Header = prefer(immutable, utc, pageSize)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	response, err := bare.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// recorder notes the addresses that were asked for, so that the floor can ask for the same bytes.
type recorder struct {
	http.RoundTripper
	asked []string
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.asked = append(r.asked, request.URL.String())
	return r.RoundTripper.RoundTrip(request)
}

// BenchmarkFirstSync is a first round over a calendar of 500 events with bodies of some 20 KB: from the simulator, and from a
// server that has its answers ready, so that nothing is in the figures but the connection and the reading of it.
func BenchmarkFirstSync(b *testing.B) {
	b.Run("simulator", func(b *testing.B) {
		world := simulator.New(simulator.Options{Seed: 1, LogLimit: 1000, Quirks: simulator.Quirks{SyncStates: 1 << 20}})
		alice := world.AddMailbox("alice@example.com")
		now := time.Now()
		body := strings.Repeat("<p class=\"MsoNormal\">We meet to look at the plans for the quarter.</p>\r\n", 250)
		for i := range 500 {
			d := simulator.Draft{Subject: "Plans", Location: "here", Body: body, HTML: true, Start: now.Add(time.Hour), End: now.Add(2 * time.Hour)}
			if i%10 == 0 {
				d.Location = "@webex"
			}
			alice.Create(d)
		}
		server, err := world.Start(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		defer server.Close()
		token := world.GraphToken()
		asked := &recorder{RoundTripper: trusting(server.CAPEM)}
		client, err := New(server.GraphURL, asked, tokens(func() string { return token }))
		if err != nil {
			b.Fatal(err)
		}
		c := client.Calendar(delta.Mailbox{ID: "alice@example.com"})
		bare := &http.Client{Transport: trusting(server.CAPEM)}
		measure(b, func() error {
			asked.asked = nil
			events, _, err := collect(b.Context(), c, "", now.Add(-24*time.Hour), now.Add(180*24*time.Hour))
			if err == nil && len(events) != 500 {
				err = fmt.Errorf("%d events", len(events))
			}
			return err
		}, func() error { return throwAllAway(bare, asked.asked, token) })
	})
	for _, share := range []int{0, 10, 100} {
		b.Run(fmt.Sprintf("ready answers, %d%% asking", share), func(b *testing.B) { firstSync(b, share, false) })
	}
	b.Run("ready answers, 10% asking, gzip", func(b *testing.B) { firstSync(b, 10, true) })
}

func throwAllAway(bare *http.Client, addresses []string, token string) error {
	for _, address := range addresses {
		if err := throwAway(bare, address, token); err != nil {
			return err
		}
	}
	return nil
}

// firstSync may have its answers packed, as a client that leaves Accept-Encoding to net/http gets them. The floor unpacks them too.
func firstSync(b *testing.B, share int, packed bool) {
	const pages = 10
	var ready [pages][]byte
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if packed {
			w.Header().Set("Content-Encoding", "gzip")
		}
		i, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
		_, _ = w.Write(ready[i])
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	size := 0
	for i := range pages {
		page := pageOf(50, 1<<20, i*100/pages < share)
		page = bytes.ReplaceAll(page, []byte(`"id":"`), fmt.Appendf(nil, `"id":"%d`, i))
		page = bytes.ReplaceAll(page, []byte(`"https://graph.microsoft.com/v1.0/users/`), []byte(`"`+server.URL+`/v1.0/users/`))
		if i < pages-1 {
			cut := bytes.LastIndex(page, []byte(`"@odata.deltaLink"`))
			page = fmt.Appendf(page[:cut], `"@odata.nextLink":"%s/v1.0/users/u/calendarView/delta?$skiptoken=%d"}`, server.URL, i+1)
		}
		size += len(page)
		if packed {
			page = zip(string(page), 1)
		}
		ready[i] = page
	}
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	asked := &recorder{RoundTripper: trusting(roots)}
	client, err := New(server.URL, asked, tokens(func() string { return "token" }))
	if err != nil {
		b.Fatal(err)
	}
	c := client.Calendar(delta.Mailbox{ID: "u"})
	bare := &http.Client{Transport: trusting(roots)}
	b.SetBytes(int64(size))
	measure(b, func() error {
		asked.asked = nil
		events, _, err := collect(b.Context(), c, "", time.Time{}, time.Time{})
		if err == nil && len(events) != 50*pages {
			err = fmt.Errorf("%d events", len(events))
		}
		return err
	}, func() error { return throwAllAway(bare, asked.asked, "token") })
}

package rest_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// serve is a vendor behind real TLS, and a client for it.
func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *rest.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := rest.New(rest.Config{Vendor: "vendor", Root: server.URL + "/v1", Transport: trusting(server), Tokens: fixed("t"), Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	return server, c
}

func trusting(server *httptest.Server) *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
}

func jsonHeader(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/json") }

func TestRedirectsAreNeverFollowedWhereverTheyLead(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, location := range []string{
		other.URL + "/v1/things/1", "/v1/things/2", "things/2", "//evil.example/v1", "http://evil.example", "", "https://[::1", "\x7f", ":::", "%zz",
		"https://vendor.example/secretQuery?token=secretQuery",
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			asked := 0
			_, c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			_, err := get(t.Context(), c)
			is(t, err, delta.ErrForeign)
			is(t, post(t.Context(), c), delta.ErrForeign)
			if asked != 2 {
				t.Errorf("%d %q: asked %d times", status, location, asked)
			}
			if strings.Contains(err.Error(), "secretQuery") || strings.Contains(err.Error(), "evil") {
				t.Errorf("%d %q: %v", status, location, err)
			}
		}
	}
	if elsewhere.Load() != 0 {
		t.Errorf("the other host was asked %d times", elsewhere.Load())
	}
}

func TestAGzipBombIsStoppedAfterDecompressionAndNotFetchedAgain(t *testing.T) {
	asked := 0
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		jsonHeader(w)
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, `{"name":"`)
		zeros := strings.Repeat("0", 1<<20)
		for range 64 {
			if _, err := io.WriteString(z, zeros); err != nil {
				return
			}
		}
		_, _ = io.WriteString(z, `"}`)
		_ = z.Close()
	})
	_, err := get(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
	is(t, err, delta.ErrUnclear)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAnAnswerShorterThanAnnouncedIsNoAnswer(t *testing.T) {
	asked := 0
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		jsonHeader(w)
		if asked == 1 {
			w.Header().Set("Content-Length", "400")
			_, _ = io.WriteString(w, `{"name":"half","other":"x"}`)
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"name":"whole"}`)
	})
	answer, err := get(t.Context(), c)
	if err != nil || answer.Name != "whole" || answer.Other != "" {
		t.Errorf("%+v, %v: something of the broken answer is left", answer, err)
	}
}

func TestACallEndsWhenItsContextDoesWhereverItIs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for name, handler := range map[string]http.HandlerFunc{
		"before the header": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-release:
			}
		},
		"within the body": func(w http.ResponseWriter, r *http.Request) {
			jsonHeader(w)
			_, _ = io.WriteString(w, `{"name":`)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-release:
			}
		},
		"within an error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(503)
			_, _ = io.WriteString(w, `{"error":`)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-release:
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			reached := make(chan struct{}, 10)
			_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				reached <- struct{}{}
				handler(w, r)
			})
			for _, write := range []bool{false, true} {
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() {
					if write {
						done <- post(ctx, c)
						return
					}
					_, err := get(ctx, c)
					done <- err
				}()
				<-reached
				cancel()
				err := <-done
				is(t, err, context.Canceled)
				if write {
					is(t, err, delta.ErrUnclear) // it was on its way
				}
			}
		})
	}
}

func TestACallWithAnEndedContextSendsNothing(t *testing.T) {
	v := &vendor{replies: []reply{says(200, `{}`)}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := get(ctx, newClient(t, v, fixed("t")))
	is(t, err, context.Canceled)
}

func TestAVendorThatCannotBeReachedIsTroubleAndSaysWhy(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	defer plain.Close()
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = quiet
	stranger.StartTLS()
	defer stranger.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }))
	defer proxy.Close()
	for name, test := range map[string]struct {
		root  string
		proxy string
		want  string
	}{
		"nobody listens":      {"https://" + closed, "", "refused"},
		"no TLS":              {strings.Replace(plain.URL, "http:", "https:", 1), "", "TLS"},
		"unknown authority":   {stranger.URL, "", "unknown authority"},
		"unknown name":        {"https://nowhere.invalid", "", "nowhere.invalid"},
		"a proxy that is not": {"https://graph.example", "http://" + closed, "refused"},
		"a proxy's refusal":   {"https://graph.example", proxy.URL, "Proxy Authentication Required"},
	} {
		t.Run(name, func(t *testing.T) {
			transport := &http.Transport{}
			if test.proxy != "" {
				transport.Proxy = http.ProxyURL(parse(t, test.proxy))
			}
			c, err := rest.New(rest.Config{Vendor: "vendor", Root: test.root, Transport: transport, Tokens: fixed("t"), Kind: kind})
			if err != nil {
				t.Fatal(err)
			}
			err = post(t.Context(), c)
			is(t, err, delta.ErrTrouble)
			if errors.Is(err, delta.ErrUnclear) {
				t.Errorf("nothing was sent, and still it is unclear what became of it: %v", err)
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "vendor") {
				t.Errorf("%v does not tell of %q", err, test.want)
			}
		})
	}
}

func TestA503IsTriedAgainOverAnotherConnection(t *testing.T) {
	var connections []string
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		connections = append(connections, r.RemoteAddr)
		jsonHeader(w)
		if len(connections) == 1 {
			w.WriteHeader(503)
			return
		}
		_, _ = io.WriteString(w, `{"name":"a"}`)
	})
	if _, err := get(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(connections) != 2 || connections[0] == connections[1] {
		t.Errorf("connections %v", connections)
	}
}

func TestNoRequestTakesLongerThanTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		within := func(r *http.Request) (*http.Response, error) {
			response, _ := says(200, "")(r)
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"name":`), until{r.Context()}))
			return response, nil
		}
		for _, silent := range []reply{never, within} {
			c := newClient(t, &vendor{replies: []reply{silent}}, fixed("t"))
			began := time.Now()
			err := post(t.Context(), c) // which is not repeated
			is(t, err, delta.ErrUnclear)
			if took := time.Since(began); took < time.Minute || took > 2*time.Minute || !strings.Contains(err.Error(), "no answer in time") {
				t.Errorf("%v after %s", err, took)
			}
			v := &vendor{replies: []reply{silent, says(200, `{"name":"a"}`)}}
			if answer, err := get(t.Context(), newClient(t, v, fixed("t"))); err != nil || answer.Name != "a" || v.asked() != 2 {
				t.Errorf("a read that got no answer is not sent again: %v, %d requests", err, v.asked())
			}
		}
	})
}

// until is a body that brings nothing until a context ends.
type until struct{ ctx context.Context }

func (u until) Read([]byte) (int, error) {
	<-u.ctx.Done()
	return 0, u.ctx.Err()
}

func TestALibrarysRequestTakesNoLongerEither(t *testing.T) {
	transport := &http.Transport{}
	if c := rest.HTTP(transport, 1); c.Timeout <= 0 || c.Timeout > 2*time.Minute {
		t.Errorf("requests may take %s", c.Timeout)
	}
}

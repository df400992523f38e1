package simulator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Server is a World behind real TLS (HTTP/1.1 and HTTP/2) on loopback, each service on a port of its own.
type Server struct {
	GraphURL   string // without /v1.0
	LoginURL   string
	WebexURL   string // with /v1
	ForeignURL string // a host that nobody should talk to; whoever does is a violation
	CAFile     string // PEM of the certificate that has signed the servers'; removed by Close
	CAPEM      []byte

	dir     string
	servers []*http.Server
	done    sync.WaitGroup
	cancel  context.CancelFunc
	closing sync.Once
	err     error
}

// Start serves the world until Close, or until ctx ends; Close is needed in either case. Each service's handler is wrapped, in
// order, by what is given.
func (w *World) Start(ctx context.Context, wrap ...func(http.Handler) http.Handler) (*Server, error) {
	s := &Server{}
	ctx, s.cancel = context.WithCancel(ctx)
	cert, caPEM, err := newCertificates()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the simulator: %w", err), s.Close())
	}
	s.CAPEM = caPEM
	if s.dir, err = os.MkdirTemp("", "simulator-"); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the simulator: %w", err), s.Close())
	}
	s.CAFile = filepath.Join(s.dir, "ca.pem")
	if err := os.WriteFile(s.CAFile, caPEM, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the simulator: %w", err), s.Close())
	}
	for _, part := range []struct {
		url     *string
		handler http.Handler
		path    string
	}{{&s.GraphURL, w.Graph(), ""}, {&s.LoginURL, w.Entra(), ""}, {&s.WebexURL, w.Webex(), "/v1"}, {&s.ForeignURL, w.Foreign(), ""}} {
		for _, with := range wrap {
			part.handler = with(part.handler)
		}
		root, err := s.serve(part.handler, cert)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("starting the simulator: %w", err), s.Close())
		}
		*part.url = root + part.path
	}
	w.mu.Lock()
	w.foreign = s.ForeignURL
	w.mu.Unlock()
	s.done.Go(func() {
		<-ctx.Done()
		for _, srv := range s.servers {
			_ = srv.Close()
		}
	})
	return s, nil
}

func (s *Server) serve(h http.Handler, cert tls.Certificate) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ErrorLog:  log.New(io.Discard, "", 0), // cut connections are what it is for
	}
	s.servers = append(s.servers, srv)
	s.done.Go(func() { _ = srv.ServeTLS(l, "", "") })
	return "https://" + l.Addr().String(), nil
}

// Close ends all connections and waits for the servers.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.cancel()
		for _, srv := range s.servers {
			s.err = errors.Join(s.err, srv.Close())
		}
		s.done.Wait()
		if s.dir != "" {
			s.err = errors.Join(s.err, os.RemoveAll(s.dir))
		}
	})
	return s.err
}

// Client trusts the server's certificate and follows no redirects.
func (s *Server) Client() *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CAPEM)
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Foreign is the host that nobody should talk to; a token shown to it is lost.
func (w *World) Foreign() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		text := "a foreign host was asked for " + r.URL.Path
		if r.Header.Get("Authorization") != "" {
			text += ", with a token"
		}
		w.violated(Violation{Promise: "P7", Text: text})
		rw.WriteHeader(http.StatusNotFound)
	})
}

// newCertificates makes an authority of a day and a certificate for loopback.
func newCertificates() (tls.Certificate, []byte, error) {
	var none tls.Certificate
	now := time.Now()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return none, nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "simulator CA"}, IsCA: true,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(30 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return none, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return none, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1), Subject: pkix.Name{CommonName: "simulator"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return none, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}

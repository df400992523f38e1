package redisstore

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/redisstore/redistest"
)

func TestARedisThatEvictsIsRefused(t *testing.T) {
	open := func(o Options) (string, error) {
		var log bytes.Buffer
		o.LeaseTTL, o.Log = time.Minute, zerolog.New(&log)
		s, err := Open(t.Context(), o)
		if err == nil {
			err = s.Close()
		}
		return log.String(), err
	}
	evicts := func(args ...string) string {
		return redistest.Start(t, append(args, "--maxmemory-policy", "allkeys-lru")...).URL
	}
	noConfig := []string{"--user", "default", "on", "nopass", "~*", "&*", "+@all", "-config"}
	for what, url := range map[string]string{
		"plain": evicts(), "CONFIG renamed": evicts("--rename-command", "CONFIG", ""), "CONFIG forbidden": evicts(noConfig...),
		"only what expires": redistest.Start(t, "--maxmemory-policy", "volatile-ttl").URL,
	} {
		_, err := open(Options{URL: url})
		var policy *PolicyError
		if !errors.As(err, &policy) || !strings.Contains(err.Error(), "noeviction") {
			t.Errorf("%s: %v, want PolicyError", what, err)
		}
	}
	for what, args := range map[string][]string{"CONFIG renamed": {"--rename-command", "CONFIG", ""}, "CONFIG forbidden": noConfig} {
		if log, err := open(Options{URL: redistest.Start(t, args...).URL}); err != nil || log != "" {
			t.Errorf("%s, and nothing is evicted: %v, log %s", what, err, log)
		}
	}
	mute := redistest.Start(t, append(noConfig, "-info")...)
	if log, err := open(Options{URL: mute.URL}); err != nil || !strings.Contains(log, "does not tell") {
		t.Errorf("CONFIG and INFO forbidden: %v, log %q, want a warning", err, log)
	}
	cluster := redistest.StartCluster(t, 3, 0)
	if _, err := open(Options{URL: cluster.URL}); err != nil {
		t.Errorf("cluster: %v", err)
	}
	redistest.CLI(t, "-u", cluster.Nodes[2].URL, "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
	var policy *PolicyError
	if _, err := open(Options{URL: cluster.URL}); !errors.As(err, &policy) {
		t.Errorf("one node of a cluster evicts: %v, want PolicyError", err)
	}
}

func TestAnAddressThatIsNoneIsRefusedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{
		"redis://user:s3cr/et@host:6379", "redis://user:s3cr%et@host", "nonsense", "http://:s3cret@host", "redis://:s3cret@host:port/0",
		"redis://:s3cret@host/0?nonsense=1", "redis://:s3cret@host?addr=h2&nonsense=1", "redis://:s3cret@host?master_name=m&nonsense=1",
		"redis://:s3cret@host/db", "", "redis://:s3cret@127.0.0.1:1",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		s, err := Open(ctx, Options{URL: url, LeaseTTL: time.Minute, Log: zerolog.Nop()})
		cancel()
		if err == nil {
			mustClose(t, s)
		}
		if err == nil || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// What Redis refuses or cannot do must never look as if there were nothing.
func TestAnErrorIsNeverNoValue(t *testing.T) {
	ctx := t.Context()
	m := delta.Mailbox{ID: "id", Address: "alice@example.com"}
	for _, said := range []string{
		"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.",
		"OOM command not allowed when used memory > 'maxmemory'.", "MASTERDOWN Link with MASTER is down", "BUSY Redis is busy running a script",
		"NOPERM this user has no permissions", "NOAUTH Authentication required.", "MISCONF Redis is configured to save RDB snapshots",
		"NOREPLICAS Not enough good replicas to write.", "CLUSTERDOWN Hash slot not served", "ERR unknown",
	} {
		fake := startFake(t)
		s := mustOpen(t, Options{URL: fake.url + "?max_retries=-1", LeaseTTL: time.Minute, Log: zerolog.Nop()})
		fake.refuse("-" + said)
		c := &Claim{store: s, id: m.ID, keys: s.schema.all(m.ID), lease: "a lease"}
		for what, ask := range map[string]func() error{
			"Mailboxes":      func() error { _, err := s.Mailboxes(ctx); return err },
			"Enroll":         func() error { return s.Enroll(ctx, m) },
			"Unenroll":       func() error { return s.Unenroll(ctx, m) },
			"Park":           func() error { return s.Park(ctx, m.Address, delta.Parked, delta.NoMailbox, time.Now(), time.Time{}) },
			"WebexToken":     func() error { _, err := s.WebexToken(ctx); return err },
			"SwapWebexToken": func() error { _, err := s.SwapWebexToken(ctx, "", "x"); return err },
			"SetWebexToken":  func() error { return s.SetWebexToken(ctx, "x") },
			"Claim":          func() error { _, err := s.Claim(ctx, m); return err },
			"Peek":           func() error { _, err := s.Peek(ctx, m); return err },
			"Records":        func() error { _, err := c.Records(ctx, []string{"e"}); return err },
			"AllRecords":     func() error { _, err := c.AllRecords(ctx); return err },
			"Write":          func() error { return c.Write(ctx, everything()) },
			"Views":          func() error { _, err := s.Views(ctx, []delta.Mailbox{m}, false); return err },
			"details":        func() error { return s.details(ctx, &View{Mailbox: m}) },
			"TakeResyncs":    func() error { _, _, err := s.TakeResyncs(ctx, NamesOf([]delta.Mailbox{m})); return err },
			"deliver":        func() error { return s.deliver(ctx, map[delta.Mailbox]request{m: {id: "1-1"}}) },
			"RequestResync":  func() error { _, err := s.RequestResync(ctx, m.Address, false); return err },
			"SignIns":        func() error { _, err := s.SignIns(ctx); return err },
			"SignIn":         func() error { _, err := s.SignIn(ctx, m.ID); return err },
			"SignInsVersion": func() error { _, err := s.SignInsVersion(ctx); return err },
			"SwapSignIn":     func() error { _, err := s.SwapSignIn(ctx, m.ID, "", "x", true); return err },
			"Ping":           func() error { return s.Ping(ctx) },
		} {
			err := ask()
			word, _, _ := strings.Cut(said, " ")
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s answered %q: %v", what, said, err)
			}
			if errors.Is(err, delta.ErrLeased) || errors.Is(err, delta.ErrLeaseLost) {
				t.Errorf("%s answered %q reads as a lost lease: %v", what, said, err)
			}
		}
		mustClose(t, s)
	}
}

func TestARedisThatCannotBeAskedAboutEvictionIsAnError(t *testing.T) {
	fake := startFake(t)
	fake.refuseOnly("CONFIG", "-LOADING Redis is loading the dataset in memory")
	if s, err := Open(t.Context(), Options{URL: fake.url + "?max_retries=-1", LeaseTTL: time.Minute, Log: zerolog.Nop()}); err == nil {
		t.Error("opened")
		mustClose(t, s)
	}
}

// fake is a server that says the same to every command.
type fake struct {
	url string

	mu      sync.Mutex
	only    string // guarded by mu; the command that is refused, "" for all
	refusal string // guarded by mu
}

func startFake(t *testing.T) *fake {
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	f := &fake{url: "redis://" + listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return f
}

func (f *fake) refuse(with string) { f.refuseOnly("", with) }

func (f *fake) refuseOnly(command, with string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.only, f.refusal = command, with
}

func (f *fake) answer(command string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case command == "HELLO":
		return "-ERR unknown command" // it speaks the old protocol
	case f.refusal != "" && (f.only == "" || f.only == command):
		return f.refusal
	case command == "CONFIG":
		return "*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction"
	default:
		return "+OK"
	}
}

func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	number := func() int {
		line, _ := in.ReadString('\n')
		n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimLeft(line, "*$")))
		return n
	}
	for {
		var command string
		count := number()
		if count == 0 {
			return
		}
		for i := range count {
			arg := make([]byte, number()+2)
			if _, err := io.ReadFull(in, arg); err != nil {
				return
			}
			if i == 0 {
				command = strings.ToUpper(string(arg[:len(arg)-2]))
			}
		}
		if _, err := io.WriteString(conn, f.answer(command)+"\r\n"); err != nil {
			return
		}
	}
}

func TestTLSWithTheOperatorsOwnRoot(t *testing.T) {
	dir := t.TempDir()
	root := writeCertificate(t, dir)
	addr := redistest.StartTCP(t).Addr // for a free port next to it
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	secure := strconv.Itoa(n + 10000)
	redistest.Start(t, "--tls-port", secure, "--bind", host, "--tls-cert-file", filepath.Join(dir, "cert.pem"),
		"--tls-key-file", filepath.Join(dir, "key.pem"), "--tls-auth-clients", "no")
	o := Options{URL: "rediss://" + host + ":" + secure, LeaseTTL: time.Minute, Log: zerolog.Nop(), Roots: root}
	s := mustOpen(t, o)
	mustClose(t, s)
	o.Roots = nil
	if s, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server of unknown origin: %v", err)
		if err == nil {
			mustClose(t, s)
		}
	}
}

// writeCertificate makes a certificate for 127.0.0.1 and gives the pool that trusts it.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	raw := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	private := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key))
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	for name, content := range map[string][]byte{
		"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(cert) {
		t.Fatal(fmt.Errorf("the certificate is none"))
	}
	return pool
}

// Each dial to a Redis behind Sentinels asks those first, who are dialled too: tries of tries are hundreds.
func TestSentinelsThatDoNotAnswerAreTriedAFewTimesOnly(t *testing.T) {
	nobody := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	dialled, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := nobody.Accept()
			if err != nil {
				return
			}
			dialled++
			conn.Close()
		}
	}()
	_, err := Open(t.Context(), Options{URL: "redis://" + nobody.Addr().String() + "?master_name=m", LeaseTTL: time.Minute, Log: zerolog.Nop()})
	nobody.Close()
	<-done
	if err == nil || dialled == 0 || dialled > 32 {
		t.Errorf("%d times: %v", dialled, err)
	}
}

package graph

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

const testClient = "11111111-2222-4333-8444-555555555555"

// appCertificate is the one that all tests begin with: RSA keys take their time.
var appCertificate = sync.OnceValues(makeCertificate)

func newCertificate(t *testing.T) []byte {
	t.Helper()
	cert, err := makeCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// makeCertificate makes a certificate and its key in one PEM.
func makeCertificate() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// tenant is a simulated Entra behind real TLS, with one application.
type tenant struct {
	t      *testing.T
	world  *simulator.World
	server *simulator.Server
	file   string // its certificate
	warned []error
}

func newTenant(t *testing.T, options simulator.Options) *tenant {
	t.Helper()
	e := &tenant{t: t, world: simulator.New(options), file: filepath.Join(t.TempDir(), "app.pem")}
	e.world.AddMailbox("alice@example.com")
	cert, err := appCertificate()
	if err != nil {
		t.Fatal(err)
	}
	e.install(cert)
	if err := e.world.RegisterApp(testClient, cert); err != nil {
		t.Fatal(err)
	}
	if e.server, err = e.world.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.server.Close() })
	return e
}

// install puts a certificate where syncd looks for it.
func (e *tenant) install(cert []byte) {
	e.t.Helper()
	if err := os.WriteFile(e.file, cert, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

func (e *tenant) credential() Credential {
	return Credential{
		LoginURL: e.server.LoginURL, TenantID: e.world.Tenant(), ClientID: testClient, Certificate: e.file, GraphURL: e.server.GraphURL,
		Transport: trusting(e.server.CAPEM), Warn: func(err error) { e.warned = append(e.warned, err) },
	}
}

func (e *tenant) tokens() *AppTokens {
	e.t.Helper()
	tokens, err := NewAppTokens(e.credential())
	if err != nil {
		e.t.Fatal(err)
	}
	return tokens
}

func (e *tenant) client(tokens *AppTokens) *Client {
	e.t.Helper()
	client, err := New(e.server.GraphURL, trusting(e.server.CAPEM), tokens)
	if err != nil {
		e.t.Fatal(err)
	}
	return client
}

// signIn reads alice's directory entry with a token of the application's own.
func (e *tenant) signIn(tokens *AppTokens) error {
	e.t.Helper()
	_, _, err := e.client(tokens).User(e.t.Context(), "alice@example.com")
	return err
}

func TestACertificateGetsATokenThatGraphTakes(t *testing.T) {
	t.Parallel()
	e := newTenant(t, simulator.Options{Seed: 1})
	tokens := e.tokens()
	client := e.client(tokens) // one for all: it keeps a mailbox to four requests at a time
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, _, err := client.User(t.Context(), "alice@example.com"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := e.world.Count("Token", ""); n != 1 {
		t.Errorf("20 callers asked for %d tokens", n)
	}
	e.world.ExpireTokens(simulator.Graph)
	if err := e.signIn(tokens); err != nil {
		t.Errorf("after the token was refused: %v", err)
	}
	if n := e.world.Count("Token", ""); n != 2 {
		t.Errorf("%d tokens, want 2", n)
	}
	if err := e.world.CheckAlways(); err != nil {
		t.Error(err)
	}
}

// Nothing that Entra is shown gets into an error: assertions can be used by whoever reads them.
func TestARefusedApplicationIsToldByItsNumber(t *testing.T) {
	t.Parallel()
	hour := func(shift time.Duration) simulator.Options {
		return simulator.Options{Seed: 2, Now: func() time.Time { return time.Now().Add(shift) }}
	}
	for name, test := range map[string]struct {
		options simulator.Options
		change  func(e *tenant, c *Credential)
		says    string
	}{
		"another certificate":         {hour(0), func(e *tenant, _ *Credential) { e.install(newCertificate(t)) }, "401 invalid_client AADSTS700027"},
		"application withdrawn":       {hour(0), func(e *tenant, _ *Credential) { e.world.RevokeApp(testClient) }, "401 invalid_client AADSTS700027"},
		"our clock is an hour behind": {hour(time.Hour), nil, "401 invalid_client AADSTS700024"},
		"our clock is an hour ahead":  {hour(-time.Hour), nil, "401 invalid_client AADSTS700024"},
		"unknown application":         {hour(0), func(_ *tenant, c *Credential) { c.ClientID = "99999999-2222-4333-8444-555555555555" }, "400 unauthorized_client AADSTS700016"},
		"400 invalid_client":          {hour(0), func(e *tenant, _ *Credential) { e.refuse(400, fixture(t, "auth-error-response.json")) }, "400 invalid_scope AADSTS70011"},
		"400 invalid_grant":           {hour(0), func(e *tenant, _ *Credential) { e.refuse(400, fixture(t, "auth-composed-invalid-grant.json")) }, "400 invalid_grant AADSTS"},
		"400 invalid_client of Entra's": {hour(0), func(e *tenant, _ *Credential) {
			e.refuse(400, []byte(`{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.","error_codes":[7000222]}`))
		}, "400 invalid_client AADSTS7000222"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newTenant(t, test.options)
			credential := e.credential()
			if test.change != nil {
				test.change(e, &credential)
			}
			tokens, err := NewAppTokens(credential)
			if err != nil {
				t.Fatal(err)
			}
			err = e.signIn(tokens)
			if !errors.Is(err, delta.ErrCredentials) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v, want %s", err, test.says)
			}
			if strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), "Trace ID") {
				t.Errorf("the error quotes what was sent or said: %v", err)
			}
			for range 20 {
				_ = e.signIn(tokens)
			}
			if n := e.world.Count("Token", ""); n != 1 {
				t.Errorf("a refused application was asked for %d times", n)
			}
		})
	}
}

func (e *tenant) refuse(status int, body []byte) {
	e.world.Fault(simulator.Rule{Call: "Token", Fault: simulator.Answer(status, http.Header{"Content-Type": {"application/json"}}, string(body))})
}

func TestThePublishedTokenIsRead(t *testing.T) {
	t.Parallel()
	e := newTenant(t, simulator.Options{Seed: 3})
	raw := fixture(t, "auth-client-credentials-token-response.json")
	var published struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal(raw, &published); err != nil || published.Access == "" {
		t.Fatal(err)
	}
	e.refuse(200, raw)
	if token, err := e.tokens().Token(t.Context(), ""); err != nil || token != published.Access {
		t.Errorf("%q, %v", token, err)
	}
}

func TestAnOutageOfTheLoginAddressIsNoRefusal(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{
		"HTML with 200": simulator.HTML(200), "HTML with 502": simulator.HTML(502), "503": simulator.Refuse(503, "temporarily_unavailable", ""),
		"lost": simulator.Lose(), "cut": simulator.Truncate(), "redirect": simulator.Redirect(simulator.ForeignURL),
	} {
		for _, call := range []string{"Token", "Discovery"} {
			t.Run(name+" of "+call, func(t *testing.T) {
				t.Parallel()
				e := newTenant(t, simulator.Options{Seed: 4})
				rule := e.world.Fault(simulator.Rule{Call: call, Fault: fault})
				_, err := e.tokens().Token(t.Context(), "")
				if !errors.Is(err, delta.ErrTrouble) || errors.Is(err, delta.ErrCredentials) {
					t.Errorf("%v", err)
				}
				if strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), "<html") || strings.Contains(err.Error(), "Sorry") {
					t.Errorf("the error quotes what was sent or said: %v", err)
				}
				rule.Remove()
				if err := e.signIn(e.tokens()); err != nil {
					t.Errorf("when it is over: %v", err)
				}
				if err := e.world.CheckAlways(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestTheLoginAddressIsNotAskedBeforeItsRetryAfter(t *testing.T) {
	t.Parallel()
	e := newTenant(t, simulator.Options{Seed: 7})
	rule := e.world.Fault(simulator.Rule{Call: "Token", Times: 1, Fault: simulator.Refuse(503, "temporarily_unavailable", "1")})
	if err := e.signIn(e.tokens()); err != nil || rule.Hits() != 1 {
		t.Errorf("%v after %d refusals", err, rule.Hits())
	}
	if err := e.world.CheckAlways(); err != nil {
		t.Error(err)
	}
}

func TestNothingIsSentToAForeignHost(t *testing.T) {
	t.Parallel()
	e := newTenant(t, simulator.Options{Seed: 5})
	elsewhere := func(body []byte) []byte { // the token endpoint alone
		return bytes.Replace(body, []byte(`"token_endpoint":"`+e.server.LoginURL), []byte(`"token_endpoint":"`+e.server.ForeignURL), 1)
	}
	for _, fault := range []simulator.Fault{simulator.ForeignLink(), simulator.Change(elsewhere)} {
		rule := e.world.Fault(simulator.Rule{Call: "Discovery", Fault: fault})
		if token, err := e.tokens().Token(t.Context(), ""); token != "" || !errors.Is(err, delta.ErrForeign) && !errors.Is(err, delta.ErrTrouble) {
			t.Errorf("%s: %q, %v", fault.Name, token, err)
		}
		if rule.Hits() == 0 {
			t.Errorf("%s: not met", fault.Name)
		}
		rule.Remove()
	}
	if err := e.world.CheckAlways(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Credential){
		"without TLS":        func(c *Credential) { c.LoginURL = strings.Replace(c.LoginURL, "https:", "http:", 1) },
		"unknown authority":  func(c *Credential) { c.Transport = &http.Transport{} },
		"nobody there":       func(c *Credential) { c.LoginURL = "https://127.0.0.1:1" },
		"Graph for Entra":    func(c *Credential) { c.LoginURL = e.server.GraphURL },
		"tenant unheard of":  func(c *Credential) { c.TenantID = "00000000-2222-4333-8444-555555555555" },
		"tenant and a query": func(c *Credential) { c.TenantID += "?x=" },
	} {
		credential := e.credential()
		change(&credential)
		tokens, err := NewAppTokens(credential)
		if err == nil {
			_, err = tokens.Token(t.Context(), "")
		}
		if err == nil {
			t.Errorf("%s: a token", name)
		}
	}
	if n := e.world.Count("Token", ""); n != 0 {
		t.Errorf("%d assertions were sent", n)
	}
}

func TestACertificateThatIsReplacedIsTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	e := newTenant(t, simulator.Options{Seed: 6})
	tokens := e.tokens()
	if err := e.signIn(tokens); err != nil {
		t.Fatal(err)
	}
	e.world.RevokeApp(testClient) // the old one goes, with its tokens
	next := newCertificate(t)
	if err := e.world.RegisterApp(testClient, next); err != nil {
		t.Fatal(err)
	}
	e.install(next)
	if err := e.signIn(tokens); err != nil {
		t.Errorf("with the new certificate: %v", err)
	}
	for name, broken := range map[string]string{"empty": "", "no PEM": "x", "certificate alone": string(next[:strings.Index(string(next), "-----BEGIN PRIVATE")])} {
		e.install([]byte(broken))
		if _, err := NewAppTokens(e.credential()); err == nil || !strings.Contains(err.Error(), "client_certificate") || !strings.Contains(err.Error(), "private key") {
			t.Errorf("%s: %v", name, err)
		}
		if err := e.signIn(tokens); err != nil { // the token works, whatever the file
			t.Errorf("%s: %v", name, err)
		}
	}
}

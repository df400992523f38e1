package graph

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func block(kind string, body []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body}))
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestACertificateFileThatEntraWouldNotTakeIsToldByWhatIsWrongWithIt(t *testing.T) {
	whole := string(newCertificate(t))
	certificate, key, _ := strings.Cut(whole, "-----BEGIN PRIVATE")
	key = "-----BEGIN PRIVATE" + key
	other := string(newCertificate(t))
	curve := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "app.pem")
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "it is no PEM"},
		{"a PFX file", "\x30\x82\x0a", "openssl pkcs12"},
		{"certificate alone", certificate, "there is no private key in it"},
		{"key alone", key, "there is no certificate in it"},
		{"a curve's key as OpenSSL writes it", certificate + block("EC PARAMETERS", []byte{6}) + block("EC PRIVATE KEY", must[[]byte](t)(x509.MarshalECPrivateKey(curve))), "none of RSA"},
		{"likewise in PKCS 8", certificate + block("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(curve))), "none of RSA"},
		{"an Edwards curve", certificate + block("PRIVATE KEY", must[[]byte](t)(x509.MarshalPKCS8PrivateKey(edwards))), "none of RSA"},
		{"an encrypted key", certificate + block("ENCRYPTED PRIVATE KEY", []byte("canary")), "openssl pkey -in"},
		{"encrypted the old way", certificate + "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "openssl pkey -in"},
		{"another's key", strings.Split(other, "-----BEGIN PRIVATE")[0] + key, "key"},
	} {
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Certificate(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "client_certificate "+path) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if _, err := NewAppTokens(Credential{Certificate: path, LoginURL: "https://login.example.com", TenantID: "t", ClientID: "c"}); err == nil {
			t.Errorf("%s: taken to sign in", c.name)
		}
	}
	for name, good := range map[string]string{
		"certificate first": whole, "key first": key + certificate, "with a mark of byte order": "\ufeff" + whole, "with a chain": strings.Split(other, "-----BEGIN PRIVATE")[0] + whole,
		"with carriage returns": strings.ReplaceAll(whole, "\n", "\r\n"), "with what openssl pkcs12 says before": "Bag Attributes\n    friendlyName: x\n" + whole,
	} {
		if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Certificate(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

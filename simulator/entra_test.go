package simulator

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
)

const clientID = "11111111-2222-3333-4444-555555555555"

// newApp makes a key and a certificate in one PEM, as SYNCD_CLIENT_CERTIFICATE holds them.
func newApp(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
}

// signedIn is a served world and a confidential client of MSAL for it.
func signedIn(t *testing.T, w *World, pemData []byte) (*Server, confidential.Client) {
	t.Helper()
	srv, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	certs, key, err := confidential.CertFromPEM(pemData, "")
	if err != nil {
		t.Fatal(err)
	}
	cred, err := confidential.NewCredFromCert(certs, key)
	if err != nil {
		t.Fatal(err)
	}
	app, err := confidential.New(srv.LoginURL+"/"+w.Tenant(), clientID, cred,
		confidential.WithHTTPClient(srv.Client()), confidential.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	return srv, app
}

func TestMSALSignsInWithACertificateAndGraphTakesTheToken(t *testing.T) {
	w := New(Options{Seed: 1})
	w.AddMailbox("alice@example.com")
	pemData := newApp(t)
	if err := w.RegisterApp(clientID, pemData); err != nil {
		t.Fatal(err)
	}
	srv, app := signedIn(t, w, pemData)
	result, err := app.AcquireTokenByCredential(context.Background(), []string{srv.GraphURL + "/.default"})
	if err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequest("GET", srv.GraphURL+"/v1.0/users/alice@example.com", nil)
	req.Header.Set("Authorization", "Bearer "+result.AccessToken)
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("status %d over HTTP/%d", res.StatusCode, res.ProtoMajor)
	}
	if life := time.Until(result.ExpiresOn); life < 50*time.Minute {
		t.Errorf("the token lives %s", life)
	}
}

func TestAnAssertionOfAnotherCertificateIsRefusedInEntrasShape(t *testing.T) {
	w := New(Options{Seed: 1})
	if err := w.RegisterApp(clientID, newApp(t)); err != nil {
		t.Fatal(err)
	}
	srv, app := signedIn(t, w, newApp(t))
	_, err := app.AcquireTokenByCredential(context.Background(), []string{srv.GraphURL + "/.default"})
	if err == nil || !strings.Contains(err.Error(), "AADSTS700027") || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("error %v", err)
	}
}

func TestAPersonSignsInWithADeviceCode(t *testing.T) {
	w := New(Options{Seed: 1})
	w.AddMailbox("alice@example.com")
	if err := w.RegisterApp(clientID, newApp(t)); err != nil {
		t.Fatal(err)
	}
	srv, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	app, err := public.New(clientID, public.WithAuthority(srv.LoginURL+"/"+w.Tenant()), public.WithHTTPClient(srv.Client()), public.WithInstanceDiscovery(false))
	if err != nil {
		t.Fatal(err)
	}
	scopes := []string{srv.GraphURL + "/Calendars.ReadWrite"}
	code, err := app.AcquireTokenByDeviceCode(t.Context(), scopes)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SignIn(code.Result.UserCode, "alice@example.com"); err != nil {
		t.Fatal(err)
	}
	result, err := code.AuthenticationResult(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.Account.PreferredUsername != "alice@example.com" {
		t.Errorf("account %+v", result.Account)
	}
	if _, err := app.AcquireTokenSilent(t.Context(), []string{srv.GraphURL + "/MailboxSettings.Read"}, public.WithSilentAccount(result.Account)); err != nil {
		t.Errorf("a silent token for another scope: %v", err)
	}
	me, _ := http.NewRequest("GET", srv.GraphURL+"/v1.0/me/events", nil)
	me.Header.Set("Authorization", "Bearer "+result.AccessToken)
	res, err := srv.Client().Do(me)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%v %v", res, err)
	}
	if res != nil {
		res.Body.Close()
	}
}

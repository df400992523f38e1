package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"
)

// signer builds client assertions by hand.
type signer struct {
	key        *rsa.PrivateKey
	thumbprint string
}

func newSigner(t *testing.T, pemData []byte) signer {
	t.Helper()
	cert, rest := pem.Decode(pemData)
	key, _ := pem.Decode(rest)
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.Bytes)
	return signer{private.(*rsa.PrivateKey), base64.StdEncoding.EncodeToString(sum[:])}
}

func (s signer) sign(t *testing.T, head, claims js) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString(encode(head)) + "." + base64.RawURLEncoding.EncodeToString(encode(claims))
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPSS(rand.Reader, s.key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestAnAssertionIsVerifiedForReal(t *testing.T) {
	w, c, pass := newWorld(t, Options{})
	pemData := newApp(t)
	if err := w.RegisterApp(clientID, pemData); err != nil {
		t.Fatal(err)
	}
	s, other := newSigner(t, pemData), newSigner(t, newApp(t))
	endpoint := LoginURL + "/" + w.Tenant() + "/oauth2/v2.0/token"
	post := func(assertion string) reply {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "scope": {GraphURL + "/.default"}, "client_assertion": {assertion},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
		return c.do("POST", endpoint, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
	}
	head := func(change js) js {
		h := js{"alg": "PS256", "typ": "JWT", "x5t#S256": s.thumbprint}
		for k, v := range change {
			h[k] = v
		}
		return h
	}
	n := 0
	claims := func(change js) js {
		n++
		all := js{"aud": endpoint, "iss": clientID, "sub": clientID, "jti": string(rune('a' + n)), "nbf": noon.Unix(), "exp": noon.Add(10 * time.Minute).Unix()}
		for k, v := range change {
			all[k] = v
		}
		return all
	}
	if r := post(s.sign(t, head(nil), claims(nil))); r.status != 200 || r.js["scope"] != nil || r.js["expires_in"] != 3599.0 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for what, test := range map[string]struct {
		assertion string
		want      string
	}{
		"foreign key under our thumbprint": {other.sign(t, head(nil), claims(nil)), "AADSTS700027"},
		"unknown thumbprint":               {other.sign(t, head(js{"x5t#S256": other.thumbprint}), claims(nil)), "AADSTS700027"},
		"another algorithm":                {s.sign(t, head(js{"alg": "RS256"}), claims(nil)), "AADSTS700027"},
		"another audience":                 {s.sign(t, head(nil), claims(js{"aud": "https://login.example/token"})), "AADSTS700023"},
		"another issuer":                   {s.sign(t, head(nil), claims(js{"iss": "x"})), "AADSTS700021"},
		"another subject":                  {s.sign(t, head(nil), claims(js{"sub": "x"})), "AADSTS700021"},
		"expired":                          {s.sign(t, head(nil), claims(js{"exp": noon.Unix()})), "AADSTS700024"},
		"not yet valid":                    {s.sign(t, head(nil), claims(js{"nbf": noon.Add(time.Hour).Unix(), "exp": noon.Add(2 * time.Hour).Unix()})), "AADSTS700024"},
		"no jti":                           {s.sign(t, head(nil), claims(js{"jti": ""})), "AADSTS50027"},
		"nonsense":                         {"a.b", "AADSTS50027"},
		"none":                             {"", "AADSTS7000218"},
	} {
		if r := post(test.assertion); !strings.Contains(string(r.body), test.want+":") || r.status != 401 || r.js["error"] != "invalid_client" {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	once := s.sign(t, head(nil), claims(nil))
	if first, second := post(once), post(once); first.status != 200 || second.status != 401 {
		t.Errorf("a jti twice: %d, %d", first.status, second.status)
	}
	pass(11 * time.Minute)
	if r := post(once); r.status != 401 {
		t.Errorf("the same later: %d", r.status)
	}
	w.RevokeApp(clientID)
	if r := post(s.sign(t, head(nil), claims(js{"nbf": noon.Add(11 * time.Minute).Unix(), "exp": noon.Add(20 * time.Minute).Unix()}))); r.status != 401 {
		t.Errorf("revoked: %d", r.status)
	}
}

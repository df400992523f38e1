package simulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// skew is how far the clock of a client may be off.
const skew = 5 * time.Minute

// verify checks a client assertion as microsoft-graph.md 8.2 describes it: PS256, the thumbprint of a registered certificate,
// audience, issuer and subject, times, and a jti that was never seen. It gives the AADSTS number for what is wrong.
func (a *app) verify(assertion, endpoint string, now time.Time) (int, error) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return 50027, errors.New("is not a JWT")
	}
	var head struct {
		Alg, Typ string
		X5t      string `json:"x5t#S256"`
	}
	var claims struct {
		Aud, Iss, Sub, Jti string
		Nbf, Exp           float64
	}
	if decodePart(parts[0], &head) != nil || decodePart(parts[1], &claims) != nil {
		return 50027, errors.New("is not a JWT")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return 50027, errors.New("is not a JWT")
	}
	if head.Alg != "PS256" {
		return 700027, fmt.Errorf("algorithm %q is not PS256", head.Alg)
	}
	key := a.key(head.X5t)
	if key == nil {
		return 700027, errors.New("the certificate with this thumbprint is not registered on the application")
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, nil) != nil {
		return 700027, errors.New("signature validation failed")
	}
	expires, begins := time.Unix(int64(claims.Exp), 0), time.Unix(int64(claims.Nbf), 0)
	switch {
	case claims.Iss != a.id || claims.Sub != a.id:
		return 700021, errors.New("iss and sub must be the client id")
	case !strings.EqualFold(claims.Aud, endpoint):
		return 700023, fmt.Errorf("audience %q is not %q", claims.Aud, endpoint)
	case claims.Exp == 0 || !now.Before(expires) || now.Add(skew).Before(begins):
		return 700024, errors.New("is not within its valid time range")
	case claims.Jti == "":
		return 50027, errors.New("has no jti")
	case !a.used[claims.Jti].IsZero():
		return 700027, errors.New("the jti was used before")
	}
	for jti, until := range a.used {
		if now.After(until) {
			delete(a.used, jti)
		}
	}
	a.used[claims.Jti] = expires
	return 0, nil
}

// key finds the public key of the certificate with a SHA-256 thumbprint in standard base64.
func (a *app) key(thumbprint string) *rsa.PublicKey {
	for _, cert := range a.certs {
		sum := sha256.Sum256(cert.Raw)
		if thumbprint == base64.StdEncoding.EncodeToString(sum[:]) || thumbprint == base64.RawURLEncoding.EncodeToString(sum[:]) {
			key, _ := cert.PublicKey.(*rsa.PublicKey)
			return key
		}
	}
	return nil
}

func decodePart(part string, into any) error {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

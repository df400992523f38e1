package graph

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// Certificate reads the application's certificate, and checks that the private key beside it is its own.
func Certificate(path string) (*x509.Certificate, error) {
	certs, key, err := readCertificate(path)
	if err != nil {
		return nil, err
	}
	for _, cert := range certs {
		if public, ok := cert.PublicKey.(*rsa.PublicKey); ok && public.Equal(key.(*rsa.PrivateKey).Public()) {
			return cert, nil
		}
	}
	return nil, fmt.Errorf("client_certificate %s: the private key belongs to another certificate", path)
}

// readCertificate reads a PEM file with one or more certificates and an RSA key, which is what Entra takes
// (active-directory-certificate-credentials.md).
func readCertificate(path string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("client_certificate: %w", err)
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // which editors put before the first line, and hides it
	fail := func(err error) ([]*x509.Certificate, crypto.PrivateKey, error) {
		return nil, nil, fmt.Errorf("client_certificate %s: want PEM with a certificate and its private key: %w", path, err)
	}
	if err := lookOver(raw); err != nil {
		return fail(err)
	}
	certs, key, err := confidential.CertFromPEM(raw, "")
	if err != nil {
		return fail(err)
	}
	if _, isRSA := key.(*rsa.PrivateKey); !isRSA {
		return fail(errNotRSA)
	}
	return certs, key, nil
}

var errNotRSA = errors.New("the key is none of RSA, and Entra takes no other here: make a new pair with `openssl req -x509 -newkey rsa:3072 …`, and upload its certificate")

// lookOver says what is wrong with a PEM file, as far as the names of its parts tell.
func lookOver(raw []byte) error {
	var kinds []string
	encrypted := false
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		kinds = append(kinds, block.Type)
		encrypted = encrypted || block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != ""
	}
	isKey := func(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") }
	switch {
	case len(kinds) == 0:
		return errors.New("it is no PEM; of a PFX file `openssl pkcs12 -in app.pfx -out app.pem -nodes` makes one")
	case encrypted:
		return errors.New("the private key is encrypted, and nobody is there to type its passphrase: take it off with `openssl pkey -in app.key -out plain.key`, and protect the file by its mode (chmod 600)")
	case slices.Contains(kinds, "EC PRIVATE KEY"):
		return errNotRSA
	case !slices.Contains(kinds, "CERTIFICATE"):
		return errors.New("there is no certificate in it: put the one that was uploaded in Entra into the same file")
	case !slices.ContainsFunc(kinds, isKey):
		return errors.New("there is no private key in it: put the certificate's into the same file")
	}
	return nil
}

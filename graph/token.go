package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"syncd/delta"
	"syncd/rest"
)

// Credential is an Entra application with a certificate.
type Credential struct {
	LoginURL    string // https://login.microsoftonline.com
	TenantID    string
	ClientID    string
	Certificate string // path of a PEM file with certificate and private key
	GraphURL    string // its scope is asked for
	Transport   http.RoundTripper
	// Warn, which may be nil, is told of a renewal that fails while the old token still works.
	Warn func(error)
}

// authority is the tenant's address.
func (c Credential) authority() string { return strings.TrimSuffix(c.LoginURL, "/") + "/" + c.TenantID }

// http is what MSAL speaks through.
func (c Credential) http() *http.Client {
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return rest.HTTP(loginOnly{c.Transport, c.LoginURL}, 1<<20)
}

// AppTokens gets tokens by client credentials (auth-v2-service.md). The certificate file is read anew for each, about once an
// hour, so that a renewed one is taken without a restart.
type AppTokens struct {
	credential Credential
	keeper     *rest.Keeper // one request of many
}

// NewAppTokens checks that the certificate can be used.
func NewAppTokens(c Credential) (*AppTokens, error) {
	t := &AppTokens{credential: c}
	if _, err := t.client(); err != nil {
		return nil, err
	}
	t.keeper = rest.NewKeeper(t.renew, c.Warn)
	return t, nil
}

// early is how long before its end a token is renewed.
const early = 5 * time.Minute

// Token implements [rest.Tokens].
func (t *AppTokens) Token(ctx context.Context, refused string) (string, error) {
	return t.keeper.Token(ctx, refused)
}

// renew gets a token with the certificate as it is now. MSAL's own cache is not used: one token is all there is.
func (t *AppTokens) renew(ctx context.Context, _ string) (rest.Token, error) {
	client, err := t.client()
	if err != nil {
		return rest.Token{}, fmt.Errorf("%w: %w", delta.ErrCredentials, err)
	}
	result, err := client.AcquireTokenByCredential(ctx, []string{strings.TrimSuffix(t.credential.GraphURL, "/") + "/.default"})
	if err != nil {
		return rest.Token{}, tokenError(ctx, err)
	}
	return rest.Token{Value: result.AccessToken, Renew: result.ExpiresOn.Add(-early), Expires: result.ExpiresOn}, nil
}

// client makes an MSAL client with the certificate as it is now.
func (t *AppTokens) client() (confidential.Client, error) {
	certs, key, err := readCertificate(t.credential.Certificate)
	if err != nil {
		return confidential.Client{}, err
	}
	credential, err := confidential.NewCredFromCert(certs, key)
	if err != nil {
		return confidential.Client{}, fmt.Errorf("client_certificate %s: %w", t.credential.Certificate, err)
	}
	client, err := confidential.New(t.credential.authority(), t.credential.ClientID, credential,
		confidential.WithHTTPClient(t.credential.http()),
		confidential.WithInstanceDiscovery(microsoftLogin(t.credential.LoginURL)),
		confidential.WithAzureRegion(noRegion))
	if err != nil {
		return confidential.Client{}, fmt.Errorf("login_url or tenant_id: %w", err)
	}
	return client, nil
}

// noRegion keeps MSAL_FORCE_REGION in the environment from sending us to another endpoint.
const noRegion = "DisableMsalForceRegion"

// microsoftLogin reports whether an address is one of Microsoft's own, for which MSAL may look up its instance
// (deployments.md). Any other host is asked itself and nobody else.
func microsoftLogin(login string) bool {
	u, err := url.Parse(login)
	return err == nil && slices.Contains([]string{
		"login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn", "login.partner.microsoftonline.cn",
	}, strings.ToLower(u.Host))
}

// loginOnly sends nothing to other hosts than the login address: what discovery answers names the place where MSAL sends its
// assertion. Microsoft's own hosts may name each other.
type loginOnly struct {
	http.RoundTripper
	login string
}

func (l loginOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	login, err := url.Parse(l.login)
	asked := r.URL.Scheme + "://" + r.URL.Host
	if err != nil || r.URL.Scheme != "https" || !sameASCII(r.URL.Host, login.Host) && !(microsoftLogin(l.login) && microsoftLogin(asked)) {
		return nil, fmt.Errorf("%w: the login address names another host", delta.ErrForeign)
	}
	return l.RoundTripper.RoundTrip(r)
}

// tokenError tells an outage from a refusal. Only the OAuth error word decides; the text may change
// (reference-error-codes.md), and is not shown, since it may repeat what was sent.
func tokenError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, delta.ErrForeign) {
		return fmt.Errorf("getting a token: %w: the login address names another host", delta.ErrForeign)
	}
	var call msalerrors.CallErr
	if !errors.As(err, &call) || call.Resp == nil {
		return fmt.Errorf("%w: getting a token from the login address: %w", delta.ErrTrouble, rest.Cause(err))
	}
	status := call.Resp.StatusCode
	e := fmt.Errorf("login address answered %d%s", status, oauthError(err).words())
	if status == http.StatusTooManyRequests || status >= 500 || status < 400 { // a redirect is some gateway's
		e = fmt.Errorf("%w: %w", delta.ErrTrouble, e)
		if after := rest.RetryAfter(call.Resp.Header.Get("Retry-After"), time.Now()); after > 0 {
			return &delta.LaterError{At: time.Now().Add(after), Err: e}
		}
		return e
	}
	return fmt.Errorf("%w: %w", delta.ErrCredentials, e)
}

// oauthAnswer is the error that Entra named, with its numbers, which an operator can look up.
type oauthAnswer struct {
	Error string `json:"error"`
	Codes []int  `json:"error_codes"`
}

// oauthError reads it; empty where the answer was none of Entra's. MSAL may have read the body already, and then quotes it.
func oauthError(err error) (said oauthAnswer) {
	var call msalerrors.CallErr
	if !errors.As(err, &call) || call.Resp == nil {
		return said
	}
	if call.Resp.Body != nil && json.NewDecoder(io.LimitReader(call.Resp.Body, 64<<10)).Decode(&said) == nil {
		return said
	}
	if text := call.Error(); strings.Contains(text, "{") {
		_ = json.Unmarshal([]byte(text[strings.IndexByte(text, '{'):]), &said) // else nothing is known
	}
	return said
}

func (a oauthAnswer) words() string {
	words := ""
	if word := rest.Word(a.Error); word != "" {
		words = " " + word
	}
	for _, code := range a.Codes {
		words += fmt.Sprintf(" AADSTS%d", code)
	}
	return words
}

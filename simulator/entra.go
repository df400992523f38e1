package simulator

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// app is an application registered in the tenant.
type app struct {
	id     string
	certs  []*x509.Certificate
	used   map[string]time.Time // jti → when it may be forgotten
	public bool                 // allows the device code flow
	// roles are its permissions in Entra, exchange those that Exchange gives it.
	roles, exchange []string
}

func freshApp(id string) *app {
	return &app{id: id, used: map[string]time.Time{}, public: true, roles: usual}
}

// token is an access token of either vendor.
type token struct {
	service Service
	app     string
	account string // user or host it stands for; "" = the application itself
	admin   bool
	scopes  []string // what it may do at Graph; nil = everything
	expires time.Time
}

// RegisterApp makes an application known to the tenant, or gives it one more certificate (PEM; a private key beside it is
// ignored). Tokens are given out for assertions signed with the certificate's key.
func (w *World) RegisterApp(clientID string, certPEM []byte) error {
	cert, err := firstCertificate(certPEM)
	if err != nil {
		return fmt.Errorf("registering %s: %w", clientID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[clientID]
	if a == nil {
		a = freshApp(clientID)
		w.apps[clientID] = a
	}
	a.certs = append(a.certs, cert)
	return nil
}

// RevokeApp takes all certificates from an application, and its tokens with them.
func (w *World) RevokeApp(clientID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[clientID]; a != nil {
		a.certs = nil
	}
	for value, t := range w.tokens {
		if t.service == Graph && t.app == clientID {
			delete(w.tokens, value)
		}
	}
}

// GraphToken gives out an access token for Graph without any ceremony, for tests that are not about signing in.
func (w *World) GraphToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newToken(token{service: Graph, app: "simulator", expires: w.now().Add(100 * 365 * 24 * time.Hour)})
}

// ExpireTokens makes all access tokens of a service worthless.
func (w *World) ExpireTokens(s Service) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tokens {
		if t.service == s {
			t.expires = w.now()
		}
	}
}

func (w *World) newToken(t token) string {
	prefix := ""
	if t.service == Graph {
		prefix = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." + w.claims(t) + "."
	}
	value := prefix + randomHex(w.rng, 64) + "_canary"
	w.tokens[value] = &t
	return value
}

func firstCertificate(data []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, err
			}
			if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
				return nil, errors.New("the certificate's key is not RSA")
			}
			return cert, nil
		}
	}
	return nil, errors.New("no certificate in the PEM data")
}

// Entra answers at the login address: discovery, token, device code (microsoft-graph.md 8, libraries.md 4).
func (w *World) Entra() http.Handler {
	return service{w: w, name: Entra, route: routeEntra}
}

func routeEntra(c *call) func() *answer {
	c.scope = "entra"
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(c.r.URL.Path, "/"), "/")
	known := strings.EqualFold(tenant, c.w.opt.Tenant)
	c.Route = "/{tenant}/" + rest
	do := map[string]func(*call) *answer{
		"GET v2.0/.well-known/openid-configuration": (*call).discovery,
		"POST oauth2/v2.0/token":                    (*call).entraToken,
		"POST oauth2/v2.0/devicecode":               (*call).deviceCode,
	}[c.Method+" "+rest]
	switch {
	case do == nil:
		c.Call = "Unknown"
		return func() *answer { return c.refusal(http.StatusNotFound, "invalid_request") }
	case strings.HasSuffix(rest, "token"):
		c.Call = "Token"
	case strings.HasSuffix(rest, "devicecode"):
		c.Call = "DeviceCode"
	default:
		c.Call = "Discovery"
	}
	return func() *answer {
		if !known {
			return c.denied(http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+tenant+"' not found.")
		}
		return do(c)
	}
}

func (c *call) discovery() *answer {
	base := c.root + "/" + strings.ToLower(c.w.opt.Tenant)
	return jsonAnswer(http.StatusOK, map[string]any{
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"issuer":                                base + "/v2.0",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []string{"code", "id_token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
	})
}

func (c *call) entraToken() *answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return c.denied(http.StatusBadRequest, "invalid_request", 900144, "The request body is not a form.")
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		return c.clientCredentials(form)
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		return c.deviceToken(form)
	case "refresh_token":
		return c.userRefresh(form)
	case "":
		return c.denied(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
	}
	return c.denied(http.StatusBadRequest, "unsupported_grant_type", 70003, "The grant type is not supported.")
}

func (c *call) clientCredentials(form url.Values) *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	a := c.w.apps[form.Get("client_id")]
	defaults := slices.ContainsFunc(strings.Fields(form.Get("scope")), func(s string) bool { return strings.HasSuffix(s, "/.default") })
	switch {
	case a == nil:
		return c.denied(http.StatusBadRequest, "unauthorized_client", 700016, "Application was not found in the directory.")
	case form.Get("client_assertion") == "":
		return c.denied(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain 'client_assertion' or 'client_secret'.")
	case form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
		return c.denied(http.StatusUnauthorized, "invalid_client", 50027, "The client_assertion_type is wrong.")
	case !defaults:
		return c.denied(http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope is not valid: it must end in /.default.")
	}
	endpoint := c.root + c.r.URL.Path
	if code, err := a.verify(form.Get("client_assertion"), endpoint, c.w.now()); err != nil {
		return c.denied(http.StatusUnauthorized, "invalid_client", code, "Client assertion: "+err.Error())
	}
	life := c.w.opt.TokenLife
	value := c.w.newToken(token{service: Graph, app: a.id, scopes: a.roles, expires: c.w.now().Add(life)})
	return jsonAnswer(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": int(life.Seconds()), "ext_expires_in": int(life.Seconds()), "access_token": value,
	})
}

// denied is an error in Entra's shape (microsoft-graph.md 8.5).
func (c *call) denied(status int, code string, number int, text string) *answer {
	now := c.w.now().UTC()
	trace := fmt.Sprintf("00000000-0000-4000-8000-%012d", c.N)
	return jsonAnswer(status, map[string]any{
		"error":             code,
		"error_description": fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s", number, text, trace, trace, now.Format("2006-01-02 15:04:05Z")),
		"error_codes":       []int{number},
		"timestamp":         now.Format("2006-01-02 15:04:05Z"),
		"trace_id":          trace, "correlation_id": trace,
		"error_uri": fmt.Sprintf("%s/error?code=%d", c.root, number),
	})
}

func jsonAnswer(status int, value any) *answer {
	return (&answer{status: status, body: encode(value)}).set("Content-Type", "application/json; charset=utf-8")
}

// encode writes JSON as the services do: without escaping HTML.
func encode(value any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		panic(fmt.Sprintf("simulator: %T cannot be JSON: %v", value, err)) // a bug of this package
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

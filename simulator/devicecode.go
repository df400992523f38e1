package simulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// deviceSignIn is one run of the device code flow (microsoft-graph.md 8.3).
type deviceSignIn struct {
	client, scope, userCode string
	expires                 time.Time
	asked                   time.Time // when the token was asked for last
	box                     *Mailbox  // who signed in
	declined                bool
	revoked                 bool // of a refresh token
}

// pollEvery is the interval that clients are told to keep.
const pollEvery = 5 * time.Second

func (c *call) deviceCode() *answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return c.denied(http.StatusBadRequest, "invalid_request", 900144, "The request body is not a form.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	switch {
	case c.w.apps[form.Get("client_id")] == nil:
		return c.denied(http.StatusBadRequest, "unauthorized_client", 700016, "Application was not found in the directory.")
	case len(plainScopes(form.Get("scope"))) == 0:
		return c.denied(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
	}
	code := randomHex(c.w.rng, 40)
	s := &deviceSignIn{
		client: form.Get("client_id"), scope: form.Get("scope"),
		userCode: strings.ToUpper(randomHex(c.w.rng, 9)), expires: c.w.now().Add(c.w.opt.CodeLife),
	}
	c.w.devices[code] = s
	return jsonAnswer(http.StatusOK, map[string]any{
		"user_code": s.userCode, "device_code": code, "verification_uri": c.root + "/devicelogin",
		"expires_in": int(c.w.opt.CodeLife.Seconds()), "interval": int(pollEvery.Seconds()),
		"message": "To sign in, use a web browser to open the page " + c.root + "/devicelogin and enter the code " + s.userCode + " to authenticate.",
	})
}

// SignIn is a person typing a user code at the login page; no address stands for somebody who declines.
func (w *World) SignIn(userCode, address string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.devices {
		if s.userCode != userCode {
			continue
		}
		s.box = w.names[strings.ToLower(address)]
		s.declined = s.box == nil
		return nil
	}
	return errors.New("no sign-in waits for this code")
}

func (c *call) deviceToken(form url.Values) *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	code := form.Get("device_code")
	s := c.w.devices[code]
	switch {
	case s == nil || s.client != form.Get("client_id"):
		return c.denied(http.StatusBadRequest, "bad_verification_code", 70018, "The device code is wrong.")
	case !c.w.apps[s.client].public:
		return c.denied(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain 'client_assertion' or 'client_secret'.")
	case form.Get("client_assertion") != "":
		return c.denied(http.StatusUnauthorized, "invalid_client", 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	case !c.w.now().Before(s.expires):
		return c.denied(http.StatusBadRequest, "expired_token", 70019, "The device code has expired.")
	case s.declined:
		return c.denied(http.StatusBadRequest, "authorization_declined", 65004, "The user declined.")
	case c.w.quirks.SlowDown && c.hasty(s):
		return c.denied(http.StatusBadRequest, "slow_down", 70016, "Ask less often.")
	case s.box == nil:
		return c.denied(http.StatusBadRequest, "authorization_pending", 70016, "The user has not finished yet.")
	}
	delete(c.w.devices, code)
	return c.userTokens(s.client, s.scope, s.box)
}

// hasty reports a second look before the interval has passed.
func (c *call) hasty(s *deviceSignIn) bool {
	last := s.asked
	s.asked = c.w.now()
	return s.asked.Sub(last) < pollEvery
}

func (c *call) userRefresh(form url.Values) *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	s := c.w.userRefresh[form.Get("refresh_token")]
	switch {
	case s == nil || s.client != form.Get("client_id"):
		return c.denied(http.StatusBadRequest, "invalid_grant", 700082, "The refresh token has expired due to inactivity.")
	case s.revoked:
		return c.denied(http.StatusBadRequest, "invalid_grant", 50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed.")
	case form.Get("client_assertion") != "":
		return c.denied(http.StatusUnauthorized, "invalid_client", 700025, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
	}
	scope := form.Get("scope")
	if scope == "" {
		scope = s.scope
	}
	return c.userTokens(s.client, scope, s.box)
}

// userTokens gives out tokens for one person: access, id token, client info and, where it was asked for, refresh (older ones live on).
func (c *call) userTokens(client, scope string, box *Mailbox) *answer {
	w := c.w
	life := w.opt.TokenLife
	access := token{service: Graph, app: client, account: box.address, scopes: plainScopes(scope), expires: w.now().Add(life)}
	tokens := map[string]any{
		"token_type": "Bearer", "scope": scope, "expires_in": int(life.Seconds()), "access_token": w.newToken(access),
		"id_token":    idToken(c.root, client, w.opt.Tenant, box, w.now()),
		"client_info": base64.RawURLEncoding.EncodeToString(encode(map[string]string{"uid": box.id, "utid": w.opt.Tenant})),
	}
	if slices.Contains(strings.Fields(scope), "offline_access") {
		refresh := randomHex(w.rng, 60) + "_canary"
		w.userRefresh[refresh] = &deviceSignIn{client: client, scope: scope, box: box}
		tokens["refresh_token"] = refresh
	}
	return jsonAnswer(http.StatusOK, tokens)
}

// RevokeUser makes a person's refresh tokens worthless, as a password reset does.
func (w *World) RevokeUser(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.userRefresh {
		s.revoked = s.revoked || strings.EqualFold(s.box.address, address)
	}
}

func idToken(root, client, tenant string, box *Mailbox, now time.Time) string {
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"none"}`))
	claims, _ := json.Marshal(map[string]any{
		"aud": client, "iss": fmt.Sprintf("%s/%s/v2.0", root, tenant), "iat": now.Unix(), "nbf": now.Unix(),
		"exp": now.Add(time.Hour).Unix(), "oid": box.id, "sub": box.id, "tid": tenant,
		"preferred_username": box.upn, "name": box.name, "ver": "2.0",
	})
	return head + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
}

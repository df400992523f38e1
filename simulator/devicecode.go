package simulator

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// deviceSignIn is one run of the device code flow (microsoft-graph.md 8.3).
type deviceSignIn struct {
	client, scope, userCode string
	expires                 time.Time
	box                     *Mailbox // who signed in
	declined                bool
}

// deviceLife is how long a device code may be used.
const deviceLife = 900 * time.Second

func (c *call) deviceCode() *answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return c.denied(http.StatusBadRequest, "invalid_request", 900144, "The request body is not a form.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	if c.w.apps[form.Get("client_id")] == nil {
		return c.denied(http.StatusBadRequest, "unauthorized_client", 700016, "Application was not found in the directory.")
	}
	code := randomHex(c.w.rng, 40)
	s := &deviceSignIn{
		client: form.Get("client_id"), scope: form.Get("scope"),
		userCode: strings.ToUpper(randomHex(c.w.rng, 9)), expires: c.w.now().Add(deviceLife),
	}
	c.w.devices[code] = s
	return jsonAnswer(http.StatusOK, map[string]any{
		"user_code": s.userCode, "device_code": code, "verification_uri": c.root + "/devicelogin",
		"expires_in": int(deviceLife.Seconds()), "interval": 5,
		"message": "To sign in, open the page " + c.root + "/devicelogin and enter the code " + s.userCode + " to authenticate.",
	})
}

// SignIn is a person typing a user code at the login page; address nil declines.
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
	case !c.w.now().Before(s.expires):
		return c.denied(http.StatusBadRequest, "expired_token", 70019, "The device code has expired.")
	case s.declined:
		return c.denied(http.StatusBadRequest, "authorization_declined", 65004, "The user declined.")
	case s.box == nil:
		return c.denied(http.StatusBadRequest, "authorization_pending", 70016, "The user has not finished yet.")
	}
	delete(c.w.devices, code)
	return c.userTokens(s.client, s.scope, s.box)
}

func (c *call) userRefresh(form url.Values) *answer {
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	s := c.w.userRefresh[form.Get("refresh_token")]
	if s == nil || s.client != form.Get("client_id") {
		return c.denied(http.StatusBadRequest, "invalid_grant", 700082, "The refresh token has expired due to inactivity.")
	}
	scope := form.Get("scope")
	if scope == "" {
		scope = s.scope
	}
	return c.userTokens(s.client, scope, s.box)
}

// userTokens gives out tokens for one person: access, refresh (older ones live on), id token and client info.
func (c *call) userTokens(client, scope string, box *Mailbox) *answer {
	w := c.w
	refresh := randomHex(w.rng, 60) + "_canary"
	w.userRefresh[refresh] = &deviceSignIn{client: client, scope: scope, box: box}
	life := w.opt.TokenLife
	info := encode(map[string]string{"uid": box.id, "utid": w.opt.Tenant})
	return jsonAnswer(http.StatusOK, map[string]any{
		"token_type": "Bearer", "scope": scope, "expires_in": int(life.Seconds()),
		"access_token":  w.newToken(token{service: Graph, app: client, account: box.address, expires: w.now().Add(life)}),
		"refresh_token": refresh,
		"id_token":      idToken(c.root, client, w.opt.Tenant, box, w.now()),
		"client_info":   base64.RawURLEncoding.EncodeToString(info),
	})
}

// RevokeUser makes a person's refresh tokens worthless, as a password reset does.
func (w *World) RevokeUser(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for value, s := range w.userRefresh {
		if strings.EqualFold(s.box.address, address) {
			delete(w.userRefresh, value)
		}
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

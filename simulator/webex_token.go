package simulator

import (
	"net/http"
	"net/url"
	"time"
)

// serviceApp is a Service App that an administrator has authorised (webex.md 3).
type serviceApp struct{ id, secret string }

type refreshToken struct {
	app     string
	expires time.Time
	dead    bool
}

const (
	webexAccessLife  = 1209600 * time.Second // 14 days
	webexRefreshLife = 7776000 * time.Second // 90 days
)

// ServiceApp authorises a Service App: its client id and secret, and the first refresh token.
func (w *World) ServiceApp() (clientID, secret, refresh string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := &serviceApp{id: "C" + randomHex(w.rng, 64), secret: randomHex(w.rng, 64) + "_canary"}
	w.webex.apps[a.id] = a
	return a.id, a.secret, w.newRefresh(a.id)
}

// RevokeServiceApp takes the authorisation back: all its tokens die.
func (w *World) RevokeServiceApp(clientID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.webex.refresh {
		t.dead = t.dead || t.app == clientID
	}
	for value, t := range w.tokens {
		if t.service == Webex && t.app == clientID {
			delete(w.tokens, value)
		}
	}
}

func (w *World) newRefresh(app string) string {
	value := randomHex(w.rng, 96) + "_canary"
	w.webex.refresh[value] = &refreshToken{app: app, expires: w.now().Add(webexRefreshLife)}
	return value
}

// accessToken serves POST /access_token: a new access token, and a new refresh token with 90 fresh days. The older refresh token
// lives on unless Quirks.DropOldToken says otherwise.
func (c *call) accessToken() *answer {
	form, err := url.ParseQuery(string(c.body))
	if err != nil {
		return c.refusal(http.StatusBadRequest, "The body is not a form.")
	}
	c.w.mu.Lock()
	defer c.w.mu.Unlock()
	a := c.w.webex.apps[form.Get("client_id")]
	t := c.w.webex.refresh[form.Get("refresh_token")]
	switch {
	case a == nil || a.secret != form.Get("client_secret"):
		return c.refusal(http.StatusUnauthorized, "Invalid client credentials.")
	case form.Get("grant_type") != "refresh_token":
		return c.refusal(http.StatusBadRequest, "The grant type is not supported.")
	case t == nil || t.dead || t.app != a.id || !c.w.now().Before(t.expires):
		return c.refusal(http.StatusBadRequest, "The refresh token is invalid.")
	}
	if c.w.quirks.DropOldToken {
		t.dead = true
	}
	return c.webexJSON(map[string]any{
		"access_token":  c.w.newToken(token{service: Webex, app: a.id, admin: true, expires: c.w.now().Add(webexAccessLife)}),
		"expires_in":    int(webexAccessLife.Seconds()),
		"refresh_token": c.w.newRefresh(a.id), "refresh_token_expires_in": int(webexRefreshLife.Seconds()),
		"token_type": "Bearer", "scope": c.w.webex.scopes(),
	})
}

package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// entra asks the login address, as anybody.
func entra(w *World, c *client, rest string, form url.Values) reply {
	return c.do("POST", LoginURL+"/"+w.Tenant()+"/oauth2/v2.0/"+rest, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "")
}

// deviceSignedIn gives the answer with alice's tokens.
func deviceSignedIn(t *testing.T, w *World, c *client, scope string) reply {
	t.Helper()
	device := entra(w, c, "devicecode", url.Values{"client_id": {clientID}, "scope": {scope}})
	if err := w.SignIn(device.js["user_code"].(string), alice_); err != nil {
		t.Fatal(err)
	}
	return entra(w, c, "token", url.Values{"grant_type": {"device_code"}, "client_id": {clientID}, "device_code": {device.js["device_code"].(string)}})
}

func TestAPersonsTokenReachesNothingButHisOwn(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox(alice_)
	w.AddMailbox("bo@example.com")
	group := w.AddGroup(alice_)
	w.RegisterPublicApp(clientID)
	got := deviceSignedIn(t, w, c, GraphURL+"/Calendars.ReadWrite "+GraphURL+"/User.Read openid offline_access")
	token := "Bearer " + got.js["access_token"].(string)
	for path, want := range map[string]string{
		"/me": "", "/me/events": "", "/users/" + alice_ + "/events": "", "/users/" + alice_: "",
		"/me/mailboxSettings":           "ErrorAccessDenied", // not asked for at the sign-in
		"/users/bo@example.com/events":  "ErrorAccessDenied",
		"/users/bo@example.com":         "Authorization_RequestDenied",
		"/groups/" + group + "/members": "Authorization_RequestDenied",
		"/groups":                       "Authorization_RequestDenied",
	} {
		answer := c.do("GET", GraphURL+"/v1.0"+path, "", "Authorization", token)
		if ok := want == "" && answer.status == 200 || want != "" && answer.status == 403 && strings.Contains(string(answer.body), want); !ok {
			t.Errorf("%s: %d %s, want %q", path, answer.status, answer.body, want)
		}
	}
}

func TestADeviceCodeEndsInEveryWayThatEntraTellsOf(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	w, c, _ := newWorld(t, Options{Now: func() time.Time { return now }, Quirks: Quirks{SlowDown: true}})
	w.AddMailbox(alice_)
	w.RegisterPublicApp(clientID)
	start := func() (code, user string) {
		device := entra(w, c, "devicecode", url.Values{"client_id": {clientID}, "scope": {"User.Read offline_access"}})
		if !strings.Contains(device.js["message"].(string), device.js["user_code"].(string)) {
			t.Errorf("message %q", device.js["message"])
		}
		return device.js["device_code"].(string), device.js["user_code"].(string)
	}
	poll := func(code, want string) {
		t.Helper()
		got := entra(w, c, "token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {clientID}, "device_code": {code}})
		if got.js["error"] != want {
			t.Errorf("%s, want %s", got.body, want)
		}
	}
	code, user := start()
	poll(code, "authorization_pending")
	poll(code, "slow_down")
	now = now.Add(pollEvery)
	poll(code, "authorization_pending")
	if err := w.SignIn(user, ""); err != nil {
		t.Fatal(err)
	}
	poll(code, "authorization_declined")
	poll("another", "bad_verification_code")
	code, _ = start()
	now = now.Add(15 * time.Minute)
	poll(code, "expired_token")
	code, user = start()
	w.ForbidPublicClients(clientID, true)
	if err := w.SignIn(user, alice_); err != nil {
		t.Fatal(err)
	}
	poll(code, "invalid_client")
}

func TestARevokedOrUnaskedRefreshTokenIsWorthNothing(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox(alice_)
	w.RegisterPublicApp(clientID)
	if got := deviceSignedIn(t, w, c, "User.Read"); got.js["refresh_token"] != nil {
		t.Error("a refresh token without offline_access")
	}
	got := deviceSignedIn(t, w, c, "User.Read offline_access")
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {clientID}, "refresh_token": {got.js["refresh_token"].(string)}, "scope": {"User.Read offline_access"}}
	if again := entra(w, c, "token", refresh); again.js["access_token"] == nil {
		t.Errorf("%s", again.body)
	}
	w.RevokeUser(alice_)
	if again := entra(w, c, "token", refresh); again.js["error"] != "invalid_grant" {
		t.Errorf("%s", again.body)
	}
}

func TestAnApplicationMayDoWhatItWasGranted(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox(alice_)
	w.RegisterPublicApp(clientID)
	get := func(path string) int {
		w.mu.Lock()
		value := w.newToken(token{service: Graph, app: clientID, scopes: w.apps[clientID].roles, expires: w.now().Add(time.Hour)})
		w.mu.Unlock()
		return c.do("GET", GraphURL+"/v1.0"+path, "", "Authorization", "Bearer "+value).status
	}
	w.GrantApp(clientID, "User.Read.All")
	for path, want := range map[string]int{"/users/" + alice_: 200, "/users/" + alice_ + "/events": 403, "/users/" + alice_ + "/mailboxSettings": 403} {
		if got := get(path); got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
	w.GrantInExchange(clientID, "Calendars.ReadWrite")
	if got := get("/users/" + alice_ + "/events"); got != 200 {
		t.Errorf("granted in Exchange: %d", got)
	}
}

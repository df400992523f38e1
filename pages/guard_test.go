package pages

import (
	"os"
	"strings"
	"testing"
)

func TestOnlyNamesOfThisPageAreAnswered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for host, ours := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8990": true, "10.1.2.3:80": true, "[::1]:8990": true, "[fe80::1]": true, "localhost": true, "LocalHost:8990": true,
		"localhost.:8990": true, "syncd.example.com": true, "SYNCD.example.com:443": true, machine: true, machine + ":8990": true,
		"evil.example.org": false, "evil.example.org:8990": false, "localhost.evil.example.org": false, "127.0.0.1.nip.io": false,
		"xsyncd.example.com": false, "example.com": false, "127.1": false, "2130706433": false,
	} {
		for _, path := range []string{"/", "/resync?all=yes", "/page.js", "/api/status", "/api/decisions", "/nowhere"} {
			status := r.send("GET", path, "", "Host", host).StatusCode
			if (status == 403) == ours {
				t.Errorf("%s of %s: %d", path, host, status)
			}
		}
		if got := r.ask(`{"all":true}`, "Host", host).StatusCode; (got == 202) != ours {
			t.Errorf("POST of %s: %d", host, got)
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			r.want(r.send("GET", path, "", "Host", host), 200)
		}
	}
	r.failed(r.send("GET", "/api/status", "", "Host", "evil.example.org"), 403, "SYNCD_LISTEN_HOSTS")
}

func TestAnotherSiteInTheBrowserChangesAndReadsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own := r.server.Listener.Addr().String()
	for name, header := range map[string][]string{
		"another site":                         {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", "https://evil.example.org"},
		"a neighbour":                          {"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Origin", "http://localhost:3000"},
		"an old browser":                       {"Origin", "https://evil.example.org"},
		"no origin":                            {"Origin", "null"},
		"another port of this machine":         {"Origin", "http://127.0.0.1:1"},
		"a name that the proxy kept to itself": {"Origin", "http://syncd.example.com"},
	} {
		r.want(r.form("mailbox=ada@example.com", header...), 403)
		r.want(r.form("all=yes", header...), 403)
		r.failed(r.ask(`{"all":true}`, header...), 403, "another site")
		r.want(r.send("POST", "/api/resync", `{"all":true}`, append(header, "Content-Type", "text/plain")...), 403)
		r.asked()
		if t.Failed() {
			t.Fatal(name)
		}
	}
	for name, header := range map[string][]string{
		"this page":                           {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "navigate", "Origin", "http://" + own},
		"this page, in old browsers":          {"Origin", "http://" + own},
		"typed by the operator":               {"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"},
		"no browser":                          nil,
		"this page behind a proxy":            {"Host", "syncd.example.com", "Origin", "https://syncd.example.com"},
		"behind one that names us by address": {"Sec-Fetch-Site", "same-origin", "Origin", "https://syncd.example.com"},
	} {
		r.want(r.form("mailbox=ada@example.com", header...), 303)
		r.want(r.ask(`{"mailboxes":["bo@example.com"]}`, header...), 202)
		r.asked("ada@example.com false", "bo@example.com false")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	// Nothing is loaded into a foreign page, and a link in one may be followed.
	for _, path := range []string{"/", "/page.js", "/api/status", "/resync?all=yes"} {
		r.want(r.send("GET", path, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"), 403)
		r.want(r.send("GET", path, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 200)
	}
}

func TestEveryAnswerForbidsFramesForeignScriptsAndForms(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, a := range []answer{
		r.send("GET", "/", ""), r.send("GET", "/api/status", ""), r.ask("{"), r.send("GET", "/", "", "Host", "evil.example.org"), r.form("all=yes"),
	} {
		policy := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", a.Request.URL, policy, want)
			}
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", a.Request.URL, name, got)
			}
		}
	}
}

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncd/graph"
	"syncd/webex"
)

// silence is a proxy that takes everything and never answers.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTheDoctorBehindAProxyThatNeverAnswersNamesTheProxy(t *testing.T) {
	certificate := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(certificate, certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(1000*day), true), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		c := &Config{TenantID: "72f988bf-0000-0000-0000-2d7cd011db47", ClientID: "c", ClientCertificate: certificate, WebexToken: "fixed",
			GraphURL: "https://graph.example.test", LoginURL: "https://login.example.test", WebexURL: "https://webex.example.test/v1"}
		d := &doctor{surroundings: &surroundings{ctx: t.Context()}, command: &doctorCommand{Mailbox: "alice@example.com"}, config: c, dates: newDates(c, silence{})}
		d.check("token", d.token)
		d.webex()
		d.calendars, _ = graph.New(c.GraphURL, silence{}, webex.FixedToken("token"))
		d.owners, d.app = &owners{calendars: d.calendars}, true
		d.check("permission to find mailboxes", d.directory)
		d.check("permission for calendars", d.calendar)
		failed := 0
		for _, f := range d.findings {
			if f.Status != checkFailed {
				continue
			}
			if failed++; !strings.Contains(f.Detail, "no answer in time") || strings.Contains(f.Detail, "deadline") || !strings.Contains(f.Do, "HTTPS_PROXY") {
				t.Errorf("%+v", f)
			}
		}
		if failed != 4 {
			t.Errorf("%d checks failed: %+v", failed, d.findings)
		}
	})
}

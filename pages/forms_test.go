package pages

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestThePageHasAButtonForEachMailboxAndOneForWhatIsHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.send("GET", "/", "")
	r.want(page, 200, `aria-label="Resync ada@example.com"`, `aria-label="Resync bo@example.com"`, `>Accept 23 removals…</button>`, "Resync all 2…")
	if n := strings.Count(page.text, "Accept "); n != 2 { // the button's name and its label
		t.Errorf("removals may be accepted %d times\n%s", n, page.text)
	}
	done := r.form("mailbox=ada%40example.com", "Origin", r.server.URL)
	r.want(done, 303)
	if to := done.Header.Get("Location"); to != "/#asked" {
		t.Errorf("led to %q", to)
	}
	r.asked("ada@example.com false")
	r.want(r.send("GET", "/", ""), 200, "asked for a resync of ada@example.com", "(17-1)")
}

func TestBeforeAllAreResyncedOrRemovalsCarriedOutSomebodyIsAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.office.more = 1232
	r.want(r.send("GET", "/resync?all=yes", ""), 200, "Resync all 1234 mailboxes?", `method="post"`, `name="all" value="yes"`)
	r.want(r.send("GET", "/resync?accept=yes&mailbox=bo%40example.com", ""), 200, "Carry out 23 removals in bo@example.com?", `name="held" value="23"`)
	r.want(r.send("GET", "/resync?accept=yes&mailbox=ada%40example.com", ""), 200, "Nothing is held in ada@example.com")
	r.asked()
	r.want(r.form("all=yes"), 303)
	r.asked("all", "ada@example.com false", "bo@example.com false")
	r.want(r.form("mailbox=bo%40example.com&accept=yes&held=23"), 303)
	r.asked("bo@example.com true")
	r.want(r.send("GET", "/", ""), 200, "which carries out what was held")
	// Somebody said yes to 23, and by now it is more; or was never asked.
	r.office.boxes[1].Held = 40
	for _, held := range []string{"23", "", "x", "0"} {
		r.want(r.form("mailbox=bo%40example.com&accept=yes&held="+held), 409, "Carry out 40 removals", "it is 40 now")
	}
	r.office.boxes[1].Held = 0
	r.want(r.form("mailbox=bo%40example.com&accept=yes&held=0"), 409, "Nothing is held")
	r.asked()
}

func TestFormsThatNoPageHasAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, body := range []string{
		"", "mailbox=", "mailbox=ada@example.com&all=yes", "all=yes&accept=yes&held=23", "mailbox=ada@example.com&mailbox=bo@example.com", "%zz=1",
		"mailbox=" + strings.Repeat("x", mostForm),
	} {
		r.want(r.form(body), 400)
	}
	r.want(r.send("POST", "/resync?all=yes", "", "Content-Type", formType), 400)
	r.want(r.send("POST", "/resync", `{"all":true}`, "Content-Type", jsonType), 400)
	r.want(r.form("mailbox=nobody@example.com"), 404, "nobody@example.com is not enrolled")
	r.want(r.send("GET", "/resync?accept=yes&mailbox=nobody@example.com", ""), 404, "not enrolled")
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		got := r.send(method, "/resync", "all=yes", "Content-Type", formType)
		r.want(got, 405)
		if allow := got.Header.Get("Allow"); !strings.Contains(allow, "POST") {
			t.Errorf("Allow: %s", allow)
		}
	}
	r.want(r.send("POST", "/", "all=yes", "Content-Type", formType), 405)
	r.office.down = errStore
	for _, got := range []answer{r.form("all=yes"), r.form("mailbox=bo@example.com&accept=yes&held=23"), r.send("GET", "/", ""), r.send("GET", "/resync?all=yes", "")} {
		r.want(got, 503, "redis is down")
	}
	r.asked()
}

func TestOneMailboxOfManyIsShownByItsName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.office.more = 5
	r.want(r.send("GET", "/", ""), 200, "and 5 more", "Resync all 7…")
	one := r.send("GET", "/?mailbox=bo%40example.com", "")
	r.want(one, 200, "bo@example.com", "Accept 23 removals…")
	if strings.Contains(one.text, "ada@example.com") || strings.Contains(one.text, "Resync all") {
		t.Errorf("shows others too\n%s", one.text)
	}
	r.want(r.send("GET", "/?mailbox=nobody%40example.com", ""), 404, "nobody@example.com is not enrolled.")
}

func TestWordsFromOutsideAreTextOnThePage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const bad = `"><img src=x onerror=alert(1)>@example.com`
	r.office.boxes = []Row{{Mailbox: bad, State: "held", Reason: bad, Held: 2, Link: bad}}
	r.journal.Add(Line{Mailbox: bad, Event: bad, Reason: bad})
	r.want(r.form("mailbox="+url.QueryEscape(bad)), 303)
	for _, path := range []string{"/", "/?mailbox=%s", "/resync?mailbox=%s", "/resync?mailbox=%s&accept=yes", "/resync?all=yes", "/?mailbox=x%s", "/resync?mailbox=x%s"} {
		got := r.send("GET", strings.ReplaceAll(path, "%s", url.QueryEscape(bad)), "")
		if html := strings.HasPrefix(got.Header.Get("Content-Type"), "text/html"); html && strings.Contains(got.text, "<img") || !html && got.StatusCode == 200 {
			t.Errorf("%s:\n%s", path, got.text)
		}
	}
	for i := range keptAsked * 3 {
		r.want(r.form("mailbox="+url.QueryEscape(bad)), 303)
		if n := strings.Count(r.send("GET", "/", "").text, "asked for a resync"); n != min(i+2, keptAsked) {
			t.Errorf("%d requests are shown after %d", n, i+2)
		}
	}
	if fmt.Sprint(r.office.resyncs[0]) != bad+" false" {
		t.Errorf("%q", r.office.resyncs)
	}
}

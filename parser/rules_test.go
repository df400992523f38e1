package parser

import (
	"errors"
	"strings"
	"testing"
)

func TestTheBuiltInRulesHoldTheirOwnExamples(t *testing.T) {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.rules.services); n < 75 {
		t.Errorf("%d services", n)
	}
	for _, s := range p.rules.services {
		if s.name == "" || len(s.groups) > 0 && (len(s.meetings) == 0 || len(s.others) == 0) {
			t.Errorf("%s has no examples", s.id)
		}
	}
}

const ownRules = `
# Our own rooms
service rooms
  name Rooms of Acme
  host rooms.acme.example *.rooms.acme.example
  join /r/{number:4} /talk/{code}
  deny /talk/archive
  passcode pin
  dial vc.acme.example
  is https://rooms.acme.example/r/1234 1234
  isnt https://rooms.acme.example/talk/archive
  isnt https://rooms.acme.example/

rewriter acme
  host go.acme.example
  undo query to
  is https://go.acme.example/?to=https%3A%2F%2Frooms.acme.example%2Fr%2F1234 https://rooms.acme.example/r/1234
`

func TestAnOperatorsOwnRulesComeFirst(t *testing.T) {
	p, err := New(RuleFile{"own.txt", ownRules}, RuleFile{"zoom.txt", `
service zoom
  host meet.acme.example
  join /z/{number}
  is https://meet.acme.example/z/912345678 912345678
  isnt https://meet.acme.example/z
`})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		body string
		want Result
	}{
		{"https://rooms.acme.example/r/1234?pin=77", Result{Provider: "rooms", JoinURL: "https://rooms.acme.example/r/1234?pin=77", MeetingNumber: "1234", Passcode: "77"}},
		{"https://go.acme.example/?to=https%3A%2F%2Fx.rooms.acme.example%2Ftalk%2Fabc", Result{Provider: "rooms", JoinURL: "https://x.rooms.acme.example/talk/abc"}},
		{"blue@vc.acme.example", Result{Provider: "rooms", SIP: "blue@vc.acme.example"}},
		{"https://meet.acme.example/z/912345678", Result{Provider: "zoom", JoinURL: "https://meet.acme.example/z/912345678", MeetingNumber: "912345678"}},
		{"https://rooms.acme.example/talk/archive", Result{}},
		{"https://zoom.us/j/912345678", Result{Provider: "zoom", JoinURL: "https://zoom.us/j/912345678", MeetingNumber: "912345678"}},
	} {
		if got := p.Parse(Text{Body: c.body}); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.body, got, c.want)
		}
	}
	if got := Parse(Text{Body: "https://rooms.acme.example/r/1234"}); got != (Result{}) {
		t.Errorf("the built-in rules know them, too: %+v", got)
	}
}

func TestEveryFaultOfARuleFileIsToldWithItsPlace(t *testing.T) {
	_, err := New(RuleFile{"own.txt", `join /x
service Rooms two
service rooms
  host https://rooms.example
  join /{nonsense} x /{letters:0}
  colour blue
  port 443
service rooms
service halls
  host halls.example
  is https://halls.example/r/1 1
  is https://zoom.us/j/912345678 912345678
  isnt https://zoom.us/j/912345678
service zoom
  host z.example
  join /j/{number}
  is https://z.example/j/12345 54321
  isnt https://z.example/
service empty
  host *
  join /{name}
  gateway sideways x.example
  spoken many
rewriter r
  undo magic x
  undo query
  is one
rewriter s
  host s.example
  undo query u
  is https://s.example/?u=x https://elsewhere.example/
`})
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{
		"own.txt:1: join before the first service",
		"own.txt:2: service Rooms: a service's name is one word in lower case",
		"own.txt:4: service rooms: \"https://rooms.example\": a host is written",
		"own.txt:5: service rooms: join /{nonsense}: {nonsense}: there is no such class",
		"own.txt:6: service rooms: \"colour\" is no directive",
		"own.txt:7: service rooms: port stands alone",
		"own.txt:8: service rooms: it is there twice, first in line 3",
		"own.txt:9: service halls: host halls.example has no join line",
		"own.txt:11: service halls: https://halls.example/r/1 is not recognised",
		"own.txt:12: service halls: https://zoom.us/j/912345678 is recognised as zoom",
		"own.txt:17: service zoom: https://z.example/j/12345 gives the number \"12345\", not \"54321\"",
		"own.txt:13: service halls: https://zoom.us/j/912345678 is recognised as zoom",
		"own.txt:21: service empty: join /{name}: for any host, one of the first two parts",
		"own.txt:19: service empty: it needs an example of a meeting (is)",
		"own.txt:22: service empty: \"sideways\": the parts are written",
		"own.txt:23: service empty: \"many\": the count of digits",
		"own.txt:25: rewriter r: \"magic\" is no way to undo",
		"own.txt:26: rewriter r: undo query needs the name",
		"own.txt:27: rewriter r: is takes the link as it comes",
		"own.txt:24: rewriter r: it needs a host, an undo and an example",
		"own.txt:31: rewriter s: https://s.example/?u=x gives",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s", want)
		}
	}
	var one *RuleError
	if !errors.As(err, &one) || one.File != "own.txt" || one.Line == 0 {
		t.Errorf("no RuleError in %v", err)
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestAWeakLinkIsAMeetingWhereTheTextSpeaksOfOneOrItIsThePlace(t *testing.T) {
	const link = "https://discord.gg/AbCdEf1"
	for _, c := range []struct {
		text Text
		want string
	}{
		{Text{Body: "Questions? Join our chat: " + link}, ""},
		{Text{Body: "The weekly call is on Discord: " + link}, link},
		{Text{Location: link}, link},
		{Text{Location: link, Body: zoomLink}, zoomLink},
		{Text{Location: "https://meet.google.co/abc-defg-hij"}, ""},
		{Text{Location: "https://meet.acme.example/Weekly", Body: "Video meeting"}, "https://meet.acme.example/Weekly"},
	} {
		if got := Parse(c.text); got.JoinURL != c.want {
			t.Errorf("%+v: %q", c.text, got.JoinURL)
		}
	}
}

func TestHostsOfARuleFitWhatTheySay(t *testing.T) {
	for _, c := range []struct {
		rule, host string
		want       bool
	}{
		{"zoom.us", "zoom.us", true},
		{"zoom.us", "us02web.zoom.us", false},
		{"*.zoom.us", "us02web.zoom.us", true},
		{"*.zoom.us", "zoom.us", false},
		{"*.zoom.us", "evilzoom.us", false},
		{"meet.*", "meet.acme.example", true},
		{"meet.*", "meeting.acme.example", false},
		{"*jitsi*", "my-jitsi.acme.example", true},
		{"*", "anything.example", true},
	} {
		if got := hostFits(c.rule, c.host); got != c.want {
			t.Errorf("hostFits(%q, %q) = %v", c.rule, c.host, got)
		}
	}
}

func TestPatternsTakeWholePartsOfAPath(t *testing.T) {
	for _, c := range []struct {
		pattern, link, number string
		want                  bool
	}{
		{"/j/{number}", "/j/912345678", "912345678", true},
		{"/j/{number}", "/j/912-345-678/", "912345678", true},
		{"/j/{number}", "//j//912345678", "912345678", true},
		{"/j/{number}", "/J/912345678", "912345678", true},
		{"/j/{number}", "/j/91234567a", "", false},
		{"/j/{number}", "/j/912345678/x", "", false},
		{"/j/{number}", "/j/", "", false},
		{"/j/{number}/**", "/j/912345678/x/y", "912345678", true},
		{"/j/{number:9}", "/j/1234567890", "", false},
		{"/{letters:3}-{letters:4}", "/abc-defg", "", true},
		{"/{letters:3}-{letters:4}", "/abcd-efg", "", false},
		{"/*/j.php?MTID", "/site/j.php?x=1&mtid=m1", "", true},
		{"/*/j.php?MTID", "/site/j.php?MTID=", "", false},
		{"/*/j.php?MTID", "/j.php?MTID=m1", "", false},
		{"/?call={number}", "/?call=12345", "12345", true},
		{"/#/?conference={number}", "/#/?conference=12345", "12345", true},
		{"/#/?conference={number}", "/?conference=12345", "", false},
		{"/", "/", "", true},
		{"/", "/x", "", false},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		l, _ := splitLink("https://host.example" + c.link)
		number, ok := p.match(&l)
		if ok != c.want || ok && number != c.number {
			t.Errorf("%s with %s: %q, %v", c.pattern, c.link, number, ok)
		}
	}
}

func TestPagesAndFilesAreNoRooms(t *testing.T) {
	for _, url := range []string{
		"https://meet.jit.si/logo.png", "https://meet.jit.si/Pricing", "https://acme.clickmeeting.com/saml",
		"https://whereby.com/signin", "https://chime.aws/robots.txt", "https://acme.daily.co/dashboard",
		"https://8x8.vc/static/x", "https://meetings.dialpad.com/login/acme",
	} {
		if got := Parse(Text{Body: url}); got != (Result{}) {
			t.Errorf("%s: %+v", url, got)
		}
	}
}

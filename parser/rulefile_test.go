package parser

import (
	"os"
	"regexp"
	"testing"
)

func TestTheExampleOfTheReadmeIsTakenAsItStands(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile(`(?m)^    service rooms.*\n(    .*\n)+`).FindString(string(readme))
	p, err := New(RuleFile{"own.txt", example})
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	for body, want := range map[string]Result{
		"https://rooms.example.com/r/1234":       {Provider: "rooms", JoinURL: "https://rooms.example.com/r/1234", MeetingNumber: "1234"},
		"https://rooms.example.com/talk/blue":    {Provider: "rooms", JoinURL: "https://rooms.example.com/talk/blue"},
		"https://rooms.example.com/talk/archive": {},
		"blue@vc.example.com":                    {Provider: "rooms", SIP: "blue@vc.example.com"},
		"blue@hosts":                             {},
	} {
		if got := p.Parse(Text{Body: body}); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

func TestACommentEndsARulesLine(t *testing.T) {
	p, err := New(RuleFile{"own.txt", `
service rooms # ours
  host rooms.example.com #, and no other
  join /#/r/{number}	# behind a tab, too
  dial vc.example.com # hosts. other.example.org
  labelled #
  is https://rooms.example.com/#/r/1234 1234 # with its number
  isnt https://rooms.example.com/#/ # and none
`})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]Result{
		"https://rooms.example.com/#/r/1234": {Provider: "rooms", JoinURL: "https://rooms.example.com/#/r/1234", MeetingNumber: "1234"},
		"blue@vc.example.com":                {Provider: "rooms", SIP: "blue@vc.example.com"},
		"blue@other.example.org":             {},
	} {
		if got := p.Parse(Text{Body: body}); got != want {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
	}
}

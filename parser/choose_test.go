package parser

import (
	"reflect"
	"strings"
	"testing"
)

const (
	zoomLink  = "https://zoom.us/j/91234567890"
	meetLink  = "https://meet.google.com/abc-defg-hij"
	webexLink = "https://acme.webex.com/meet/ada"
	teamsLink = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0"
)

func TestCandidatesStandInTheOrderThatTheDesignSays(t *testing.T) {
	list := Candidates(Text{
		Location: meetLink + "; 4711@vc.acme.example; " + webexLink,
		Body:     "Fallback " + zoomLink + " or sip:blue@vc.acme.example, chat on the call: https://discord.gg/abc123",
		Online:   teamsLink,
	})
	type short struct {
		rank            int
		where, provider string
	}
	var got []short
	for _, c := range list {
		got = append(got, short{c.Rank, c.Where, c.Provider})
	}
	want := []short{
		{RankWebexLocation, "location", "webex"},
		{RankAddressLocation, "location", "sip"},
		{RankLinkLocation, "location", "meet"},
		{RankOnline, "online", "teams"},
		{RankBody, "body", "zoom"},
		{RankBody, "body", "sip"},
		{RankWeak, "body", "discord"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	first := list[0]
	if !strings.HasPrefix(first.Rule, "webex /meet/{name} (services/main.txt:") || first.URL != webexLink ||
		first.Offset != strings.Index(meetLink+"; 4711@vc.acme.example; "+webexLink, webexLink) {
		t.Errorf("got %+v", first)
	}
}

func TestTheMeetingIsPutTogetherFromWhatBelongsToIt(t *testing.T) {
	for name, c := range map[string]struct {
		text Text
		want Result
	}{
		"the online meeting before the body": {
			Text{Body: zoomLink, Online: teamsLink},
			Result{Provider: "teams", JoinURL: teamsLink},
		},
		"the location before the online meeting": {
			Text{Location: zoomLink, Online: teamsLink},
			Result{Provider: "zoom", JoinURL: zoomLink, MeetingNumber: "91234567890"},
		},
		"details in the body for a link in the location": {
			Text{Location: webexLink, Body: "Meeting number: 123 456 789\nPassword: kiwi42\nDial ada@acme.webex.com"},
			Result{Provider: "webex", JoinURL: webexLink, MeetingNumber: "123456789", Passcode: "kiwi42", SIP: "ada@acme.webex.com"},
		},
		"an address in the location with its link in the body": {
			Text{Location: "25414224390@acme.webex.com", Body: "https://acme.webex.com/acme/j.php?MTID=m1"},
			Result{Provider: "webex", JoinURL: "https://acme.webex.com/acme/j.php?MTID=m1", MeetingNumber: "25414224390", SIP: "25414224390@acme.webex.com"},
		},
		"another service's address is another meeting's": {
			Text{Body: zoomLink + "\nor dial 25414224390@acme.webex.com"},
			Result{Provider: "zoom", JoinURL: zoomLink, MeetingNumber: "91234567890"},
		},
		"nor is that of another meeting of the same service": {
			Text{Location: zoomLink, Body: "Join by SIP: 99999999999@zoomcrc.com"},
			Result{Provider: "zoom", JoinURL: zoomLink, MeetingNumber: "91234567890"},
		},
		"the second meeting's passcode is not the first's": {
			Text{Body: zoomLink + "\n" + "https://zoom.us/j/99999999999\nPasscode: 123456"},
			Result{Provider: "zoom", JoinURL: zoomLink, MeetingNumber: "91234567890"},
		},
		"an address for Lync only where there is no other": {
			Text{Body: "Dial 123456789.acme@lync.webex.com or 123456789@acme.webex.com"},
			Result{Provider: "webex", MeetingNumber: "123456789", SIP: "123456789@acme.webex.com"},
		},
		"a number keyed in on a telephone": {
			Text{Body: "https://acme.webex.com/acme/j.php?MTID=m1\ntel:%2B1-650-555-0100,,*01*615734219%23%23*01*"},
			Result{Provider: "webex", JoinURL: "https://acme.webex.com/acme/j.php?MTID=m1", MeetingNumber: "615734219"},
		},
		"a telephone conference's number is not Teams' meeting": {
			Text{Body: teamsLink + "\ntel:+14255550100,,291633251#\nConference ID: 291 633 251#"},
			Result{Provider: "teams", JoinURL: teamsLink},
		},
		"a gateway's page names what to dial": {
			Text{HTML: true, Body: `<a href="` + teamsLink + `">Join</a> <a href="https://www.webex.com/msteams?confid=1112223334&amp;tenantkey=example&amp;domain=m.webex.com">More info</a>`},
			Result{Provider: "teams", JoinURL: teamsLink, SIP: "1112223334.example@m.webex.com"},
		},
		"a weak link counts where there is nothing else": {
			Text{Body: "Standup call on https://discord.gg/abc123"},
			Result{Provider: "discord", JoinURL: "https://discord.gg/abc123"},
		},
		"and not without a word for it": {
			Text{Body: "Our community: https://discord.gg/abc123"},
			Result{},
		},
		"a host that a rewriter names": {
			Text{Body: "https://protect-eu.mimecast.com/s/AbC?domain=acme.zoom.us\nMeeting ID: 912 3456 7890"},
			Result{Provider: "zoom", MeetingNumber: "91234567890"},
		},
		"a number by its service's name alone": {
			Text{Body: "Microsoft Teams meeting\nMeeting ID: 371 519 285 955\nPasscode: oNgbz5"},
			Result{Provider: "teams", MeetingNumber: "371519285955", Passcode: "oNgbz5"},
		},
		"but not beside a link to register": {
			Text{Body: "Zoom: https://zoom.us/webinar/register/WN_abc\nWebinar ID: 812 3456 7890"},
			Result{},
		},
	} {
		if got := Parse(c.text); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestTheSyntheticInvitationsOfTheReferenceAreRead(t *testing.T) {
	for name, want := range map[string]Result{
		"invite.teams-with-cvi.en.txt": {Provider: "teams", JoinURL: "https://teams.microsoft.com/l/meetup-join/19%3ameeting_EXAMPLE%40thread.v2/0?context=%7b%22Tid%22%3a%2200000000-0000-0000-0000-000000000000%22%7d",
			MeetingNumber: "111222333444", Passcode: "AbC123", SIP: "1112223334.example@m.webex.com"},
		"invite.zoom-with-sip.en.txt": {Provider: "zoom", JoinURL: "https://example.zoom.us/j/92115684076?pwd=EXAMPLE",
			MeetingNumber: "92115684076", Passcode: "150730", SIP: "92115684076@zoomcrc.com"},
		"join-block.personal-room.en.txt": {Provider: "webex", JoinURL: "https://example.webex.com/meet/ada",
			MeetingNumber: "123456789", SIP: "ada@example.webex.com"},
		"join-block.scheduled.en.txt": {Provider: "webex", JoinURL: "https://example.webex.com/example/j.php?MTID=m0123456789abcdef0123456789abcdef",
			MeetingNumber: "25414224390", Passcode: "aBcD3fGh12", SIP: "25414224390@example.webex.com"},
	} {
		if got := Parse(Text{Body: readFile(t, "testdata/synthetic/"+name)}); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
	}
}

package webex

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/parser"
)

var publishedTags = []string{"dbaeceebea5c4a63ac9d5ef1edfe36b9", "85e1d6319aa94c0583a6891280e3437d", "27226d1311b947f3a68d6bdf8e4e19a1"}

func published(id, title, password, link string, start, end time.Time) delta.Meeting {
	return delta.Meeting{
		ID: id, Host: "john.andersen@example.com", Title: title, Tags: publishedTags, Start: start, End: end,
		Details: parser.Details{
			Link: link, Number: "123456789", Password: password, DialPassword: "12345678",
			Video: "123456789@site4-example.webex.com", VideoIP: "192.168.100.100", Phones: phones,
		},
	}
}

const publishedLink = "https://site4-example.webex.com/site4/j.php?MTID=md41817da6a55b0925530cb88b3577b1e"

func sameMeeting(a, b delta.Meeting) bool {
	if !a.Start.Equal(b.Start) || !a.End.Equal(b.End) {
		return false
	}
	b.Start, b.End = a.Start, a.End
	return reflect.DeepEqual(a, b)
}

func TestThePublishedMeetingsAreReadForWhatTheySay(t *testing.T) {
	const series, start, end = "870f51ff287b41be84648412901e0402", "2019-11-01T12:00:00Z", "2019-11-01T13:00:00Z"
	client, w := newClient(t, ok(fixture(t, "get.meetings.meetingId.200"), ""))
	want := published(series, "Example Daily Meeting", "BgJep@43", publishedLink, at(start), at(end))
	want.RRULE, want.Zone = "FREQ=DAILY;COUNT=10;INTERVAL=1", "UTC"
	if got, err := client.Meeting(t.Context(), "john.andersen@example.com", series); err != nil || !sameMeeting(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if want := "GET " + apiRoot + "/meetings/" + series + "?current=false&hostEmail=john.andersen%40example.com"; w.sent[0] != want {
		t.Errorf("asked %s, want %s", w.sent[0], want)
	}
	client, _ = newClient(t, ok(fixture(t, "post.meetings.200"), "")) // its times are in Shanghai
	want.Zone = "Asia/Shanghai"
	if got, err := client.Create(t.Context(), delta.MeetingRequest{}); err != nil || !sameMeeting(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	client, _ = newClient(t, ok(fixture(t, "patch.meetings.meetingId.200"), ""))
	if err := client.Update(t.Context(), "1d824a4a205042eba9574e00b711b226_20200127T120000Z", delta.MeetingRequest{}); err != nil {
		t.Error(err)
	}
	want = published("1d824a4a205042eba9574e00b711b226_20200127T120000Z", "Example Daily Meeting Modified", "P@ssword789",
		"https://site4-example.webex.com/site4/j.php?MTID=m31a1db24db78ac569f739e0cfb2741c1", at("2020-01-27T12:30:00Z"), at("2020-01-27T13:30:00Z"))
	want.Zone = "Asia/Shanghai"
	client, _ = newClient(t, ok(fixture(t, "patch.meetings.meetingId.200"), ""))
	if got, err := client.Meeting(t.Context(), "", "x"); err != nil || !sameMeeting(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestThePublishedListIsReadForWhatItSays(t *testing.T) {
	client, w := newClient(t, ok(fixture(t, "get.meetings.200"), ""))
	got, err := client.Occurrences(t.Context(), "john.andersen@example.com", time.Time{}, time.Time{})
	if err != nil || len(got) != 4 {
		t.Fatalf("%v, %+v", err, got)
	}
	slices.SortFunc(got, func(a, b delta.Meeting) int { return strings.Compare(a.ID, b.ID) })
	w.sent = nil
	tag := publishedTags[1]
	if got, err := client.Tagged(t.Context(), "john.andersen@example.com", tag, at("2019-11-01T00:00:00+01:00"), at("2019-11-05T00:00:00Z")); err != nil || len(got) != 0 {
		t.Errorf("parts of a meeting are taken for the meeting: %v, %+v", err, got)
	}
	for i, day := range []string{"2019-11-01", "2019-11-02"} {
		id := "870f51ff287b41be84648412901e0402_" + strings.ReplaceAll(day, "-", "") + "T120000Z"
		want := published(id, "Example Daily Meeting", "BgJep@43", publishedLink, at(day+"T12:00:00Z"), at(day+"T13:00:00Z"))
		want.Zone = "UTC"
		if !sameMeeting(got[i], want) {
			t.Errorf("\n got %+v\nwant %+v", got[i], want)
		}
	}
	if ended := got[2]; ended.Details.Number != "" || ended.Details.Link == "" || ended.Start != at("2019-11-01T12:12:15Z") {
		t.Errorf("an instance that is over: %+v", ended)
	}
	want := "GET " + apiRoot + "/meetings?current=false&from=2019-10-31T23%3A00%3A00Z&hostEmail=john.andersen%40example.com&integrationTag=" + tag +
		"&max=100&meetingType=meetingSeries&to=2019-11-05T00%3A00%3A00Z"
	if !slices.Equal(w.sent, []string{want}) {
		t.Errorf("asked %v, want %s", w.sent, want)
	}
	// The same answer to somebody who looks for another tag: the list did not heed it.
	if got, err := client.Tagged(t.Context(), "", "another", time.Time{}, time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestThePublishedOccurrencesAreReadWithTheirIDs(t *testing.T) {
	client, w := newClient(t, ok(fixture(t, "get.meetings.200"), ""))
	got, err := client.Occurrences(t.Context(), "john.andersen@example.com", at("2019-11-01T00:00:00+01:00"), at("2019-11-05T00:00:00Z"))
	if err != nil || len(got) != 4 || !slices.ContainsFunc(got, func(m delta.Meeting) bool { return m.ID == "870f51ff287b41be84648412901e0402_20191102T120000Z" }) {
		t.Errorf("%v, %+v", err, got)
	}
	want := "GET " + apiRoot + "/meetings?from=2019-10-31T23%3A00%3A00Z&hostEmail=john.andersen%40example.com&max=100&meetingType=scheduledMeeting&to=2019-11-05T00%3A00%3A00Z"
	if !slices.Equal(w.sent, []string{want}) {
		t.Errorf("asked %v, want %s", w.sent, want)
	}
}

func TestThePublishedPersonalRoomIsReadWithoutItsPIN(t *testing.T) {
	client, w := newClient(t, ok(fixture(t, "get.meetingPreferences.personalMeetingRoom.200"), ""))
	got, err := client.Room(t.Context(), "john.andersen@example.com")
	want := parser.Details{
		Room: true, Link: "https://site4-example.webex.com/meet/john", Number: "1234567890", Video: "john.andersen@example.com",
		VideoIP: "192.168.100.100", Phones: phones,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if want := "GET " + apiRoot + "/meetingPreferences/personalMeetingRoom?userEmail=john.andersen%40example.com"; w.sent[0] != want {
		t.Errorf("asked %s, want %s", w.sent[0], want)
	}
}

// What a call gives is all that is kept of an answer; host keys and PINs must not be in it, under whatever name.
func TestHostKeysAndPINsEndWithTheirAnswer(t *testing.T) {
	const canary = "1029384756"
	for _, file := range []string{
		"get.meetings.200", "get.meetings.meetingId.200", "post.meetings.200", "patch.meetings.meetingId.200", "get.meetingPreferences.personalMeetingRoom.200",
	} {
		body := fixture(t, file)
		planted := strings.NewReplacer(`"hostKey": "123456"`, `"hostKey": "`+canary+`"`, `"hostPin": "4325"`, `"hostPin": "`+canary+`"`).Replace(body)
		if planted == body {
			t.Errorf("%s: no secret to look for", file)
		}
		eachCall(t, ok(planted, ""), func(t *testing.T, name string, got any, err error, _ []string) {
			if text := fmt.Sprintf("%+v %v", got, err); strings.Contains(text, canary) {
				t.Errorf("%s of %s keeps a secret: %s", name, file, text)
			}
		})
	}
	for _, kept := range []any{meetingJSON{}, meetingRequest{}, roomJSON{}, telephonyJSON{}, delta.Meeting{}, parser.Details{}} {
		for field := range reflect.TypeOf(kept).Fields() {
			if name := strings.ToLower(field.Name + string(field.Tag)); strings.Contains(name, "hostkey") || strings.Contains(name, "pin\"") || strings.HasSuffix(name, "pin") {
				t.Errorf("%T has a place for %s", kept, field.Name)
			}
		}
	}
}

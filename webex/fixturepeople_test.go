package webex

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
)

const (
	publishedMe     = `{"id":"Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi1mOWM0NDdmMjkwNDY"}`
	publishedSpace  = "Y2lzY29zcGFyazovL3VzL1JPT00vYmJjZWIxYWQtNDNmMS0zYjU4LTkxNDctZjE0YmIwYzRkMTU0"
	publishedSeries = "870f51ff287b41be84648412901e0402"
)

func TestThePublishedInviteesAreReadForWhatTheySay(t *testing.T) {
	const host = "john.andersen@example.com"
	client, w := newClient(t, ok(fixture(t, "get.meetingInvitees.200"), ""))
	got, err := client.Invitees(t.Context(), host, publishedSeries)
	want := []delta.Invitee{
		{ID: publishedSeries + "_2628957", Address: "john.andersen@example.com"}, {ID: publishedSeries + "_2628962", Address: "brenda.song@example.com"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	if want := "GET " + apiRoot + "/meetingInvitees?hostEmail=john.andersen%40example.com&max=100&meetingId=" + publishedSeries; w.sent[0] != want {
		t.Errorf("asked %s, want %s", w.sent[0], want)
	}
	client, _ = newClient(t, ok(fixture(t, "post.meetingInvitees.bulkInsert.200"), ""))
	if err := client.Invite(t.Context(), host, publishedSeries, []string{"jack.andersen@example.com"}); err != nil {
		t.Error(err)
	}
	refused := ok(fixture(t, "post.meetingInvitees.bulkInsert.409"), "")
	refused.Status = http.StatusConflict
	client, _ = newClient(t, refused)
	if err := client.Invite(t.Context(), host, publishedSeries, []string{"jack.andersen@example.com"}); !errors.Is(err, delta.ErrConflict) {
		t.Errorf("somebody who was invited: %v", err)
	}
}

// The published spaces, members and messages are of the published person, who is this account or is not.
func TestThePublishedSpacesAreReadForWhatTheySay(t *testing.T) {
	tag := delta.Keys{}.Tag("mailbox", "event")
	tagged := strings.NewReplacer("Company Announcements", "syncd "+tag)
	want := delta.MadeSpace{ID: publishedSpace, Title: "Project Unicorn - Sprint 0", Tag: tag, Created: at("2016-04-21T19:01:55.966Z")}

	client, _ := newClient(t, ok(publishedMe, ""), ok(tagged.Replace(fixture(t, "get.rooms.200")), ""))
	if got, err := client.Spaces(t.Context(), time.Time{}); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
	client, _ = newClient(t, ok(publishedMe, ""), ok(fixture(t, "get.rooms.200"), ""))
	if got, err := client.Spaces(t.Context(), time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("a space that is nobody's event's: %v, %+v", err, got)
	}
	client, _ = newClient(t, ok(`{"id":"another"}`, ""), ok(tagged.Replace(fixture(t, "get.rooms.200")), ""))
	if got, err := client.Spaces(t.Context(), time.Time{}); err != nil || len(got) != 0 {
		t.Errorf("a space that somebody else made: %v, %+v", err, got)
	}
	client, _ = newClient(t, ok(tagged.Replace(fixture(t, "post.rooms.200")), ""))
	if got, err := client.MakeSpace(t.Context(), want.Title, tag); err != nil || got != want {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestThePublishedMembersAndMessagesAreReadForWhatTheySay(t *testing.T) {
	everything := func(delta.Message) bool { return false }
	for me, n := range map[string]int{publishedMe: 0, `{"id":"another"}`: 1} {
		client, _ := newClient(t, ok(me, ""), ok(fixture(t, "get.memberships.200"), ""))
		got, err := client.Members(t.Context(), publishedSpace)
		if err != nil || len(got) != n || n == 1 && got[0].Address != "john.andersen@example.com" {
			t.Errorf("%v, %+v", err, got)
		}
		client, _ = newClient(t, ok(me, ""), ok(fixture(t, "get.messages.200"), ""))
		said, err := client.Said(t.Context(), publishedSpace, everything)
		if err != nil || len(said) != 1-n || n == 0 && !strings.HasPrefix(said[0].Text, "PROJECT UPDATE - A new project plan") {
			t.Errorf("%v, %+v", err, said)
		}
	}
	client, _ := newClient(t, ok(fixture(t, "post.memberships.200"), ""), ok(fixture(t, "post.messages.200"), ""))
	if err := errors.Join(client.AddMember(t.Context(), publishedSpace, "a@example.com"), client.Say(t.Context(), publishedSpace, "hello")); err != nil {
		t.Error(err)
	}
	client, _ = newClient(t, ok(fixture(t, "get.people.personId.200"), ""), ok(fixture(t, "get.memberships.200"), ""))
	if got, err := client.Members(t.Context(), publishedSpace); err != nil || len(got) != 0 {
		t.Errorf("the published person is this account: %v, %+v", err, got)
	}
}

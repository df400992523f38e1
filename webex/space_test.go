package webex_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/webex"
)

// answers is a Webex that gives the same answer to each path.
type answers map[string]func(*http.Request) (status int, body string)

func (a answers) RoundTrip(q *http.Request) (*http.Response, error) {
	status, body := a[q.URL.Path](q)
	header := http.Header{"Content-Type": {"application/json"}, "Trackingid": {"T1"}}
	if next, ok := strings.CutPrefix(body, "next "); ok {
		header.Set("Link", `<https://webex.test/v1/rooms?cursor=2>; rel="next"`)
		body = next
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: q}, nil
}

func said(status int, body string) func(*http.Request) (int, string) {
	return func(*http.Request) (int, string) { return status, body }
}

func spaces(t *testing.T, a answers, later time.Time) ([]delta.MadeSpace, error) {
	t.Helper()
	if a["/v1/people/me"] == nil {
		a["/v1/people/me"] = said(200, `{"id":"me"}`)
	}
	client, err := webex.New("https://webex.test/v1", a, webex.FixedToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	return client.Spaces(t.Context(), later)
}

const (
	newRoom = `{"id":"new","title":"N","created":"2026-03-02T12:00:00.000Z","creatorId":"me","description":"syncd sd1-aaaa"}`
	oldRoom = `{"id":"old","title":"O","created":"2026-03-01T12:00:00.000Z","creatorId":"me","description":"changed by hand sd1-bbbb"}`
	notOurs = `{"id":"x","title":"X","created":"2026-03-02T11:00:00.000Z","creatorId":"somebody","description":"syncd sd1-aaaa"},
		{"id":"y","title":"Y","created":"2026-03-02T10:00:00.000Z","creatorId":"me","description":"a space of its own"}`
)

func TestSpacesAreKnownByTagAndMaker(t *testing.T) {
	got, err := spaces(t, answers{"/v1/rooms": said(200, `{"items":[`+newRoom+`,`+notOurs+`,`+oldRoom+`]}`)}, time.Time{})
	if err != nil || len(got) != 2 || got[0].ID != "new" || got[0].Tag != "sd1-aaaa" || got[1].Tag != "sd1-bbbb" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOccurrencesInAListThatIgnoresTheFilterAreNotTakenForMeetings(t *testing.T) {
	const series = `{"id":"a","meetingType":"meetingSeries","integrationTags":["ours"]}`
	const others = `{"id":"a_20300101T090000Z","meetingType":"scheduledMeeting","integrationTags":["ours"]},{"id":"b","meetingType":"meetingSeries","integrationTags":["x"]}`
	client, err := webex.New("https://webex.test/v1", answers{"/v1/meetings": said(200, `{"items":[`+others+`,`+series+`,`+series+`]}`)}, webex.FixedToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := client.Tagged(t.Context(), "alice@example.com", "ours", time.Now(), time.Now()); err != nil || len(got) != 1 || got[0].ID != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAListOfSpacesIsLeftEarlyOnlyWhereItIsInOrder(t *testing.T) {
	later := time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC)
	for body, want := range map[string]int{
		`next {"items":[` + newRoom + `,` + oldRoom + `]}`: 1,
		`next {"items":[` + oldRoom + `,` + newRoom + `]}`: 2, // the oldest first: what is new comes last
		`next {"items":[]}`: 2,
	} {
		asked := 0
		got, err := spaces(t, answers{"/v1/rooms": func(q *http.Request) (int, string) {
			if asked++; q.URL.Query().Get("cursor") != "" {
				return 200, `{"items":[` + newRoom + `]}`
			}
			return 200, body
		}}, later)
		if err != nil || asked != want || len(got) == 0 {
			t.Errorf("%s: %d requests, %+v, %v", body, asked, got, err)
		}
	}
}

func TestAListOfSpacesThatCannotBeReadIsNone(t *testing.T) {
	unread := strings.Replace(newRoom, `"description":"syncd sd1-aaaa"`, `"errors":{"description":{"code":"kms_failure"}}`, 1)
	for body, want := range map[string]error{
		`{"items":[` + unread + `]}`: delta.ErrTrouble, `{}`: delta.ErrUnclear, `{"items":null}`: delta.ErrUnclear,
	} {
		if got, err := spaces(t, answers{"/v1/rooms": said(200, body)}, time.Time{}); !errors.Is(err, want) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

// Who takes an unreadable address for somebody uninvited puts him out, and an unreadable message of his own for another word says
// the first one again.
func TestPeopleAndWordsThatWebexCouldNotReadAreNotTakenForOthers(t *testing.T) {
	failed := `"errors":{"%s":{"code":"kms_failure","reason":"placeholder"}}`
	ctx := context.Background()
	for what, c := range map[string]struct {
		path, items string
		call        func(*webex.Client) (int, error)
		want        error
	}{
		"an invitee": {"/v1/meetingInvitees", `{"id":"i","email":"[encrypted]",` + fmt.Sprintf(failed, "email") + `}`,
			func(c *webex.Client) (int, error) { l, err := c.Invitees(ctx, "h", "m"); return len(l), err }, delta.ErrUnclear},
		"an invitee's name": {"/v1/meetingInvitees", `{"id":"i","email":"a@b.example",` + fmt.Sprintf(failed, "displayName") + `}`,
			func(c *webex.Client) (int, error) { l, err := c.Invitees(ctx, "h", "m"); return len(l), err }, nil},
		"a member": {"/v1/memberships", `{"id":"i","personId":"x","personEmail":"",` + fmt.Sprintf(failed, "personEmail") + `}`,
			func(c *webex.Client) (int, error) { l, err := c.Members(ctx, "s"); return len(l), err }, delta.ErrUnclear},
		"a message": {"/v1/messages", `{"id":"i","personId":"me","text":"[encrypted]",` + fmt.Sprintf(failed, "text") + `}`,
			func(c *webex.Client) (int, error) {
				l, err := c.Said(ctx, "s", func(delta.Message) bool { return false })
				return len(l), err
			}, delta.ErrTrouble},
		"somebody else's message": {"/v1/messages", `{"id":"j","personId":"me","text":"x"},{"id":"i","personId":"y","text":"[encrypted]",` + fmt.Sprintf(failed, "text") + `}`,
			func(c *webex.Client) (int, error) {
				l, err := c.Said(ctx, "s", func(delta.Message) bool { return false })
				return len(l), err
			}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := answers{"/v1/people/me": said(200, `{"id":"me"}`), c.path: said(200, `{"items":[`+c.items+`]}`)}
			client, err := webex.New("https://webex.test/v1", a, webex.FixedToken("t"))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := c.call(client); !errors.Is(err, c.want) || (n == 1) != (c.want == nil) {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		})
	}
}

func TestATokenWithoutTheScopesForSpacesIsStillGoodForMeetings(t *testing.T) {
	refused := said(401, `{"message":"no scope","trackingId":"T1"}`)
	for _, a := range []answers{{"/v1/rooms": refused}, {"/v1/people/me": refused}} {
		if _, err := spaces(t, a, time.Time{}); !errors.Is(err, delta.ErrAccess) || errors.Is(err, delta.ErrCredentials) {
			t.Errorf("%v", err)
		}
	}
}

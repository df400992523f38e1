package webex

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"syncd/delta"
	"syncd/rest"
)

func TestTheErrorsOfWebexMeanWhatTheyMean(t *testing.T) {
	published := func(status int, file string) reply {
		return reply{status, map[string]string{"Content-Type": "application/json;charset=UTF-8"}, json.RawMessage(fixture(t, file))}
	}
	for _, test := range []struct {
		name   string
		answer reply
		read   error // of Meeting
		write  error // of Delete
		create error
		room   error
		once   bool          // even a read is not repeated
		later  time.Duration // from Retry-After, told to the caller in the end
	}{
		{"meeting.400", published(400, "post.meetings.400"), delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, true, 0},
		{"room.403", published(403, "get.meetingPreferences.personalMeetingRoom.403"), delta.ErrAccess, delta.ErrAccess, delta.ErrHost, delta.ErrHost, true, 0},
		{"error.401", composed(t, "error.401"), delta.ErrCredentials, delta.ErrCredentials, delta.ErrCredentials, delta.ErrCredentials, true, 0},
		{"error.403", composed(t, "error.403"), delta.ErrAccess, delta.ErrAccess, delta.ErrHost, delta.ErrHost, true, 0},
		{"error.404", composed(t, "error.404"), delta.ErrGone, delta.ErrGone, delta.ErrHost, delta.ErrHost, true, 0},
		{"error.409", composed(t, "error.409.membership-exists"), delta.ErrConflict, delta.ErrConflict, delta.ErrConflict, delta.ErrConflict, true, 0},
		{"error.423", composed(t, "error.423"), delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, false, 5 * time.Second},
		{"error.429", composed(t, "error.429"), delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, false, 17 * time.Second},
		{"error.429.html-body", composed(t, "error.429.html-body"), delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, true, time.Hour},
		{"error.429.no-retry-after", composed(t, "error.429.no-retry-after"), delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, delta.ErrThrottled, false, 0},
		{"error.502", composed(t, "error.502"), delta.ErrTrouble, delta.ErrUnclear, delta.ErrUnclear, delta.ErrTrouble, false, 0},
		{"error.503", composed(t, "error.503"), delta.ErrTrouble, delta.ErrUnclear, delta.ErrUnclear, delta.ErrTrouble, false, 30 * time.Second},
		{"in progress", composed(t, "meetings.error.in-progress"), delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, true, 0},
		{"crosses neighbour", composed(t, "meetings.error.occurrence-crosses-neighbour"), delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, delta.ErrRefused, true, 0},
	} {
		eachCall(t, test.answer, func(t *testing.T, name string, got any, err error, sent []string) {
			want := map[string]error{
				"Meeting": test.read, "Delete": test.write, "Update": test.write, "Create": test.create, "Tagged": test.room, "Room": test.room,
			}[name]
			if !errors.Is(err, want) || got != nil {
				t.Errorf("%s of %s: %v and %v, want %v", name, test.name, got, err, want)
			}
			if strings.Contains(err.Error(), "placeholder") || strings.Contains(err.Error(), "password validation") {
				t.Errorf("%s of %s quotes what Webex said: %v", name, test.name, err)
			}
			once := test.once || writes(name) && !errors.Is(want, delta.ErrThrottled)
			if (len(sent) == 1) != once {
				t.Errorf("%s of %s: sent %d times", name, test.name, len(sent))
			}
			var later *delta.LaterError
			if errors.As(err, &later) != (test.later > 0) {
				t.Errorf("%s of %s: %v, want to hear of a wait of %s", name, test.name, err, test.later)
			}
		})
	}
}

func TestASupportCallHasANumber(t *testing.T) {
	client, _ := newClient(t, composed(t, "error.403"))
	_, err := client.Meeting(t.Context(), "", "id")
	var refused *rest.Error
	if !errors.As(err, &refused) || refused.RequestID != "ROUTERGW_00000000-0000-4000-8000-000000000403" || refused.Status != 403 {
		t.Errorf("%v", err)
	}
}

// What is not Webex's own answer says nothing about the meeting, above all not that there is none.
func TestWhatIsNotWebexsAnswerProvesNothing(t *testing.T) {
	page := json.RawMessage(`"<!DOCTYPE html><html><body>Sign in to the network</body></html>"`)
	html := map[string]string{"Content-Type": "text/html"}
	asJSON := map[string]string{"Content-Type": "application/json"}
	whole := fixture(t, "get.meetings.200")
	cut, err := json.Marshal(whole[:len(whole)/2])
	if err != nil {
		t.Fatal(err)
	}
	for what, answer := range map[string]reply{
		"HTML with 200":             {200, html, page},
		"HTML that says it is JSON": {200, asJSON, page},
		"truncated":                 {200, asJSON, cut},
		"nothing":                   {200, asJSON, nil},
		"null":                      {200, asJSON, json.RawMessage(`null`)},
		"a list without items":      {200, asJSON, json.RawMessage(`{"errors":{"items":{"code":"kms_failure"}}}`)},
		"an object":                 {200, asJSON, json.RawMessage(`{}`)},
		"a list not all there":      {200, asJSON, json.RawMessage(`{"items":[],"errors":{"items":{"code":"kms_failure"}}}`)},
		"an error in a 200":         {200, asJSON, json.RawMessage(`{"message":"placeholder","errors":[{"description":"placeholder"}],"trackingId":"x"}`)},
		"HTML with 404":             {404, html, page},
		"a gateway's 404":           {404, asJSON, json.RawMessage(`{"message":"no Route matched with those values"}`)},
	} {
		eachCall(t, answer, func(t *testing.T, name string, got any, err error, _ []string) {
			if name == "Delete" && answer.Status == 200 && what != "HTML with 200" {
				return // a deletion's answer has no body to be read
			}
			if !errors.Is(err, delta.ErrUnclear) && !errors.Is(err, delta.ErrTrouble) || got != nil {
				t.Errorf("%s of %s: %v, %v", name, what, got, err)
			}
			if errors.Is(err, delta.ErrGone) || errors.Is(err, delta.ErrHost) {
				t.Errorf("%s of %s: taken at its word: %v", name, what, err)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	away := reply{http.StatusFound, map[string]string{"Location": "https://elsewhere.example/v1/meetings"}, nil}
	eachCall(t, away, func(t *testing.T, name string, _ any, err error, sent []string) {
		if !errors.Is(err, delta.ErrForeign) || len(sent) != 1 {
			t.Errorf("%s: %v after %v", name, err, sent)
		}
	})
}

const oneMeeting = `{"items":[{"id":"m1","integrationTags":["tag"],"webLink":"https://example.webex.com/m1"}]}`

func TestAnEmptyPageIsNotTheEndOfTheList(t *testing.T) {
	for _, file := range []string{"list.page.link-header", "list.page.link-max-null"} {
		empty := composed(t, file)
		for _, of := range []string{"people", "rooms"} { // the examples are of other lists
			empty.Headers["Link"] = strings.Replace(empty.Headers["Link"], "/v1/"+of, "/v1/meetings", 1)
		}
		client, w := newClient(t, empty, ok(oneMeeting, ""))
		found, err := client.Tagged(t.Context(), "john@example.com", "tag", time.Time{}, time.Time{})
		if err != nil || len(found) != 1 || found[0].ID != "m1" || len(w.sent) != 2 {
			t.Fatalf("%s: %v, %v, asked %v", file, found, err, w.sent)
		}
		if next := w.sent[1]; strings.Contains(next, "null") || !strings.Contains(next, "max=") || !strings.Contains(next, "cursor=opaque-cursor-") {
			t.Errorf("%s: followed %s", file, next)
		}
	}
}

func TestALinkIsReadHoweverItIsWritten(t *testing.T) {
	const next = apiRoot + "/meetings?from=a,b&cursor=c"
	for link, followed := range map[string]bool{
		"<" + next + `>; rel="next"`:                                            true,
		"<" + next + ">;rel=next":                                               true,
		"<" + next + `>; title="x"; REL="Next"`:                                 true,
		"<" + apiRoot + `/meetings?a>; rel="first", <` + next + `>; rel="next"`: true,
		"<" + apiRoot + `/meetings?a>; rel="prev"`:                              false,
		"": false,
	} {
		client, w := newClient(t, ok(`{"items":[]}`, link), ok(oneMeeting, ""))
		found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{})
		if err != nil || (len(found) == 1) != followed || followed && w.sent[1] != "GET "+next {
			t.Errorf("%s: %v, %v, asked %v", link, found, err, w.sent)
		}
	}
}

func TestAListIsFollowedNowhereElse(t *testing.T) {
	for _, link := range []string{
		"https://elsewhere.example/v1/meetings?cursor=c", "http://webexapis.com/v1/meetings?cursor=c", apiRoot + "/rooms?cursor=c",
		apiRoot + "/meetings/../people", apiRoot + "/meetings/id?cursor=c", "//elsewhere.example/v1/meetings", "https://u:p@webexapis.com/v1/meetings", ":", "",
	} {
		client, w := newClient(t, ok(`{"items":[]}`, "<"+link+`>; rel="next"`), ok(oneMeeting, ""))
		found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{})
		if !errors.Is(err, delta.ErrForeign) || found != nil || len(w.sent) != 1 {
			t.Errorf("%s: %v, %v, asked %v", link, found, err, w.sent)
		}
	}
}

func TestAListThatNeverEndsIsALoop(t *testing.T) {
	next := func(cursor int) reply {
		return ok(oneMeeting, fmt.Sprintf(`<%s/meetings?cursor=%d>; rel="next"`, apiRoot, cursor))
	}
	var endless []reply
	for i := range maxPages {
		endless = append(endless, next(i))
	}
	for name, c := range map[string]struct {
		replies []reply
		want    int // requests
	}{
		"to itself": {[]reply{next(1), next(1), next(1)}, 2}, "in a ring": {[]reply{next(1), next(2), next(1), next(2)}, 3}, "without end": {endless, maxPages},
	} {
		client, w := newClient(t, c.replies...)
		found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{})
		if !errors.Is(err, delta.ErrLoop) || found != nil || len(w.sent) != c.want {
			t.Errorf("%s: %d meetings, %v, %d requests", name, len(found), err, len(w.sent))
		}
	}
}

// An element of a 200 may say that a member of it could not be read; the rest is valid ("REST API Basics").
func TestAMeetingThatWebexCouldNotReadIsNotTakenForOne(t *testing.T) {
	failed := func(member string) string {
		return `{"items":[{"id":"m0","integrationTags":["other"]},{"id":"m1","title":"[encrypted]","integrationTags":["tag"],"errors":{"` + member + `":{"code":"kms_failure","reason":"placeholder"}}}]}`
	}
	for _, member := range []string{"integrationTags", "webLink", "password", "telephony", "start"} {
		synctest.Test(t, func(t *testing.T) {
			client, w := newClient(t, ok(failed(member), ""))
			found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{})
			if !errors.Is(err, delta.ErrUnclear) || found != nil || len(w.sent) < 2 {
				t.Errorf("%s: %v, %v, %d requests", member, found, err, len(w.sent))
			}
		})
	}
	client, _ := newClient(t, ok(failed("title"), ""))
	found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{})
	if err != nil || len(found) != 1 || found[0].Title != "" {
		t.Errorf("a title that cannot be read: %+v, %v", found, err)
	}
	if client, _ = newClient(t, composed(t, "list.partial-failure.200")); true { // spaces, and no meetings of ours among them
		if found, err := client.Tagged(t.Context(), "", "tag", time.Time{}, time.Time{}); err != nil || len(found) != 0 {
			t.Errorf("%v, %v", found, err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := newClient(t, ok(`{"id":"m1","webLink":"x","errors":{"webLink":{"code":"kms_failure"}}}`, ""))
		if got, err := client.Meeting(t.Context(), "", "m1"); !errors.Is(err, delta.ErrUnclear) || got.ID != "" {
			t.Errorf("%+v, %v", got, err)
		}
		client, w := newClient(t, ok(`{"id":"m1","webLink":"x","errors":{"password":{"code":"kms_failure"}}}`, ""))
		if got, err := client.Create(t.Context(), delta.MeetingRequest{}); !errors.Is(err, delta.ErrUnclear) || got.ID != "" || len(w.sent) != 1 {
			t.Errorf("%+v, %v: there is a meeting now, to be found by its tag; asked %v", got, err, slices.Clone(w.sent))
		}
	})
}

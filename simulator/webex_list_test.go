package simulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestListsHaveTreacherousDefaults(t *testing.T) {
	s := newStudio(t, Quirks{})
	for n := range 12 {
		s.create(js{"title": fmt.Sprint("soon ", n), "integrationTags": []string{"tag", fmt.Sprint(n)}})
	}
	late := s.create(js{"title": "late", "start": "2026-01-20T13:00:00Z", "end": "2026-01-20T14:00:00Z", "integrationTags": []string{"late"}})
	series := s.create(js{"title": "series", "recurrence": "FREQ=WEEKLY;COUNT=9", "integrationTags": []string{"series"}})
	s.create(js{"title": "Bob's", "hostEmail": "bob@example.com", "invitees": []js{{"email": alice_}}})

	all := "hostEmail=" + alice_ + "&max=100&current=false"
	if got := s.list("hostEmail=" + alice_); len(got) != 10 {
		t.Errorf("ten a page: %d", len(got))
	}
	if got := s.list(all); len(got) != 14 || !slices.ContainsFunc(got, func(m js) bool { return m["title"] == "Bob's" }) {
		t.Errorf("hosted and invited, within seven days: %d", len(got))
	}
	if got := s.list(all + "&integrationTag=late"); len(got) != 0 {
		t.Errorf("beyond seven days: %d", len(got))
	}
	for _, window := range []string{"&from=2026-01-19T00:00:00Z", "&to=2026-01-21T00:00:00Z", "&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"} {
		if got := s.list(all + "&integrationTag=late" + window); len(got) != 1 || got[0]["id"] != late["id"] {
			t.Errorf("%s: %v", window, got)
		}
	}
	if got := s.list("hostEmail=" + alice_ + "&integrationTag=series"); len(got) != 1 || got[0]["id"] != series["id"].(string)+"_20260105T130000Z" || got[0]["meetingType"] != "scheduledMeeting" {
		t.Errorf("current is true by default: %v", got)
	}
	if got := s.list(all + "&integrationTag=series"); len(got) != 1 || got[0]["id"] != series["id"] {
		t.Errorf("current=false: %v", got)
	}
	if got := s.list("integrationTag=series&max=100&current=false"); len(got) != 0 {
		t.Errorf("without hostEmail the token's own meetings: %d", len(got))
	}
	number := "meetingNumber=" + late["meetingNumber"].(string) + "&current=false&hostEmail=" + alice_ + "&from=2030-01-01T00:00:00Z&integrationTag=nonsense"
	if got := s.list(number); len(got) != 1 || got[0]["id"] != late["id"] {
		t.Errorf("a number switches the filters off: %v", got)
	}
	if got := s.list("webLink=" + url.QueryEscape(late["webLink"].(string)) + "&hostEmail=" + alice_); len(got) != 1 {
		t.Errorf("by link: %v", got)
	}
	refused(t, "two of them", s.c.do("GET", WebexURL+"/meetings?meetingNumber=1&webLink=2&hostEmail="+alice_, nil), 400, "mutually exclusive")
	refused(t, "max", s.c.do("GET", WebexURL+"/meetings?max=101&hostEmail="+alice_, nil), 400, "max")
	refused(t, "from after to", s.c.do("GET", WebexURL+"/meetings?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z&hostEmail="+alice_, nil), 400, "from")
	refused(t, "host unknown", s.c.do("GET", WebexURL+"/meetings?hostEmail=x@y.org", nil), 404, "hostEmail")
}

func TestTagsAreSeenOnlyByTheClientThatWroteThem(t *testing.T) {
	s := newStudio(t, Quirks{})
	m := s.create(js{"integrationTags": []string{"mine"}})
	other := s.w.WebexToken("other")
	r := s.c.do("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail="+alice_, nil, "Authorization", "Bearer "+other)
	if r.js["integrationTags"] != nil || m["integrationTags"] == nil {
		t.Errorf("%v", r.js["integrationTags"])
	}
	r = s.c.do("GET", WebexURL+"/meetings?integrationTag=mine&current=false&hostEmail="+alice_, nil, "Authorization", "Bearer "+other)
	if len(r.js["items"].([]any)) != 0 {
		t.Error("another client filters by them")
	}
	if r := s.patch(m["id"].(string), js{"integrationTags": nil}); r.js["integrationTags"] != nil {
		t.Error("null does not clear them")
	}
}

func TestPagesAreLinkedAndMayBeEmpty(t *testing.T) {
	s := newStudio(t, Quirks{})
	for range 25 {
		s.create(nil)
	}
	walk := func(link string) (pages []int) {
		for link != "" {
			r := s.c.do("GET", link, nil)
			if r.status != 200 {
				t.Fatalf("%s: %d %s", link, r.status, r.body)
			}
			pages = append(pages, len(r.js["items"].([]any)))
			_, after, _ := strings.Cut(r.header.Get("Link"), "<")
			link, _, _ = strings.Cut(after, ">; rel=\"next\"")
		}
		return pages
	}
	start := WebexURL + "/meetings?current=false&max=10&hostEmail=" + alice_
	if got := fmt.Sprint(walk(start)); got != "[10 10 5]" {
		t.Errorf("%s", got)
	}
	s.w.SetQuirks(func(q *Quirks) { q.EmptyListPage, q.MaxNull = 1, true })
	if got := fmt.Sprint(walk(start)); got != "[0 10 10 5]" {
		t.Errorf("with an empty page: %s", got)
	}
	s.w.SetQuirks(func(q *Quirks) { q.EmptyListPage, q.ListedTwice = 0, 1 })
	if got := fmt.Sprint(walk(start)); got != "[10 10 6]" {
		t.Errorf("with one that is listed twice: %s", got)
	}
	if link := s.c.do("GET", start, nil).header.Get("Link"); !strings.Contains(link, "max=null") {
		t.Errorf("%s", link)
	}
}

func TestAnElementOfAListMayCarryErrorsInsideA200(t *testing.T) {
	s := newStudio(t, Quirks{ListErrors: true})
	s.create(nil)
	if got := s.list("hostEmail=" + alice_); got[0]["errors"].(js)["title"].(js)["code"] != "kms_failure" || got[0]["title"] == "Plans" {
		t.Errorf("%v", got[0])
	}
}

func TestANewMeetingMayShowInListsOnlyLater(t *testing.T) {
	s := newStudio(t, Quirks{ListLag: time.Minute})
	m := s.create(nil)
	if got := s.list("hostEmail=" + alice_); len(got) != 0 {
		t.Error("it shows at once")
	}
	s.c.ok("GET", WebexURL+"/meetings/"+m["id"].(string)+"?hostEmail="+alice_, nil)
	s.pass(time.Minute)
	if got := s.list("hostEmail=" + alice_); len(got) != 1 {
		t.Error("it never shows")
	}
}

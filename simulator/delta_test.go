package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const alice_ = "alice@example.com"

// calendar is a world with one mailbox and a window from yesterday to half a year ahead.

func calendar(t *testing.T, q Quirks) (*World, *client, *Mailbox, string, func(time.Duration)) {
	q.OrderedPages = true
	w, c, pass := newWorld(t, Options{Seed: 5, Quirks: q})
	m := w.AddMailbox(alice_)
	return w, c, m, deltaURL(alice_, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 180)), pass
}

func at(days, hours int) Draft {
	start := noon.AddDate(0, 0, days).Add(time.Duration(hours) * time.Hour)
	return Draft{Subject: fmt.Sprintf("d%d", days), Start: start, End: start.Add(time.Hour)}
}

func weekly(start time.Time, count int) Draft {
	return Draft{Subject: "weekly", Start: start, End: start.Add(time.Hour), Recurrence: &Recurrence{Pattern: "weekly", Count: count}}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func TestARoundComesInPagesAndEndsWithADeltaLink(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	for n := range 7 {
		m.Create(at(n, 0))
	}
	page := c.ok("GET", link, nil, "Prefer", immutable+", odata.maxpagesize=3")
	if n := len(page["value"].([]any)); n != 3 || page["@odata.deltaLink"] != nil || !strings.Contains(page["@odata.nextLink"].(string), "$skiptoken=") {
		t.Fatalf("%d items, next %v, delta %v", n, page["@odata.nextLink"], page["@odata.deltaLink"])
	}
	items, delta := c.round(link, "odata.maxpagesize=3")
	if len(items) != 7 || !strings.Contains(delta, "$deltatoken=") {
		t.Errorf("%d items, %s", len(items), delta)
	}
	if !strings.HasPrefix(delta, GraphURL+"/v1.0/users/alice@example.com/calendarView/delta?") {
		t.Errorf("delta link %s", delta)
	}
}

func TestABareOccurrenceHasSixMembersAndTheMasterComesAlongThoughItIsYearsOld(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	old := weekly(noon.AddDate(-3, 0, 0), 0)
	old.Recurrence.Days = []time.Weekday{time.Monday}
	m.Create(old)
	items, _ := c.round(link)
	if len(items) != 27 {
		t.Fatalf("%d items: %v", len(items), names(items))
	}
	for _, i := range items {
		switch i["type"] {
		case "seriesMaster":
			if start := i["start"].(js)["dateTime"].(string); start != "2023-01-09T12:00:00.0000000" || i["recurrence"] == nil || i["body"] == nil {
				t.Errorf("master %v", i)
			}
		case "occurrence":
			keys := sortedKeys(i)
			same(t, "members", keys, []string{"@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"})
		default:
			t.Errorf("%v", i)
		}
	}
}

func TestACancelledOccurrenceIsNeverAnnouncedTheSeriesComesAgainWithoutIt(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 3))
	_, delta := c.round(link)
	if err := m.CancelOccurrence(e.ID, "2026-01-12"); err != nil {
		t.Fatal(err)
	}
	items, _ := c.round(delta)
	same(t, "after the cancellation", names(items), []string{"seriesMaster weekly", "occurrence 2026-01-05", "occurrence 2026-01-19"})
	got := c.ok("GET", events(alice_, e.ID)+"?$select=cancelledOccurrences,subject", nil, "Prefer", immutable)
	if list := fmt.Sprint(got["cancelledOccurrences"]); list != "[OID."+e.ID+".2026-01-12]" {
		t.Errorf("cancelledOccurrences %s", list)
	}
	if all := c.ok("GET", events(alice_, e.ID), nil); all["cancelledOccurrences"] != nil {
		t.Error("cancelledOccurrences comes without being selected")
	}
}

func TestAnExceptionIsAFullItemWithItsOriginalStart(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 2))
	_ = m.EditOccurrence(e.ID, "2026-01-12", func(d *Draft) {
		d.Subject = "moved"
		d.Start, d.End = d.Start.Add(2*time.Hour), d.End.Add(2*time.Hour)
	})
	items, _ := c.round(link)
	same(t, "items", names(items), []string{"seriesMaster weekly", "occurrence 2026-01-05", "exception moved"})
	x := items[2]
	if x["originalStart"] != "2026-01-12T12:00:00Z" || x["seriesMasterId"] != e.ID || x["start"].(js)["dateTime"] != "2026-01-12T14:00:00.0000000" || x["body"] == nil {
		t.Errorf("exception %v", x)
	}
	if x["iCalUId"] == items[0]["iCalUId"] {
		t.Error("the exception has the iCalUId of its master")
	}
}

func TestOutsideOfTheWindowEverythingLooksRemoved(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	in := m.Create(at(10, 0))
	out := m.Create(at(400, 0))
	items, delta := c.round(link)
	same(t, "first round", names(items), []string{"singleInstance d10"})

	_ = m.Edit(out.ID, func(d *Draft) { d.Subject = "changed outside" })
	items, delta = c.round(delta)
	if len(items) != 1 || items[0]["@removed"].(js)["reason"] != "deleted" || items[0]["id"] != out.ID || len(items[0]) != 3 {
		t.Errorf("an unknown id changed outside: %v", items)
	}
	_ = m.Move(in.ID, noon.AddDate(0, 0, 300))
	_ = m.Move(out.ID, noon.AddDate(0, 0, 5))
	items, delta = c.round(delta)
	same(t, "moves over the edge", names(items), []string{"removed", "singleInstance changed outside"})
	_ = m.Delete(out.ID)
	items, _ = c.round(delta)
	same(t, "deleted", names(items), []string{"removed"})
	c.ok("GET", events(alice_, in.ID), nil)
	if r := c.do("GET", events(alice_, out.ID), nil); r.status != http.StatusNotFound {
		t.Errorf("GET of the deleted: %d", r.status)
	}
}

func TestAllMembersOfASeriesStandOnOnePage(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	m.Create(weekly(noon, 12))
	m.Create(at(1, 0))
	page := c.ok("GET", link, nil, "Prefer", "odata.maxpagesize=2")
	if n := len(page["value"].([]any)); n != 13 {
		t.Errorf("%d items on the page", n)
	}
}

func TestARescheduledSeriesHasNewOccurrenceIdsAndTheOldAreNotRemoved(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 2))
	before, delta := c.round(link)
	_ = m.Move(e.ID, noon.AddDate(0, 0, 1))
	after, _ := c.round(delta)
	same(t, "after", names(after), []string{"seriesMaster weekly", "occurrence 2026-01-06", "occurrence 2026-01-13"})
	for _, b := range before[1:] {
		for _, a := range after[1:] {
			if a["id"] == b["id"] {
				t.Error("an occurrence id stayed")
			}
		}
	}
}

func TestOnlyTheLastFewSyncStatesAreKept(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	m.Create(at(1, 0))
	_, first := c.round(link)
	for range 3 {
		c.round(first)
	}
	r := c.do("GET", first, nil)
	text, _ := r.js["error"].(js)["message"].(string)
	if r.status != http.StatusGone || code(r) != "SyncStateNotFound" || text != "The sync state generation is not found; generation=1;[highest=4][2][3][4]." {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := c.do("GET", strings.Split(link, "?")[0]+"?$deltatoken=nonsense", nil); r.status != http.StatusBadRequest {
		t.Errorf("a token that never was one: %d %s", r.status, r.body)
	}
}

func TestALongRoundAgesOutItsFirstNextLink(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	for n := range 9 {
		m.Create(at(n, 0))
	}
	first := c.ok("GET", link, nil, "Prefer", "odata.maxpagesize=2")["@odata.nextLink"].(string)
	next := first
	for range 3 {
		page := c.ok("GET", next, nil, "Prefer", "odata.maxpagesize=2")
		next = page["@odata.nextLink"].(string)
	}
	if r := c.do("GET", first, nil); r.status != http.StatusGone {
		t.Errorf("%d", r.status)
	}
}

func TestPreferencesAreNotRememberedFromCallToCall(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	m.Create(at(2, 0))
	zone := `outlook.timezone="W. Europe Standard Time"`
	page := c.ok("GET", link, nil, "Prefer", immutable+", odata.maxpagesize=1, "+zone)
	item := page["value"].([]any)[0].(js)
	if item["id"] != e.ID || item["start"].(js)["timeZone"] != "W. Europe Standard Time" || item["start"].(js)["dateTime"] != "2026-01-06T13:00:00.0000000" {
		t.Errorf("%v %v", item["id"], item["start"])
	}
	item = c.ok("GET", page["@odata.nextLink"].(string), nil)["value"].([]any)[0].(js)
	if item["start"].(js)["timeZone"] != "UTC" || strings.HasPrefix(item["id"].(string), "AAkA") {
		t.Errorf("without Prefer: %v %v", item["id"], item["start"])
	}
}

func TestQueryOptionsAndWrongWindowsAreRefused(t *testing.T) {
	_, c, _, link, _ := calendar(t, Quirks{})
	for _, option := range []string{"$select=subject", "$expand=x", "$filter=x", "$orderby=x", "$search=x"} {
		if r := c.do("GET", link+"&"+option, nil); r.status != http.StatusBadRequest {
			t.Errorf("%s: %d", option, r.status)
		}
	}
	if r := c.do("GET", deltaURL(alice_, noon, noon.AddDate(5, 0, 1)), nil); r.status != http.StatusBadRequest || code(r) != "ErrorInvalidRequest" {
		t.Errorf("more than 1825 days: %d %s", r.status, r.body)
	}
	if r := c.do("GET", users(alice_, "calendarView/delta"), nil); r.status != http.StatusBadRequest {
		t.Errorf("no window: %d", r.status)
	}
	long := strings.Replace(link, "/delta?", "/microsoft.graph.delta()?", 1)
	c.ok("GET", long, nil)
	c.ok("GET", strings.NewReplacer("/users/alice@", "/users/ALICE@", "/calendarView", "/calendar/calendarView", "DateTime", "datetime").Replace(link), nil)
}

func TestExtendedPropertiesNeverComeInDelta(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	c.write(m, e.ID, "<p>x</p>")
	page := c.do("GET", link, nil)
	if strings.Contains(string(page.body), "singleValueExtendedProperties") {
		t.Error("they are there")
	}
}

// delta2 is the stored link, or a new round when it has aged out.

package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const mark = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Mark"

func TestAUserIsFoundByIdNameAddressAndAlias(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox("alice@example.com", WithUPN("a.smith@corp.example.com"), WithAliases("ali@example.com"))
	for _, name := range []string{m.ID(), "alice@example.com", "A.Smith@corp.example.com"} {
		u := c.ok("GET", GraphURL+"/v1.0/users/"+name+"?$select=id,mail,userPrincipalName,proxyAddresses", nil)
		if u["id"] != m.ID() || u["mail"] != "alice@example.com" || fmt.Sprint(u["proxyAddresses"]) != "[SMTP:alice@example.com smtp:ali@example.com]" {
			t.Errorf("%s: %v", name, u)
		}
	}
	if u := c.ok("GET", GraphURL+"/v1.0/users/"+m.ID(), nil); u["proxyAddresses"] != nil {
		t.Error("proxyAddresses come without being selected")
	}
	filter := url.QueryEscape("mail eq 'ali@example.com' or userPrincipalName eq 'ali@example.com' or proxyAddresses/any(p:p eq 'smtp:ali@example.com')")
	if list := c.ok("GET", GraphURL+"/v1.0/users?$filter="+filter, nil)["value"].([]any); len(list) != 1 {
		t.Errorf("by alias: %v", list)
	}
	m.Rename("alice.new@example.com")
	if u := c.ok("GET", GraphURL+"/v1.0/users/alice.new@example.com", nil); u["id"] != m.ID() {
		t.Errorf("renamed: %v", u)
	}
}

func TestMailboxesThatCannotBeReadAnswerWithTheirCodes(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox(alice_)
	link := deltaURL(alice_, noon, noon.AddDate(0, 0, 1))
	check := func(what, address string, status int, want string) {
		t.Helper()
		if r := c.do("GET", address, nil); r.status != status || code(r) != want {
			t.Errorf("%s: %d %s", what, r.status, r.body)
		}
	}
	check("unknown user", deltaURL("nobody@example.com", noon, noon), 404, "ErrorInvalidUser")
	check("unknown user in the directory", GraphURL+"/v1.0/users/nobody@example.com", 404, "Request_ResourceNotFound")
	m.Deny()
	check("outside of the scope", link, 403, "ErrorAccessDenied")
	c.ok("GET", GraphURL+"/v1.0/users/"+alice_, nil)
	m.Unlicense()
	check("unlicensed", link, 404, "MailboxNotEnabledForRESTAPI")
	m.Vanish()
	check("gone", link, 404, "ErrorInvalidUser")
	m.Restore()
	c.ok("GET", link, nil)
	if r := c.do("GET", link, nil, "Authorization", "Bearer x"); r.status != 401 || code(r) != "InvalidAuthenticationToken" {
		t.Errorf("bad token: %d %s", r.status, r.body)
	}
	w.ExpireTokens(Graph)
	check("expired", link, 401, "InvalidAuthenticationToken")
}

func TestATokenOfOneVendorShownToTheOtherIsAViolation(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox(alice_)
	c.do("GET", GraphURL+"/v1.0/organization", nil, "Authorization", "Bearer "+c.webex)
	c.do("GET", WebexURL+"/people/me", nil, "Authorization", "Bearer "+c.graph)
	if v := w.Violations(); len(v) != 2 || v[0].Promise != "P7" {
		t.Errorf("%v", v)
	}
}

func TestMailboxSettingsTellLanguageZoneAndPurpose(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddMailbox("room4@example.com", AsRoom(false), WithLanguage("nl-NL"), WithZone("W. Europe Standard Time"))
	s := c.ok("GET", users("room4@example.com", "mailboxSettings"), nil)
	if s["userPurpose"] != "room" || s["timeZone"] != "W. Europe Standard Time" || s["language"].(js)["locale"] != "nl-NL" {
		t.Errorf("%v", s)
	}
	if l := c.ok("GET", users("room4@example.com", "mailboxSettings/language"), nil); l["locale"] != "nl-NL" {
		t.Errorf("%v", l)
	}
}

func TestPlainCalendarViewExpandsOccurrencesAndHasNoMasters(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	m.Create(weekly(noon.AddDate(0, 0, -70), 0))
	m.Create(at(2, 0))
	address := users(alice_, "calendarView?startDateTime=2026-01-05T00:00:00Z&endDateTime=2026-01-20T00:00:00Z")
	page := c.ok("GET", address+"&$select=subject,type,start,seriesMasterId&$top=3", nil, "Prefer", immutable)
	var got []string
	for _, v := range page["value"].([]any) {
		i := v.(js)
		got = append(got, fmt.Sprint(i["subject"], " ", i["type"]))
		if i["body"] != nil || i["@odata.etag"] == nil || i["id"] == nil {
			t.Errorf("selected: %v", sortedKeys(i))
		}
	}
	same(t, "first page", got, []string{"weekly occurrence", "d2 singleInstance", "weekly occurrence"})
	next := c.ok("GET", page["@odata.nextLink"].(string), nil)
	if list := next["value"].([]any); len(list) != 1 || next["@odata.nextLink"] != nil {
		t.Errorf("second page: %v", next)
	}
	if r := c.do("GET", users(alice_, "calendarView?startDateTime=2020-01-05T00:00:00Z&endDateTime=2026-01-20T00:00:00Z"), nil); r.status != 400 {
		t.Errorf("six years: %d", r.status)
	}
}

func TestExtendedPropertiesAreStoredFoundAndCaseSensitiveInTheirName(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	m.Create(at(2, 0))
	echo := c.ok("PATCH", events(alice_, e.ID), js{"singleValueExtendedProperties": []js{{"id": mark, "value": "v1/it's"}}})
	if echo["singleValueExtendedProperties"] != nil {
		t.Error("PATCH echoes extended properties")
	}
	get := func(id string) any {
		return c.ok("GET", events(alice_, e.ID)+"?$select=id&$expand="+url.QueryEscape("singleValueExtendedProperties($filter=id eq '"+id+"')"), nil)["singleValueExtendedProperties"]
	}
	if got := fmt.Sprint(get(mark)); got != "[map[id:"+mark+" value:v1/it's]]" {
		t.Errorf("%v", got)
	}
	if get(strings.ToUpper(mark[:45])+mark[45:]) == nil {
		t.Error("type and GUID must not be case-sensitive")
	}
	if get(strings.Replace(mark, "Mark", "mark", 1)) != nil {
		t.Error("the name must be case-sensitive")
	}
	find := func(filter string) int {
		r := c.do("GET", users(alice_, "events?$select=id&$filter="+url.QueryEscape(filter)), nil)
		list, _ := r.js["value"].([]any)
		return len(list)
	}
	any_ := "singleValueExtendedProperties/Any(ep: ep/id eq '" + mark + "' and "
	for filter, want := range map[string]int{
		any_ + "ep/value eq 'V1/it''s')": 1, any_ + "ep/value eq 'v2')": 0, any_ + "startswith(ep/value, 'v1'))": 1,
		any_ + "contains(ep/value, 'it'))": 1, any_ + "ep/value ne null)": 1, "subject eq 'x'": 0,
	} {
		if got := find(filter); got != want {
			t.Errorf("%s: %d", filter, got)
		}
	}
	all := c.ok("GET", users(alice_, "calendarView?startDateTime=2026-01-05T00:00:00Z&endDateTime=2026-01-20T00:00:00Z&$expand="+
		url.QueryEscape("singleValueExtendedProperties($filter=id eq '"+mark+"')")), nil)["value"].([]any)
	if len(all) != 2 || all[0].(js)["singleValueExtendedProperties"] == nil || all[1].(js)["singleValueExtendedProperties"] != nil {
		t.Errorf("%v", all)
	}
}

func TestAPatchNeedsAMatchingEtagAndGivesANewOne(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	body := js{"body": js{"contentType": "HTML", "content": "<p>x</p>"}}
	if r := c.do("PATCH", events(alice_, e.ID), body, "If-Match", `W/"old"`); r.status != 412 || code(r) != "ErrorIrresolvableConflict" {
		t.Errorf("%d %s", r.status, r.body)
	}
	got := c.ok("PATCH", events(alice_, e.ID), body, "If-Match", e.ETag, "Prefer", immutable)
	if got["@odata.etag"] == e.ETag || got["@odata.etag"] != `W/"`+got["changeKey"].(string)+`"` || got["id"] != e.ID {
		t.Errorf("%v %v", got["@odata.etag"], got["changeKey"])
	}
	if !strings.Contains(got["body"].(js)["content"].(string), "Microsoft Exchange Server") {
		t.Errorf("the body was not rewritten: %v", got["body"])
	}
	_ = m.Edit(e.ID, func(d *Draft) { d.Subject = "y" })
	if r := c.do("PATCH", events(alice_, e.ID), body, "If-Match", got["@odata.etag"].(string)); r.status != 412 {
		t.Errorf("after a person's edit: %d", r.status)
	}
	c.ok("PATCH", events(alice_, e.ID), body, "If-Match", "*")
	c.ok("PATCH", events(alice_, e.ID), body)
}

func TestAPatchIsRefusedForWhatGraphDoesNotTake(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	for body, want := range map[string]int{
		`{"subjekt":"x"}`: 400, `{`: 400, `{"start":{"dateTime":"nonsense","timeZone":"UTC"}}`: 400,
		`{"body":{"content":"` + strings.Repeat("x", 5<<20) + `"}}`: 413,
	} {
		if r := c.do("PATCH", events(alice_, e.ID), body); r.status != want {
			t.Errorf("%.40s: %d", body, r.status)
		}
	}
	if r := c.do("PATCH", events(alice_, e.ID), `{}`, "Content-Type", "text/plain"); r.status != 415 {
		t.Errorf("text/plain: %d", r.status)
	}
}

func TestAPatchOfAnOccurrenceMakesAnException(t *testing.T) {
	_, c, m, link, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 3))
	id := m.OccurrenceID(e.ID, "2026-01-12")
	before := c.ok("GET", events(alice_, id), nil, "Prefer", immutable)
	got := c.ok("PATCH", events(alice_, id), js{"body": js{"contentType": "html", "content": "<p>only here</p>"}}, "If-Match", before["@odata.etag"].(string), "Prefer", immutable)
	if before["type"] != "occurrence" || got["type"] != "exception" || got["id"] != id || got["seriesMasterId"] != e.ID {
		t.Errorf("%v %v %v", before["type"], got["type"], got["id"])
	}
	if r := c.do("PATCH", events(alice_, id), js{"body": js{"contentType": "html", "content": "x"}}, "If-Match", before["@odata.etag"].(string)); r.status != 412 || got["@odata.etag"] == before["@odata.etag"] {
		t.Errorf("the etag of the occurrence still fits the exception: %d", r.status)
	}
	items, _ := c.round(link)
	same(t, "round", names(items), []string{"seriesMaster weekly", "occurrence 2026-01-05", "exception weekly", "occurrence 2026-01-19"})
	if r := c.do("GET", events(alice_, m.OccurrenceID(e.ID, "2026-01-13")), nil); r.status != 404 {
		t.Errorf("a date that is none of the series: %d", r.status)
	}
}

func TestInstancesListOccurrencesAndExceptionsNotTheCancelled(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(weekly(noon, 4))
	_ = m.CancelOccurrence(e.ID, "2026-01-12")
	_ = m.EditOccurrence(e.ID, "2026-01-19", func(d *Draft) { d.Subject = "changed" })
	page := c.ok("GET", events(alice_, e.ID)+"/instances?startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-02-01T00:00:00Z&$select=subject,type,start", nil)
	var got []string
	for _, v := range page["value"].([]any) {
		got = append(got, v.(js)["type"].(string)+" "+v.(js)["subject"].(string))
	}
	same(t, "instances", got, []string{"occurrence weekly", "exception changed", "occurrence weekly"})
	full := c.ok("GET", events(alice_, e.ID)+"?$select=subject,exceptionOccurrences&$expand=exceptionOccurrences", nil)
	if list := full["exceptionOccurrences"].([]any); len(list) != 1 || list[0].(js)["subject"] != "changed" {
		t.Errorf("exceptionOccurrences: %v", full["exceptionOccurrences"])
	}
	if r := c.do("GET", events(alice_, e.ID)+"/instances", nil); r.status != 400 {
		t.Errorf("without a window: %d", r.status)
	}
}

func TestAttendeesHaveCopiesWithIdsOfTheirOwnAndRoomsMayDropTheBody(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	alice := w.AddMailbox(alice_)
	bob := w.AddMailbox("bob@example.com", WithAliases("robert@example.com"))
	strict, kind := w.AddMailbox("room1@example.com", AsRoom(false)), w.AddMailbox("room2@example.com", AsRoom(true))
	d := at(1, 0)
	d.Body, d.Attendees = "the agenda", []string{"robert@example.com", "room1@example.com", "room2@example.com", "out@example.org"}
	e := alice.Create(d)
	c.write(alice, e.ID, "<p>join here</p>")
	copyOf := func(m *Mailbox) Event {
		t.Helper()
		list := m.Events()
		if len(list) != 1 {
			t.Fatalf("%s has %d events", m.Address(), len(list))
		}
		return list[0]
	}
	b := copyOf(bob)
	if b.ID == e.ID || b.ICalUID != e.ICalUID || b.IsOrganizer || !strings.Contains(b.Body, "join here") || b.Properties != nil {
		t.Errorf("Bob's copy: %+v", b)
	}
	if b := copyOf(strict); strings.Contains(b.Body, "agenda") {
		t.Errorf("a room with DeleteComments keeps %q", b.Body)
	}
	if b := copyOf(kind); !strings.Contains(b.Body, "join here") {
		t.Errorf("the other room has %q", b.Body)
	}
	if full := c.ok("GET", events(alice_, e.ID), nil); full["attendees"].([]any)[1].(js)["type"] != "resource" && full["attendees"].([]any)[1].(js)["type"] != "Resource" {
		t.Errorf("%v", full["attendees"])
	}
	_ = alice.Cancel(e.ID)
	if !copyOf(bob).Cancelled {
		t.Error("the cancellation did not reach Bob")
	}
	mails := w.Mails()
	var kinds []string
	for _, m := range mails {
		kinds = append(kinds, string(m.By)+" "+m.Kind)
	}
	same(t, "mails", kinds, []string{"person invitation", "client update", "person cancellation"})
	if len(mails[1].To) != 4 || mails[1].Request == 0 {
		t.Errorf("%+v", mails[1])
	}
}

func TestAPatchOfAnExtendedPropertyAloneIsSilentUnlessTheQuirkSaysOtherwise(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	d := at(1, 0)
	d.Attendees = []string{"x@example.org"}
	e := m.Create(d)
	patch := js{"singleValueExtendedProperties": []js{{"id": mark, "value": "1"}}}
	w.ClearMails()
	c.ok("PATCH", events(alice_, e.ID), patch)
	if n := len(w.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	w.SetQuirks(func(q *Quirks) { q.PropertyMails = true })
	c.ok("PATCH", events(alice_, e.ID), patch)
	if n := len(w.Mails()); n != 1 {
		t.Errorf("%d mails with the quirk", n)
	}
}

func TestAnEventIsMadeOnceForOneTransactionId(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	body := js{
		"subject": "test", "transactionId": "t-1", "body": js{"contentType": "HTML", "content": "hello"}, "location": js{"displayName": "here"},
		"start": js{"dateTime": "2026-02-02T12:00:00", "timeZone": "Pacific Standard Time"}, "end": js{"dateTime": "2026-02-02T13:00:00", "timeZone": "Pacific Standard Time"},
		"recurrence": js{"pattern": js{"type": "weekly", "interval": 1, "daysOfWeek": []string{"Monday"}}, "range": js{"type": "endDate", "startDate": "2026-02-02", "endDate": "2026-03-01"}},
		"attendees":  []js{{"type": "required", "emailAddress": js{"address": "x@example.org", "name": "X"}}},
	}
	r := c.do("POST", users(alice_, "events"), body, "Prefer", immutable)
	if r.status != 201 || r.js["type"] != "seriesMaster" || r.js["start"].(js)["dateTime"] != "2026-02-02T20:00:00.0000000" || r.js["originalStartTimeZone"] != "Pacific Standard Time" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	again := c.do("POST", users(alice_, "events"), body, "Prefer", immutable)
	if again.status != 409 || code(again) != "ErrorDuplicateTransactionId" || again.js["error"].(js)["@event.existingEventId"] != r.js["id"] {
		t.Errorf("%d %s", again.status, again.body)
	}
	c.ok("PATCH", events(alice_, r.js["id"].(string)), js{"subject": "test 2"})
	if r := c.do("DELETE", events(alice_, r.js["id"].(string)), nil); r.status != 204 {
		t.Errorf("DELETE: %d", r.status)
	}
	if len(m.Events()) != 0 {
		t.Error("the event is still there")
	}
	if err := w.CheckAlways(); err != nil {
		t.Errorf("a test event of the client's own: %v", err)
	}
	if n := len(w.Mails()); n != 3 {
		t.Errorf("%d mails, want invitation, update, cancellation", n)
	}
}

func TestABatchServesItsItemsOneByOne(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	w.Fault(Rule{Call: "GetUser", Times: 1, Fault: Refuse(429, "TooManyRequests", "7")})
	w.ClearRequests()
	item := "/users/" + alice_ + "/events/" + url.PathEscape(e.ID)
	got := c.ok("POST", GraphURL+"/v1.0/$batch", js{"requests": []js{
		{"id": "1", "method": "GET", "url": item + "?$select=subject", "headers": js{"Prefer": immutable}},
		{"id": "2", "method": "GET", "url": "/users/" + alice_},
		{"id": "3", "method": "PATCH", "url": item, "headers": js{"Content-Type": "application/json", "If-Match": e.ETag}, "body": js{"body": js{"contentType": "html", "content": "x"}}, "dependsOn": []string{"2"}},
	}})
	status := map[string]int{}
	for _, v := range got["responses"].([]any) {
		a := v.(js)
		status[a["id"].(string)] = int(a["status"].(float64))
		if a["id"] == "1" && (a["body"].(js)["subject"] != "d1" || a["body"].(js)["id"] != e.ID) {
			t.Errorf("%v", a)
		}
		if a["id"] == "2" && a["headers"].(js)["Retry-After"] != "7" {
			t.Errorf("%v", a)
		}
	}
	if fmt.Sprint(status) != "map[1:200 2:429 3:424]" {
		t.Errorf("%v", status)
	}
	if r := w.Requests(); len(r) != 3 || r[0].Batch == 0 || r[2].Call != "Batch" {
		t.Errorf("%+v", r)
	}
	many := []js{}
	for n := range 21 {
		many = append(many, js{"id": fmt.Sprint(n), "method": "GET", "url": "/organization"})
	}
	if r := c.do("POST", GraphURL+"/v1.0/$batch", js{"requests": many}); r.status != 400 {
		t.Errorf("21 items: %d", r.status)
	}
}

func TestSubscriptionsNotifyOnceRenewedAndAreRefusedTwice(t *testing.T) {
	w, c, m, _, _ := calendar(t, Quirks{})
	body := js{"changeType": "created,updated,deleted", "resource": "/users/" + m.ID() + "/events", "clientState": "s",
		"notificationUrl":          "EventHub:https://ns.servicebus.windows.net/eventhubname/hub?tenantId=example.com",
		"lifecycleNotificationUrl": "EventHub:x", "expirationDateTime": noon.Add(time.Minute).Format(time.RFC3339)}
	s := c.ok("POST", GraphURL+"/v1.0/subscriptions", body)
	if s["expirationDateTime"] != "2026-01-05T12:45:00.0000000Z" {
		t.Errorf("under 45 minutes: %v", s["expirationDateTime"])
	}
	if r := c.do("POST", GraphURL+"/v1.0/subscriptions", body); r.status != 409 {
		t.Errorf("twice: %d", r.status)
	}
	body["notificationUrl"] = "https://inside.example.com/hook"
	if r := c.do("POST", GraphURL+"/v1.0/subscriptions", body); r.status != 400 {
		t.Errorf("a webhook: %d", r.status)
	}
	if n := w.TakeNotifications(); len(n) != 1 || !strings.Contains(string(n[0].Payload), `"subscriptionId":"NA"`) {
		t.Errorf("validation: %s", n)
	}
	e := m.Create(at(1, 0))
	_ = m.Edit(e.ID, func(d *Draft) { d.Subject = "y" })
	_ = m.Delete(e.ID)
	var kinds []string
	for _, n := range w.TakeNotifications() {
		_, after, _ := strings.Cut(string(n.Payload), `"changeType":"`)
		kinds = append(kinds, after[:strings.IndexByte(after, '"')])
	}
	same(t, "notifications", kinds, []string{"created", "updated", "deleted"})
	one := GraphURL + "/v1.0/subscriptions/" + s["id"].(string)
	c.ok("PATCH", one, js{"expirationDateTime": noon.Add(100 * time.Hour).Format(time.RFC3339)})
	if r := c.do("PATCH", one, js{"expirationDateTime": noon.Add(200 * time.Hour).Format(time.RFC3339)}); r.status != 400 {
		t.Errorf("over seven days: %d", r.status)
	}
	w.Lifecycle("subscriptionRemoved")
	if r := c.do("GET", one, nil); r.status != 404 || len(w.TakeNotifications()) != 1 {
		t.Errorf("removed: %d", r.status)
	}
}

func TestGroupMembersComeInPages(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	for n := range 5 {
		w.AddMailbox(fmt.Sprintf("u%d@example.com", n))
	}
	id := w.AddGroup("u0@example.com", "u1@example.com", "u2@example.com", "u3@example.com", "u4@example.com")
	link := GraphURL + "/v1.0/groups/" + id + "/transitiveMembers/microsoft.graph.user?$select=id,mail&$top=2"
	var all []string
	for link != "" {
		page := c.ok("GET", link, nil)
		for _, v := range page["value"].([]any) {
			all = append(all, v.(js)["mail"].(string))
		}
		link, _ = page["@odata.nextLink"].(string)
	}
	if len(all) != 5 || !slices.IsSorted(all) {
		t.Errorf("%v", all)
	}
}

func TestIdsTranslateBetweenTheirForms(t *testing.T) {
	_, c, m, _, _ := calendar(t, Quirks{})
	e := m.Create(at(1, 0))
	got := c.ok("POST", users(alice_, "translateExchangeIds"), js{"inputIds": []string{e.RestID, "x"}, "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"})
	if list := got["value"].([]any); len(list) != 1 || list[0].(js)["targetId"] != e.ID {
		t.Errorf("%v", got)
	}
}

func TestAFifthRequestAtOnceIsThrottledAndAViolation(t *testing.T) {
	w := New(Options{})
	w.AddMailbox(alice_)
	srv, err := w.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	hold, arrived := make(chan struct{}), make(chan struct{}, 9)
	w.OnRequest(func(r Request) {
		arrived <- struct{}{}
		if r.N <= 4 {
			<-hold
		}
	})
	token, client := w.GraphToken(), srv.Client()
	status := make(chan int, 5)
	get := func() {
		req, _ := http.NewRequest("GET", srv.GraphURL+"/v1.0/users/"+alice_+"/events", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(req)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		res.Body.Close()
		status <- res.StatusCode
	}
	for range 4 {
		go get()
		<-arrived
	}
	get()
	if s := <-status; s != http.StatusTooManyRequests {
		t.Errorf("the fifth: %d", s)
	}
	close(hold)
	for range 4 {
		if s := <-status; s != http.StatusOK {
			t.Errorf("one of the four: %d", s)
		}
	}
	if v := w.Violations(); len(v) != 1 || v[0].Promise != "P12" || w.MostInFlight(alice_) != 5 {
		t.Errorf("%v, most %d", v, w.MostInFlight(alice_))
	}
}

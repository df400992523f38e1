package simulator

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const mark = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Mark"

func TestAUserIsFoundByIdNameAddressAndAlias(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox("alice@example.com", WithUPN("a.smith@corp.example.com"), WithAliases("ali@example.com"))
	for _, name := range []string{m.ID(), "A.Smith@corp.example.com"} {
		u := c.ok("GET", GraphURL+"/v1.0/users/"+name+"?$select=id,mail,userPrincipalName,proxyAddresses", nil)
		if u["id"] != m.ID() || u["mail"] != "alice@example.com" || fmt.Sprint(u["proxyAddresses"]) != "[SMTP:alice@example.com smtp:ali@example.com]" {
			t.Errorf("%s: %v", name, u)
		}
	}
	if u := c.ok("GET", GraphURL+"/v1.0/users/"+m.ID(), nil); u["proxyAddresses"] != nil {
		t.Error("proxyAddresses come without being selected")
	}
	for filter, want := range map[string]int{
		"mail eq 'ali@example.com' or userPrincipalName eq 'ali@example.com' or proxyAddresses/any(p:p eq 'smtp:ali@example.com')": 1,
		"mail eq 'ALICE@example.com'": 1, "userPrincipalName eq 'a.smith@corp.example.com'": 1, "mail eq 'ali@example.com'": 0,
		"proxyAddresses/any(p:p eq 'smtp:alice@example.com')": 0, "proxyAddresses/any(x:x eq 'SMTP:Alice@example.com')": 1,
		"mail eq 'o''hara@example.com'": 0,
	} {
		if list := c.ok("GET", GraphURL+"/v1.0/users?$filter="+url.QueryEscape(filter), nil)["value"].([]any); len(list) != want {
			t.Errorf("%s: %v", filter, list)
		}
	}
	for _, bad := range []string{"mail eq 'o'hara@example.com'", "mail eq \"x\"", "proxyAddresses eq 'x'", "proxyAddresses/any(p:q eq 'x')", "mail eq 'x' and id eq 'y'"} {
		if r := c.do("GET", GraphURL+"/v1.0/users?$filter="+url.QueryEscape(bad), nil); r.status != 400 || code(r) != "Request_UnsupportedQuery" {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
	for _, name := range []string{"ali@example.com", "alice@example.com"} {
		if r := c.do("GET", GraphURL+"/v1.0/users/"+name, nil); r.status != 404 || code(r) != "Request_ResourceNotFound" {
			t.Errorf("%s, which is no user name, in the path: %d", name, r.status)
		}
	}
	m.Rename("alice.new@example.com")
	if r := c.do("GET", GraphURL+"/v1.0/users/alice@example.com", nil); r.status != 404 {
		t.Errorf("the old address in the path: %d", r.status)
	}
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

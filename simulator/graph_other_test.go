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

func TestListsAreFoundByAddressAtMostFifteenAtATime(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	w.AddList("all.o'hara@example.com")
	w.AddList("staff@example.com")
	find := func(filter string) reply {
		return c.do("GET", GraphURL+"/v1.0/groups?"+url.Values{"$select": {"id,mail"}, "$filter": {filter}}.Encode(), nil)
	}
	got := find("mail in ('nobody@example.com','ALL.O''HARA@example.com')").js["value"].([]any)
	if len(got) != 1 || got[0].(js)["mail"] != "all.o'hara@example.com" || got[0].(js)["displayName"] != nil {
		t.Errorf("%v", got)
	}
	for _, bad := range []string{
		"mail in (" + strings.Repeat("'x@example.com',", 15) + "'y@example.com')", "mail in ('all.o'hara@example.com')", "mail has 'x@example.com'",
	} {
		if answer := find(bad); answer.status != 400 {
			t.Errorf("%s: %d", bad, answer.status)
		}
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

package graph

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Neither a nextLink nor a deltaLink carries the preferences: ids, times and page sizes would change from one page to the next
// (event-delta.md).
func TestEveryPageOfARoundIsAskedForWithTheSamePreferences(t *testing.T) {
	const want = `IdType="ImmutableId", outlook.timezone="UTC", odata.maxpagesize=200`
	link := graphRoot + "/v1.0/users/" + mallory.ID + "/calendarView/delta?$"
	pages := 0
	w := &wire{reply: func(r *http.Request) *http.Response {
		if pages++; pages%3 != 0 {
			return jsonReply(r, 200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"%sskiptoken=%d"}`, link, pages))
		}
		return jsonReply(r, 200, fmt.Sprintf(`{"value":[],"@odata.deltaLink":"%sdeltatoken=%d"}`, link, pages))
	}}
	c := newCalendar(t, w)
	_, next, err := collect(t.Context(), c, "", time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := collect(t.Context(), c, next, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 6 {
		t.Fatalf("%d requests", len(w.sent))
	}
	for _, r := range w.sent {
		if got := r.Header.Get("Prefer"); got != want {
			t.Errorf("%s: Prefer %q, want %q", r.URL, got, want)
		}
	}
}

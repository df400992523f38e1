package contract

import (
	"net/http"
	"strings"
	"testing"
)

func TestWhatTheDescriptionDoesNotKnowIsAnError(t *testing.T) {
	const root = "https://graph.example/v1.0"
	spec, err := Load("../../graph/testdata/openapi.json", root)
	if err != nil {
		t.Fatal(err)
	}
	const window = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-02-01T00:00:00Z"
	for _, test := range []struct{ method, path, body, wrong string }{
		{"GET", "/users/a/calendarView/delta?" + window, "", ""},
		{"GET", "/users/a/calendarView/delta?startDateTime=2026-01-01T00:00:00Z", "", "endDateTime"},
		{"GET", "/users/a/calendarView/delta?" + window + "&$selct=id", "", "$selct"},
		{"GET", "/users/a/calenderView/delta?" + window, "", "not described"},
		{"DELETE", "/users/a/events/b", "", "not described"},
		{"PATCH", "/users/a/events/b%2Fc", `{"subject":"x"}`, ""},
		{"PATCH", "/users/a/events/b", `{"subjet":"x"}`, "subjet"},
		{"PATCH", "/users/a/events/b", `{"body":{"contentTyp":"html"}}`, "contentTyp"},
		{"PATCH", "/users/a/events/b", `{"body":{"contentType":"markdown"}}`, "contentType"},
		{"PATCH", "/users/a/events/b", `{"subject":5}`, "subject"},
		{"PATCH", "/users/a/events/b", `{"subject":`, "body"},
	} {
		r, err := http.NewRequest(test.method, root+test.path, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if test.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		_, err = spec.Check(r)
		if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
			t.Errorf("%s %s %s: %v, want %q", test.method, test.path, test.body, err, test.wrong)
		}
	}
}

package rest_test

import (
	"errors"
	"strings"
	"testing"

	"syncd/delta"
	"syncd/rest"
)

func TestErrorBodiesOfEveryShapeAreRead(t *testing.T) {
	for _, test := range []struct {
		name, body string
		header     []string
		codes      string // as Kind sees them
		code, id   string // as people see them
	}{
		{name: "Graph", body: `{"error":{"code":"ErrorItemNotFound","message":"x","innerError":{"request-id":"r"}}}`, codes: "erroritemnotfound", code: "ErrorItemNotFound"},
		{name: "Graph, nested", body: `{"error":{"code":"BadRequest","innerError":{"code":"Other","innererror":{"code":"SyncStateNotFound"}}}}`, codes: "badrequest other syncstatenotfound", code: "BadRequest"},
		{name: "Graph, a number for a code", body: `{"error":{"code":429,"innerError":{"code":"429"}}}`, codes: "429", code: "429"},
		{name: "OAuth", body: `{"error":"invalid_client","error_description":"secret text"}`, codes: "invalid_client", code: "invalid_client"},
		{name: "Webex", body: `{"message":"secret text","errors":[{"description":"x"}],"trackingId":"ROUTER_1-2"}`, codes: rest.WebexBody, code: rest.WebexBody, id: "ROUTER_1-2"},
		{name: "Webex, id in the header", body: `{"message":"secret text"}`, header: []string{"trackingid: T_1"}, codes: rest.WebexBody, code: rest.WebexBody, id: "T_1"},
		{name: "Webex beside a null error", body: `{"error":null,"message":"x","trackingId":"T_2"}`, codes: rest.WebexBody, code: rest.WebexBody, id: "T_2"},
		{name: "some gateway's message", body: `{"message":"no Route matched with those values"}`},
		{name: "null", body: `null`},
		{name: "list", body: `[{"code":"x"}]`},
		{name: "text", body: `"ErrorItemNotFound"`},
		{name: "code is text for people", body: `{"error":{"code":"Not found: alice@example.com"}}`},
		{name: "code is endless", body: `{"error":{"code":"` + strings.Repeat("a", 300) + `"}}`},
		{name: "HTML", body: `<html>ErrorItemNotFound</html>`, header: []string{"Content-Type: text/html"}},
		{name: "empty"},
		{name: "half", body: `{"error":{"code":"ErrorItemNotFound"`},
		{name: "deep", body: strings.Repeat(`{"error":`, 200000)},
		{name: "deep within", body: `{"error":` + strings.Repeat(`{"innerError":`, 5000) + `{"code":"x"}` + strings.Repeat("}", 5001)},
		{name: "request id", body: `{}`, header: []string{"request-id: 5eed-1"}, id: "5eed-1"},
		{name: "request id that is none", body: `{}`, header: []string{"request-id: <script>"}},
	} {
		var codes []string
		v := &vendor{replies: []reply{says(404, test.body, test.header...)}}
		c, err := rest.New(rest.Config{Vendor: "vendor", Root: root, Transport: v, Tokens: fixed("t"), Kind: func(_ int, got []string) error {
			codes = got
			return delta.ErrRefused
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = get(t.Context(), c)
		var refused *rest.Error
		if !errors.As(err, &refused) || refused.Status != 404 {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := strings.Join(codes, " "); got != test.codes || refused.Code != test.code || refused.RequestID != test.id {
			t.Errorf("%s: codes %q, code %q, id %q", test.name, got, refused.Code, refused.RequestID)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

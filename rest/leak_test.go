package rest_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"syncd/delta"
	"syncd/rest"
)

var quiet = log.New(io.Discard, "", 0)

// canaries are what must not be seen again.
var canaries = map[string]string{
	"token": "CANARYtoken.with-dots_and-more-0123456789-0123456789-0123456789-0123456789", "query": "CANARYquery", "path": "CANARYpath",
	"subject": "CANARY subject", "address": "canary@example.com", "link": "https://example.com/CANARYlink",
}

func TestNoErrorTellsASecretWhateverTheVendorSaysAndWherever(t *testing.T) {
	echo := ""
	for _, c := range canaries {
		echo += c + " "
	}
	echo = strings.TrimSpace(echo)
	inJSON := strings.ReplaceAll(echo, `"`, `\"`)
	everywhere := func(status int, body string) reply {
		return says(status, body, "Content-Type: application/json; x="+canaries["query"], "request-id: "+echo, "trackingid: "+canaries["token"],
			"Retry-After: "+echo, "Location: "+canaries["link"], "WWW-Authenticate: Bearer "+echo)
	}
	var replies []reply
	for _, status := range []int{200, 204, 301, 302, 400, 401, 403, 404, 409, 410, 412, 423, 429, 500, 503, 507} {
		for _, body := range []string{
			"", echo, `{"error":{"code":"` + inJSON + `","message":"` + inJSON + `"}}`, `{"error":{"code":"` + canaries["token"] + `"}}`,
			`{"error":"` + inJSON + `"}`, `{"error":"` + canaries["token"] + `"}`, `{"message":"` + inJSON + `","trackingId":"` + canaries["token"] + `"}`,
			`{"name":` + inJSON, `{"` + inJSON + `":1,"` + inJSON + `":2}`, `{"name":{"` + canaries["query"] + `":1}}`, `{"name":"` + canaries["path"] + `"}` + echo,
			`["` + canaries["subject"] + `"]`, `{"name":["` + canaries["query"] + `"]}`,
		} {
			replies = append(replies, everywhere(status, body), cut(status, body))
		}
		replies = append(replies, says(status, echo, "Content-Type: "+canaries["query"]), says(status, echo, "Content-Type: text/"+canaries["query"]))
	}
	for _, text := range []string{echo, "malformed MIME header line: " + echo, `invalid proxy address "http://user:` + canaries["query"] + `@p"`} {
		replies = append(replies, fails(errors.New(text)), fails(&url.Error{Op: "Get", URL: canaries["link"], Err: fmt.Errorf("%s: %w", text, io.EOF)}))
	}
	for i, r := range replies {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, &vendor{replies: []reply{r}}, fixed(canaries["token"]))
			for _, method := range []string{"GET", "PATCH", "POST", "DELETE"} {
				var answer thing
				call := rest.Call{
					Method: method, URL: c.URL(url.Values{"q": {canaries["query"]}}, canaries["path"], canaries["address"]),
					Header: http.Header{"If-Match": {canaries["subject"]}}, Decode: rest.JSON(&answer),
				}
				if method != "GET" {
					call.Body = map[string]string{"subject": canaries["subject"], "to": canaries["address"]}
				}
				if method == "DELETE" {
					call.Decode = nil
				}
				err := c.Do(t.Context(), call)
				for name, canary := range canaries {
					if err != nil && strings.Contains(err.Error(), canary) {
						t.Errorf("reply %d, %s: the %s is in %q", i, method, name, err)
					}
				}
			}
		})
	}
}

func TestABadRootIsRefusedWithoutBeingQuoted(t *testing.T) {
	for _, root := range []string{
		"", "graph.example", "http://graph.example", "https://", "https:graph.example", "https://user:CANARY@graph.example", "https://graph.example/?x=CANARY",
		"https://graph.example/v1#CANARY", "https://graph.example/../v1", "https://graph.example//v1", "https://[::1", "ftp://graph.example", "https://graph.example/%2e%2e",
	} {
		_, err := rest.New(rest.Config{Vendor: "graph", Root: root, Tokens: fixed("t"), Kind: kind})
		if err == nil || strings.Contains(err.Error(), "CANARY") || !strings.Contains(err.Error(), "graph_url") {
			t.Errorf("%q: %v", root, err)
		}
	}
}

func TestATokenOrHeaderThatIsNoneSendsNothingAndShowsNothing(t *testing.T) {
	v := &vendor{replies: []reply{says(200, "{}")}}
	for _, token := range []string{"", "CANARY\nX: y", "CANARY\x00", "CANARY\x7f"} {
		_, err := get(t.Context(), newClient(t, v, fixed(token)))
		is(t, err, delta.ErrCredentials)
		if strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%v", err)
		}
	}
	c := newClient(t, v, fixed("t"))
	err := c.Do(t.Context(), rest.Call{Method: "PATCH", URL: c.URL(nil, "x"), Header: http.Header{"If-Match": {"CANARY\r\nX: y"}}})
	is(t, err, delta.ErrRefused)
	if v.asked() != 0 || strings.Contains(err.Error(), "CANARY") {
		t.Errorf("%d requests, %v", v.asked(), err)
	}
}

package rest_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/rest"
)

func TestEachSegmentIsEscapedByItselfAndArrivesAsItWas(t *testing.T) {
	c := newClient(t, &vendor{}, fixed("t"))
	for _, id := range []string{
		"AAMkADk0M/GFkO+DE3=", "a b", "a%2Fb", "a?b#c", "é€😀", "x'y\"z", "a;b&c", "a\\b", strings.Repeat("long/", 500), "alice@example.com", "AbC", "aBc", "...",
	} {
		u := c.URL(url.Values{"$filter": {"id eq 'String {66f5} Name X'"}}, "users", id, "events")
		if strings.Count(u.EscapedPath(), "/") != 4 || !strings.HasPrefix(u.String(), root+"/users/") || strings.Contains(u.RawQuery, "+") {
			t.Errorf("%q: %s", id, u)
		}
		if strings.ContainsAny(strings.Split(u.EscapedPath(), "/")[3], "+=;&?#\\ ") {
			t.Errorf("%q: %s", id, u)
		}
		back := strings.Split(parse(t, u.String()).EscapedPath(), "/")
		if got, err := url.PathUnescape(back[3]); err != nil || got != id {
			t.Errorf("%q came back as %q, %v", id, got, err)
		}
	}
}

func TestARequestForNothingIsNotSent(t *testing.T) {
	v := &vendor{replies: []reply{says(200, "{}")}}
	c := newClient(t, v, fixed("t"))
	for _, id := range []string{"", ".", "..", "a\x00b", "a\nb"} { // DELETE /meetings/ may delete who knows what
		for _, segments := range [][]string{{"meetings", id}, {"users", id, "events"}} {
			is(t, c.Do(t.Context(), rest.Call{Method: "DELETE", URL: c.URL(nil, segments...)}), delta.ErrRefused)
		}
	}
	for _, elsewhere := range []string{
		"https://evil.example/v1/x", "http://vendor.example/v1/x", "https://user@vendor.example/v1/x", "https://vendor.example:444/v1/x", "https://vendor.example/v2/x",
		"https://vendor.example/v1", "https:vendor.example/v1/x", "/v1/x", "https://vendor.example./v1/x",
	} {
		is(t, c.Do(t.Context(), rest.Call{Method: "GET", URL: parse(t, elsewhere)}), delta.ErrForeign)
	}
	is(t, c.Do(t.Context(), rest.Call{Method: "GET"}), delta.ErrForeign)
	if v.asked() != 0 {
		t.Errorf("%d requests were sent", v.asked())
	}
}

func TestALinkIsFollowedOnlyBelowTheConfiguredAddress(t *testing.T) {
	c := newClient(t, &vendor{}, fixed("t"))
	for link, want := range map[string]string{
		root + "/users/a/events?$skiptoken=x%20y": root + "/users/a/events?$skiptoken=x%20y",
		"HTTPS://Vendor.Example:443/v1/a#frag":    root + "/a",
		root + "/users('a%40b')/x()":              root + "/users('a%40b')/x()",
	} {
		u, segments, err := c.Follow(link)
		if err != nil || u.String() != want || segments[0] == "" {
			t.Errorf("%s: %s, %q, %v", link, u, segments, err)
		}
	}
	for _, link := range []string{
		"", "x", "/v1/a", "//vendor.example/v1/a", "http://vendor.example/v1/a", "https:vendor.example/v1/a", "https:/vendor.example/v1/a", "https://vendor.example",
		"https://vendor.example/v1", "https://vendor.example/v1/", "https://vendor.example/v10/a", "https://vendor.example/V1/a", "https://vendor.example/v1/../a",
		"https://vendor.example/v1/a/..", "https://vendor.example/v1/./a", "https://vendor.example/v1//a", "https://vendor.example/v1/a%2fb", "https://vendor.example/v1/a%5cb",
		"https://vendor.example/v1/a\\b", "https://vendor.example/v1/%2e%2e/a", "https://vendor.example/v1/%252e%252e/a", "https://vendor.example/v1/a;b", "https://vendor.example/v1/a%00",
		"https://vendor.example/v1/a%zz", "https://vendor.example/v1/a b", "https://vendor.example\t/v1/a", "https://vendor.example/v1/a\n", " https://vendor.example/v1/a",
		root + "/" + strings.Repeat("a", 20000),
	} {
		if u, _, err := c.Follow(link); !errors.Is(err, delta.ErrForeign) {
			t.Errorf("%.60q: %v, %v", link, u, err)
		}
	}
}

func TestALinkThatDiffersInItsQueryAloneLeadsWhereFollowingItWouldLead(t *testing.T) {
	c := newClient(t, &vendor{}, fixed("t"))
	const first = root + "/users('a%40b')/x?$skiptoken=1"
	u, _, err := c.Follow(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{root + "/users('a%40b')/x?$deltatoken=x%20y", root + "/users('a%40b')/x?a?b", root + "/users('a%40b')/x?"} {
		next, ok := rest.Onward(u, first, link)
		if want, _, err := c.Follow(link); !ok || err != nil || next.RequestURI() != strings.TrimSuffix(want.RequestURI(), "?") {
			t.Errorf("%s: %v, %v", link, next, ok)
		}
	}
	for _, link := range []string{
		"", "x", root + "/users('a%40b')/x", root + "/users('a%40b')/y?z", root + "/users('a@b')/x?z", root + "/users('a%40b')/x/?z",
		"https://evil.example/v1/users('a%40b')/x?z", first + " ", first + "\n", first + "\\", first + "#f", root + "/users('a%40b')/x#?z", first + strings.Repeat("a", 20000),
	} {
		if next, ok := rest.Onward(u, first, link); ok {
			t.Errorf("%.60q is taken for another query: %s", link, next)
		}
	}
	if next, ok := rest.Onward(u, "", first); ok {
		t.Errorf("after no link: %s", next)
	}
}

func FuzzOnward(f *testing.F) {
	for _, s := range []string{"$skiptoken=1", "a?b", "a#b", "a\\b", "%zz", "", " ", "é"} {
		f.Add(root+"/users('x')/y?a", root+"/users('x')/y?"+s)
	}
	f.Add(root+"/a#b?c", root+"/a#b?d")
	c, err := rest.New(rest.Config{Vendor: "vendor", Root: root, Tokens: fixed("t"), Kind: kind})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, first, link string) {
		u, _, err := c.Follow(first)
		if err != nil {
			return
		}
		next, ok := rest.Onward(u, first, link)
		if !ok {
			return
		}
		want, _, err := c.Follow(link)
		if err != nil || next.Scheme != want.Scheme || next.Host != want.Host || next.EscapedPath() != want.EscapedPath() || next.RawQuery != want.RawQuery {
			t.Fatalf("%q after %q leads to %q, followed to %q, %v", link, first, next, want, err)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "-1", "2.128", "1e9", "soon", "NaN", "Inf", "Sun, 01 Mar 2026 12:02:00 GMT", "0x1p-2", "1e-400", "1e400"} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header string) {
		if d := rest.RetryAfter(header, now); d < 0 || d > 24*time.Hour {
			t.Errorf("%q: %s", header, d)
		}
	})
}

func FuzzFollow(f *testing.F) {
	for _, s := range []string{
		root + "/a", root + "/users/0e-_@/b/delta?$deltatoken=%20x", root + "/a/", root + "/a//b?x", root + "/a?", root + "/?x", root + "//a", "https://vendor.example:443/v1/users('x')/y?z", "https://vendor.example@evil.example/v1/a", "https://vendor.example\\@evil.example/v1/a",
		"https://vendor.example/v1/%2e%2e%2fa", "https://vendor.example#@evil.example/v1/", "https://[::ffff:1.2.3.4]/v1/a",
	} {
		f.Add(s)
	}
	c, err := rest.New(rest.Config{Vendor: "vendor", Root: root, Tokens: fixed("t"), Kind: kind})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, link string) {
		u, segments, err := c.Follow(link)
		if rest, plain := strings.CutPrefix(link, "https:"); plain { // written otherwise, the link is parsed
			parsed, same, err2 := c.Follow("HTTPS:" + rest)
			if (err == nil) != (err2 == nil) || err == nil && (*u != *parsed || !slices.Equal(segments, same)) {
				t.Fatalf("%q is read as %#v %q %v, parsed as %#v %q %v", link, u, segments, err, parsed, same, err2)
			}
		}
		if err != nil {
			return
		}
		// What goes over the wire is read again as a strict server would.
		again, err := url.Parse(u.String())
		if err != nil || again.Scheme != "https" || again.Host != "vendor.example" || again.User != nil || len(segments) == 0 {
			t.Fatalf("%q leads to %q", link, u)
		}
		if resolved := again.JoinPath(); !strings.HasPrefix(resolved.Path, "/v1/") || resolved.Path != "/v1/"+strings.Join(segments, "/") {
			t.Fatalf("%q leads to %q, segments %q", link, resolved, segments)
		}
	})
}

package rest

import (
	"fmt"
	"net/url"
	"strings"

	"syncd/delta"
)

// URL makes an address below the root of segments, each escaped by itself: ids hold '/', '+' and '='. Blanks in the query are
// written %20, since not every place takes '+' for one.
func (c *Client) URL(query url.Values, segments ...string) *url.URL {
	u := *c.root
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = segmentEscaper.Replace(url.PathEscape(s))
	}
	u.Path = c.root.Path + "/" + strings.Join(segments, "/")
	u.RawPath = c.root.EscapedPath() + "/" + strings.Join(escaped, "/")
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	return &u
}

// segmentEscaper escapes what url.PathEscape leaves and some server on the way may read as something else.
var segmentEscaper = strings.NewReplacer("+", "%2B", "=", "%3D", ";", "%3B", "&", "%26")

// longestLink bounds a link in an answer. Delta tokens have some hundreds of bytes.
const longestLink = 16 << 10

// Follow takes a link from an answer or from a store, if it leads below the root. Its path below the root is returned in
// segments, unescaped; whether the caller asked for a thing of that name is his to say.
func (c *Client) Follow(link string) (u *url.URL, segments []string, err error) {
	if len(link) > longestLink || !printable(link) {
		return nil, nil, fmt.Errorf("%w: not an address", delta.ErrForeign)
	}
	if u, segments, ok := c.followPlain(link); ok {
		return u, segments, nil
	}
	u, err = url.Parse(link)
	switch {
	case err != nil || u.Opaque != "":
		return nil, nil, fmt.Errorf("%w: not an address", delta.ErrForeign)
	case u.Scheme != c.root.Scheme || plainHost(u) != c.root.Host || u.User != nil:
		return nil, nil, fmt.Errorf("%w: to host %.100q", delta.ErrForeign, u.Host)
	case badSegments(u.EscapedPath()):
		return nil, nil, fmt.Errorf("%w: not a plain path", delta.ErrForeign)
	}
	below, ok := strings.CutPrefix(u.Path, c.root.Path+"/")
	if !ok {
		return nil, nil, fmt.Errorf("%w: not below the configured address", delta.ErrForeign)
	}
	u.Host, u.Fragment, u.RawFragment = c.root.Host, "", ""
	return u, strings.Split(below, "/"), nil
}

// followPlain is Follow for a link as vendors write it: the root as it is configured, and below it letters, digits and "-_@" alone, so
// that nothing in its path can be read in two ways. Every sweep follows one.
func (c *Client) followPlain(link string) (u *url.URL, segments []string, ok bool) {
	below, ok := strings.CutPrefix(link, c.plainRoot)
	if !ok || c.plainRoot == "" || strings.Contains(below, "#") {
		return nil, nil, false
	}
	path, query, queried := strings.Cut(below, "?")
	for i := range len(path) {
		if ch := path[i]; !isAlphanumeric(ch) && ch != '-' && ch != '_' && ch != '@' && (ch != '/' || i == 0 || path[i-1] == '/') {
			return nil, nil, false
		}
	}
	if path == "" || path[len(path)-1] == '/' || queried && query == "" {
		return nil, nil, false
	}
	v := *c.root
	v.Path, v.RawQuery = link[len(c.plainRoot)-len(c.root.Path)-1:len(c.plainRoot)+len(path)], query
	return &v, strings.Split(path, "/"), true
}

func isAlphanumeric(ch byte) bool {
	return 'a' <= ch && ch <= 'z' || 'A' <= ch && ch <= 'Z' || '0' <= ch && ch <= '9'
}

// Onward takes a link that comes after another one that was followed to u, if they differ in their queries alone: then what
// [Client.Follow] found of the first is true of the second.
func Onward(u *url.URL, followed, link string) (next *url.URL, ok bool) {
	at := strings.IndexByte(followed, '?') + 1
	if at == 0 || !strings.HasPrefix(link, followed[:at]) || len(link) > longestLink || !printable(link) || strings.Contains(link, "#") {
		return nil, false
	}
	v := *u
	v.RawQuery = link[at:]
	return &v, true
}

// plainHost is a host in lower case, without the port that https has anyway.
func plainHost(u *url.URL) string {
	return strings.TrimSuffix(lower(u.Host), ":443")
}

// lower is strings.ToLower for ASCII alone: Unicode has letters, such as the Kelvin sign, that fold to others.
func lower(s string) string {
	b := []byte(s)
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			b[i] = ch + 'a' - 'A'
		}
	}
	return string(b)
}

// badSegments reports a path that a server may read otherwise than we do: with empty segments or dots in it, or with characters
// that are escaped twice, or that separate segments for some.
func badSegments(escapedPath string) bool {
	if escapedPath == "" {
		return false
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(escapedPath, "/"), "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, `/\%;?#`) || hasControl(plain) {
			return true
		}
	}
	return false
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// printable reports that there is no blank, no control character and no backslash in a link.
func printable(link string) bool {
	for i := range len(link) {
		if ch := link[i]; ch <= ' ' || ch == 0x7f || ch == '\\' {
			return false
		}
	}
	return true
}

// checkURL holds every request, whoever made its address, to the configured host, and to ids that are some.
func (c *Client) checkURL(u *url.URL) error {
	if u == nil || u.Scheme != c.root.Scheme || u.Host != c.root.Host || u.User != nil || u.Opaque != "" {
		return fmt.Errorf("%w: not to the configured host", delta.ErrForeign)
	}
	if !printable(u.RawQuery) {
		return fmt.Errorf("%w: not a plain query", delta.ErrRefused)
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), c.root.EscapedPath()+"/")
	if !ok {
		return fmt.Errorf("%w: not below the configured address", delta.ErrForeign)
	}
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" || plain == "." || plain == ".." || hasControl(plain) {
			return fmt.Errorf("%w: an id is empty or no id", delta.ErrRefused)
		}
	}
	return nil
}

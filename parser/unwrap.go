package parser

import (
	"slices"
	"strings"
)

// rewriter is a service that puts its own link in the place of another, to look
// at it or to count it. All is undone from the text alone; nothing is fetched.
type rewriter struct {
	id       string
	name     string
	file     string
	line     int
	hosts    []string
	path     string // what the path must begin with, or empty
	how      string // "query", "base64", "path", "proofpoint2", "proofpoint3", "fence", "suffix" or "hint"
	names    []string
	examples []rewriteExample
}

type rewriteExample struct {
	wrapped, target string
	line            int
}

// deepest bounds how many rewriters may have wrapped a link. Three have been
// seen in one mail.
const deepest = 8

// unwrapped is a link freed from rewriters, as far as that went.
type unwrapped struct {
	link
	by    [deepest]*rewriter // that were undone, and the one that could not be
	depth int
	hint  string // the host that such a one names

	groups []*group // that name the link's host
}

func (u *unwrapped) undone() []*rewriter {
	if u.depth == 0 {
		return nil
	}
	return slices.Clone(u.by[:u.depth])
}

// unwrap undoes rewriters until a link is left that no rewriter made.
func (r *ruleset) unwrap(u *unwrapped) bool {
	for range deepest {
		k := r.known(u.host)
		w := r.rewriterOf(&u.link, &k)
		if w == nil {
			u.groups = k.groups
			return true
		}
		u.by[u.depth] = w
		u.depth++
		if w.how == "hint" {
			u.hint = lowerASCII(firstValue(u.query, w.names))
			return false
		}
		inner, found := w.undo(&u.link)
		if !found || !u.split(inner) {
			return false
		}
	}
	return false
}

func (r *ruleset) rewriterOf(l *link, k *knownHost) *rewriter {
	if w := firstRewriter(k.rewriters, l); w != nil {
		return w
	}
	if w := firstRewriter(k.rewrites, l); w != nil {
		return w
	}
	if k.groups != nil { // a host of meetings has none of those that are on any mail server
		return nil
	}
	first, _ := cutByte(l.host, '.')
	if w := firstRewriter(r.rewritePrefix[first], l); w != nil {
		return w
	}
	return firstRewriter(r.rewriteAny[lowerASCII(l.parts[0])], l)
}

func firstRewriter(list []*rewriter, l *link) *rewriter {
	for _, w := range list {
		if w.path == "" || len(l.path) >= len(w.path) && strings.EqualFold(l.path[:len(w.path)], w.path) {
			return w
		}
	}
	return nil
}

// undo gives the link that was there before.
func (w *rewriter) undo(l *link) (string, bool) {
	switch w.how {
	case "query":
		return absolute(unescape(firstValue(l.query, w.names)), l)
	case "base64":
		v := unescape(firstValue(l.query, w.names))
		if at := strings.Index(v, "aHR0c"); at > 0 { // some put a mark before
			v = v[at:]
		}
		return absolute(decode64(v), l)
	case "path":
		return absolute(innerLink(l.raw), l)
	case "proofpoint2":
		v := firstValue(l.query, w.names)
		return absolute(unescape(proofpointEscape.Replace(v)), l)
	case "proofpoint3":
		return proofpoint3(l.raw)
	case "suffix":
		return w.cutSuffix(l)
	case "fence":
		_, rest, _ := strings.Cut(l.raw, "___")
		inner, _, closed := strings.Cut(rest, "___")
		if closed {
			return absolute(inner, l)
		}
	}
	return "", false
}

// cutSuffix takes off what a proxy hung on the host.
func (w *rewriter) cutSuffix(l *link) (string, bool) {
	for _, host := range w.hosts {
		if bare, ok := strings.CutSuffix(l.host, host[1:]); ok {
			rest, _ := cutScheme(l.raw)
			return l.raw[:len(l.raw)-len(rest)] + bare + rest[len(l.host):], true
		}
	}
	return "", false
}

// innerLink is the link that another holds behind its own path, escaped or not.
func innerLink(raw string) string {
	const own = len("https://")
	for _, escaped := range [...]string{"https%3a", "http%3a"} {
		if at := indexFold(raw[own:], escaped); at > 0 {
			inner, _, _ := strings.Cut(raw[own+at:], "?")
			return unescape(inner)
		}
	}
	if at := strings.LastIndex(raw, "http"); at > own {
		return raw[at:]
	}
	return ""
}

// firstValue is the value of the first of names that a query has.
func firstValue(query string, names []string) string {
	for _, name := range names {
		if v := value(query, name); v != "" {
			return v
		}
	}
	return ""
}

// absolute completes what a rewriter gave: twice escaped, without its host, or
// with one slash lost.
func absolute(inner string, outer *link) (string, bool) {
	if len(inner) > 8 && (strings.EqualFold(inner[:7], "http%3a") || strings.EqualFold(inner[:8], "https%3a")) {
		inner = unescape(inner)
	}
	if strings.HasPrefix(inner, "/") && !strings.HasPrefix(inner, "//") {
		inner = "https://" + outer.host + inner
	}
	for _, scheme := range [...]string{"https:/", "http:/"} {
		if strings.HasPrefix(inner, scheme) && !strings.HasPrefix(inner, scheme+"/") {
			inner = scheme + "/" + inner[len(scheme):]
		}
	}
	inner = undoAmp(inner)
	rest, ok := cutScheme(inner)
	inner = inner[:len(inner)-len(rest)+linkEnd(rest)] // what was escaped may be no link to its end
	return inner, ok && inner != outer.raw
}

package simulator

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// preferences are what the Prefer headers of one request ask for; none of it is remembered for the next (microsoft-graph.md 2.3).
type preferences struct {
	immutable bool
	pageSize  int
	zone      string
	loc       *time.Location
	text      bool
}

func prefer(h http.Header) preferences {
	p := preferences{zone: "UTC", loc: time.UTC}
	for _, line := range h.Values("Prefer") {
		for _, part := range splitOutside(line, ',') {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			switch strings.ToLower(strings.TrimSpace(key)) {
			case "idtype":
				p.immutable = strings.EqualFold(value, "ImmutableId")
			case "odata.maxpagesize":
				p.pageSize, _ = strconv.Atoi(value)
			case "outlook.timezone":
				if loc, err := location(value); err == nil {
					p.zone, p.loc = value, loc
				}
			case "outlook.body-content-type":
				p.text = strings.EqualFold(value, "text")
			}
		}
	}
	return p
}

// query finds a parameter without regard to the case of its name, as OData does.
func query(q url.Values, name string) string {
	for key, values := range q {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}

// selection is what $select names, in lower case; nil = everything.
type selection map[string]bool

func selected(q url.Values) selection {
	list := query(q, "$select")
	if list == "" {
		return nil
	}
	s := selection{}
	for name := range strings.SplitSeq(list, ",") {
		s[strings.ToLower(strings.TrimSpace(name))] = true
	}
	return s
}

func (s selection) has(name string) bool { return s == nil || s[strings.ToLower(name)] }

// expansion is what $expand asks for.
type expansion struct {
	properties []string // ids of extended properties, in canonical form
	exceptions bool
}

var idEquals = regexp.MustCompile(`(?i)\bid\s+eq\s+'((?:[^']|'')*)'`)

func expanded(q url.Values) expansion {
	var e expansion
	for _, part := range splitOutside(query(q, "$expand"), ',') {
		name, filter, _ := strings.Cut(strings.TrimSpace(part), "(")
		switch strings.ToLower(name) {
		case "singlevalueextendedproperties":
			for _, m := range idEquals.FindAllStringSubmatch(filter, -1) {
				e.properties = append(e.properties, propertyID(strings.ReplaceAll(m[1], "''", "'")))
			}
		case "exceptionoccurrences":
			e.exceptions = true
		}
	}
	return e
}

// propertyID brings the id of an extended property into one form: type, GUID and the word Name or Id without regard to case,
// the name itself as it is written (microsoft-graph.md 3.1).
func propertyID(id string) string {
	parts := strings.SplitN(strings.TrimSpace(id), " ", 4)
	if len(parts) != 4 {
		return strings.TrimSpace(id)
	}
	title := func(s string) string { return strings.ToUpper(s[:1]) + strings.ToLower(s[1:]) }
	if parts[0] == "" || parts[2] == "" {
		return strings.TrimSpace(id)
	}
	return title(parts[0]) + " " + strings.ToLower(parts[1]) + " " + title(parts[2]) + " " + parts[3]
}

var (
	anyProperty = regexp.MustCompile(`(?is)^\s*singleValueExtendedProperties/any\s*\(\s*\w+\s*:\s*(.*)\)\s*$`)
	valueEquals = regexp.MustCompile(`(?i)\bvalue\s+(eq|ne)\s+'((?:[^']|'')*)'`)
	valueOp     = regexp.MustCompile(`(?i)\b(contains|startswith)\s*\(\s*\w+/value\s*,\s*'((?:[^']|'')*)'\s*\)`)
)

// propertyFilter reads a $filter over extended properties; false when it is something else.
func propertyFilter(filter string) (func(map[string]string) bool, bool) {
	m := anyProperty.FindStringSubmatch(filter)
	if m == nil {
		return nil, false
	}
	id := idEquals.FindStringSubmatch(m[1])
	if id == nil {
		return nil, false
	}
	name := propertyID(strings.ReplaceAll(id[1], "''", "'"))
	test := func(string) bool { return true }
	if v := valueEquals.FindStringSubmatch(m[1]); v != nil {
		want, equal := unquote(v[2]), strings.EqualFold(v[1], "eq")
		test = func(have string) bool { return strings.EqualFold(have, want) == equal }
	} else if v := valueOp.FindStringSubmatch(m[1]); v != nil {
		want := strings.ToLower(unquote(v[2]))
		test = func(have string) bool { return strings.Contains(strings.ToLower(have), want) }
		if strings.EqualFold(v[1], "startswith") {
			test = func(have string) bool { return strings.HasPrefix(strings.ToLower(have), want) }
		}
	}
	return func(props map[string]string) bool {
		have, ok := props[name]
		return ok && test(have)
	}, true
}

func unquote(s string) string { return strings.ReplaceAll(s, "''", "'") }

// splitOutside cuts at a separator that stands outside of quotes and parentheses.
func splitOutside(s string, sep rune) []string {
	var parts []string
	depth, start := 0, 0
	var quote rune
	for i, c := range s {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	if start < len(s) {
		parts = append(parts, s[start:])
	}
	return parts
}

// instant reads an ISO 8601 time; without an offset it is UTC (microsoft-graph.md 1.1).
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.9999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

package parser

import (
	"strings"
	"testing"
	"unicode"
)

// holdsTogether checks what must be true of every result, whatever the text.
func holdsTogether(t *testing.T, text Text, r Result) {
	t.Helper()
	rules := builtin().rules
	if r.JoinURL != "" {
		l, ok := splitLink(r.JoinURL)
		if !ok {
			t.Fatalf("%q is no web address", r.JoinURL)
		}
		v, ok := rules.classify(&l, anyText{})
		if !ok {
			t.Fatalf("%q is on no known host", r.JoinURL)
		}
		if v.group.service.id != r.Provider && len(v.group.near) == 0 {
			t.Fatalf("%q is of %s, not of %s", r.JoinURL, v.group.service.id, r.Provider)
		}
		if strings.ContainsFunc(r.JoinURL, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) || invisible(c) }) {
			t.Fatalf("%q holds what no link does", r.JoinURL)
		}
	}
	if r.Provider == "" && r.JoinURL+r.MeetingNumber+r.Passcode+r.SIP != "" {
		t.Fatalf("a meeting of nobody: %+v", r)
	}
	if !allDigits(r.MeetingNumber) || len(r.MeetingNumber) > 64 {
		t.Fatalf("%q is no number", r.MeetingNumber)
	}
	if len(r.Passcode) > 300 || strings.ContainsAny(r.Passcode, " \t\r\n") {
		t.Fatalf("%q is no passcode", r.Passcode)
	}
	if r.SIP != "" && (!strings.ContainsAny(r.SIP, "@.") || strings.ContainsAny(r.SIP, " \t\r\n<>\"")) {
		t.Fatalf("%q is no address", r.SIP)
	}
	if (r.Keyword == "") != (r.KeywordIn == "") {
		t.Fatalf("keyword %q in %q", r.Keyword, r.KeywordIn)
	}
	if k, found := FindKeyword(text.Location); found != (r.KeywordIn == "location") || found && k.String() != r.Keyword {
		t.Fatalf("keyword %q in %q, alone %v", r.Keyword, r.KeywordIn, k)
	}
}

// anyText says everything.
type anyText struct{}

func (anyText) says(*group) bool { return true }

func FuzzParse(f *testing.F) {
	for _, name := range []string{"corpus/invites-dev", "cases/tune", "cases/real", "cases/broken"} {
		for _, one := range readInvites(f, "testdata/"+name+".jsonl") {
			if len(one.Body) < 3000 {
				f.Add(one.Location, one.Body, one.ContentType == "html")
			}
		}
	}
	f.Fuzz(func(t *testing.T, location, body string, html bool) {
		text := Text{Location: location, Body: body, HTML: html}
		r := Parse(text)
		holdsTogether(t, text, r)
		if again := Parse(text); again != r {
			t.Fatalf("first %+v, then %+v", r, again)
		}
		list, denied := builtin().Explain(text)
		for _, d := range denied {
			if d.URL == "" || d.Why == "" || d.Offset < 0 {
				t.Fatalf("denied without a word: %+v", d)
			}
		}
		for i, c := range list {
			if i > 0 && c.Rank < list[i-1].Rank {
				t.Fatalf("candidate %d of rank %d comes behind rank %d", i, c.Rank, list[i-1].Rank)
			}
		}
		if r.JoinURL != "" && len(list) == 0 {
			t.Fatalf("%q is among no candidates", r.JoinURL)
		}
	})
}

// placeList keeps where links stand.
type placeList []int

func (p *placeList) reference(at int, _ string) { *p = append(*p, at) }
func (p *placeList) restart()                   { *p = nil }

func FuzzVisibleText(f *testing.F) {
	for _, s := range []string{
		"<p>a<b>c</b></p>", "<a href='x>y'>z", "<!-- <", "<script>", "<div hidden><div>a</div>b</div>c",
		"&amp;&#64;&commat;&#x40", "<style><!-- </style>x", "<td>a<td>b", "<a href=\"https://zoom.us/j/123456789", "<pre>\n\na\n</pre>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		last := 0
		var links placeList
		text := visibleText(body, &links)
		for _, at := range links {
			if at < last || at > len(text) {
				t.Fatalf("a link at %d after one at %d in a text of %d bytes", at, last, len(text))
			}
			last = at
		}
		// Each byte gives one byte at most, but for entities and marks between links.
		if len(text) > 4*len(body)+8 {
			t.Fatalf("%d bytes of text from %d bytes of HTML", len(text), len(body))
		}
		if strings.IndexByte(text, 0) >= 0 && !strings.Contains(body, "&#") {
			t.Fatalf("%q has kept a NUL", text)
		}
	})
}

// stillWrapped reports whether a link is a rewriter's.
func stillWrapped(u *unwrapped) bool {
	k := builtin().rules.known(u.host)
	return builtin().rules.rewriterOf(&u.link, &k) != nil
}

func FuzzUnwrap(f *testing.F) {
	for _, w := range builtin().rules.rewriters {
		for _, e := range w.examples {
			f.Add(e.wrapped)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var target unwrapped
		if !target.split(raw) {
			return
		}
		ok := builtin().rules.unwrap(&target)
		switch {
		case ok && target.hint != "":
			t.Fatalf("%q gives both %q and the hint %q", raw, target.raw, target.hint)
		case !ok:
			return
		case stillWrapped(&target):
			t.Fatalf("%q gives %q, a rewriter's link still", raw, target.raw)
		case target.host == "" || !plainHost(target.host):
			t.Fatalf("%q gives %q of no host", raw, target.raw)
		}
	})
}

func FuzzRuleFile(f *testing.F) {
	f.Add("service x\n name X\n host x.example\n join /j/{number}\n is https://x.example/j/12345 12345\n isnt https://x.example/\n")
	f.Add("rewriter y\n host *.y.example\n undo query u\n is https://a.y.example/?u=https%3A%2F%2Fz.example z\n")
	f.Add("mailhost m.example\nservice a\nhost *a* *.b c.* *\nport\nweak\nnear x, y\njoin /{letters:3}-{hex}/** /a#/b?c={code}\ndeny /x\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := newRuleset([]RuleFile{{"own.txt", text}}, nil)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "own.txt:") {
					t.Fatalf("%q does not say where", line)
				}
			}
			return
		}
		p := Parser{rules: rules, words: builtin().words, codes: builtin().codes}
		p.Parse(Text{Location: "https://x.example/j/12345", Body: text})
	})
}

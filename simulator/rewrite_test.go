package simulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var harshnesses = map[string]Harshness{"gentle": Gentle, "normal": Normal, "harsh": Harsh}

var bodies = []string{
	"", "plain", "<p>one two</p>", "one<br>two", "a<b>b</b>c", "<div>x</div><div>y</div>", "foo<meta>bar<title>no</title>baz",
	"<!-- marker --><p id=syncd class=x data-id=1>kept</p><!-- end", "<script>alert('x')</script>text<style>p{}</style>more",
	"caf&eacute; &amp; t&eacute;a&nbsp;b\u00a0c &lt;tag&gt; &#8364;", "<pre>  two\n  lines </pre>", "<xmp><b>raw</b></xmp>after",
	"<div style=\"display:none\">hidden</div>seen", "<div hidden>hidden</div>seen", "<object>fallback</div>still</object>after", "b<object>fallback</div>still</object>after",
	"<div><object>lost</div>found", "<plaintext>all <b>the rest", "<style>unclosed <p>gone", "<p style='a:b' style='display:none'>first counts</p>",
	"<a href='javascript:alert(1)'>link</a> <a href=\"https://x.example/?a=1&amp;b=2\">other</a>", "x<embed>y<applet>z</applet>w", "</p></div>stray",
	"<body bgcolor=red><p>one<body id=2>two", "<html><head><style>.a{}</style></head><body dir=rtl>שלום עולם</body></html>",
	"<textarea>typed</textarea>x", "<table><tr><td>a</td><td>b</td></tr></table>", "<p/>self<div/>closing", "\x00nul", "<![CDATA[x]]>y", "<?php echo ?>z",
}

func TestRewritingNeverChangesTheWordsThatCanBeSeen(t *testing.T) {
	for name, h := range harshnesses {
		for _, content := range bodies {
			b := body{html: true, content: content}
			once := rewritten(b, h)
			if !slices.Equal(b.words(), once.words()) {
				t.Errorf("%s: %q had %q, has %q in %q", name, content, b.words(), once.words(), once.content)
			}
			if twice := rewritten(once, h); !slices.Equal(b.words(), twice.words()) {
				t.Errorf("%s twice: %q had %q, has %q", name, content, b.words(), twice.words())
			}
		}
	}
}

func FuzzRewritingKeepsTheWords(f *testing.F) {
	for _, content := range bodies {
		f.Add(content, 0)
	}
	f.Fuzz(func(t *testing.T, content string, harsh int) {
		h := Harshness(uint(harsh) % 3)
		b := body{html: true, content: strings.ToValidUTF8(content, "?")}
		if got := rewritten(b, h); !slices.Equal(b.words(), got.words()) {
			t.Errorf("%q had %q, has %q in %q", content, b.words(), got.words(), got.content)
		}
	})
}

func TestExchangeRewritesWhatTheReferenceSays(t *testing.T) {
	const typed = `<p id="syncd-block" class="c1" data-syncd="7" onclick="x()" style="color:red">caf&eacute;&nbsp;now <a class=q href="https://x.example/?a=1&b=2" id=k>go</a></p><!-- syncd --><script>evil()</script>`
	for name, h := range harshnesses {
		got := rewritten(body{html: true, content: typed}, h).content
		for _, gone := range []string{"<!-- syncd", "data-syncd", "onclick", "script"} {
			if strings.Contains(got, gone) {
				t.Errorf("%s: %q is still there: %s", name, gone, got)
			}
		}
		if !strings.HasPrefix(got, "<html>\r\n<head>\r\n<meta") || !strings.Contains(got, `name="Generator"`) || !strings.Contains(got, "</body>\r\n</html>") {
			t.Errorf("%s: no frame around %s", name, got)
		}
		if hasID := strings.Contains(got, "syncd-block"); hasID != (h == Gentle) {
			t.Errorf("%s: the id is there: %v", name, hasID)
		}
		if !strings.Contains(got, `href="https://x.example/?a=1&amp;b=2"`) {
			t.Errorf("%s: the link has changed: %s", name, got)
		}
	}
	harsh := rewritten(body{html: true, content: typed}, Harsh).content
	if strings.Contains(harsh, "<p") || !strings.Contains(harsh, "caf&#233;&#160;now") {
		t.Errorf("harsh: %s", harsh)
	}
	if normal := rewritten(body{html: true, content: typed}, Normal).content; !strings.Contains(normal, "café&nbsp;now") {
		t.Errorf("normal: %s", normal)
	}
}

func TestLongLinesAreWrappedWithinTheText(t *testing.T) {
	got := rewritten(body{html: true, content: "<p>" + strings.Repeat("word ", 60) + "</p>"}, Normal).content
	for line := range strings.SplitSeq(got, "\r\n") {
		if len(line) > 130 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
	if gentle := rewritten(body{html: true, content: "<p>" + strings.Repeat("word ", 60) + "</p>"}, Gentle).content; strings.Count(gentle, "\r\n") >= strings.Count(got, "\r\n") {
		t.Error("gentle wraps too")
	}
}

func TestATextBodyComesAsConvertedHTMLUnlessTextIsAskedForOrKept(t *testing.T) {
	w, c, _ := newWorld(t, Options{})
	m := w.AddMailbox("alice@example.com")
	e := m.Create(Draft{Subject: "x", Body: "first line\nsecond <line>", Start: noon, End: noon.Add(time.Hour)})
	get := func(prefer string) js {
		return c.ok("GET", events(m.Address(), e.ID), nil, "Prefer", prefer)["body"].(js)
	}
	if b := get(immutable); !strings.EqualFold(b["contentType"].(string), "html") || !strings.Contains(b["content"].(string), "converted from text") ||
		!slices.Equal(body{html: true, content: b["content"].(string)}.words(), []string{"first", "line", "second", "<line>"}) {
		t.Errorf("%v", b)
	}
	items, _ := c.round(deltaURL(m.Address(), noon, noon.Add(time.Hour)), `outlook.body-content-type="text"`)
	if b := items[0]["body"].(js); b["contentType"] != "text" || b["content"] != "first line\nsecond <line>" {
		t.Errorf("delta with text: %v", b)
	}
	w.SetQuirks(func(q *Quirks) { q.KeepText = true })
	if b := get(immutable); b["contentType"] != "text" {
		t.Errorf("kept: %v", b)
	}
}

func TestHostileBodiesAreRewrittenInLinearTime(t *testing.T) {
	for name, content := range map[string]string{
		"nested":  strings.Repeat("<div>", 60_000) + "x",
		"closing": strings.Repeat("<b>", 1000) + strings.Repeat("</i>", 60_000) + "x",
		"attrs":   "<p " + strings.Repeat("a=1 ", 60_000) + ">x",
		"words":   strings.Repeat("x ", 100_000),
	} {
		b := body{html: true, content: content}
		if got := rewritten(b, Harsh); !slices.Equal(b.words(), got.words()) {
			t.Errorf("%s: words changed", name)
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	content := strings.Repeat(bodies[9]+bodies[7]+bodies[22], 100)
	for name, h := range harshnesses {
		b.Run(fmt.Sprint(name), func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				rewritten(body{html: true, content: content}, h)
			}
		})
	}
}

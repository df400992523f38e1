package parser

import (
	"runtime"
	"strings"
	"testing"
)

const real = "https://zoom.us/j/91234567890?pwd=abc"

// hostile is texts made to cost time or memory, or to mislead. Behind each stands
// a real link, which must be found.
func hostile() map[string]Text {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	return map[string]Text{
		"a million at signs":     {Body: strings.Repeat("@", 1_000_000)},
		"10 MB of text":          {Body: strings.Repeat("Lorem ipsum dolor sit amet. ", 10<<20/28)},
		"10 MB of HTML":          {HTML: true, Body: strings.Repeat(`<p class="x">Lorem <b>ipsum</b> &amp; <a href="https://a.b/c">d</a></p>`, 10<<20/73)},
		"100,000 nested tags":    {HTML: true, Body: strings.Repeat("<b>", 100_000) + strings.Repeat("</b>", 100_000)},
		"one link of 10 MB":      {Body: "https://example.com/" + strings.Repeat("a", 10<<20) + " "},
		"one tag of 10 MB":       {HTML: true, Body: `<p title="` + strings.Repeat("a", 10<<20) + `">`},
		"links upon links":       {Body: fill("https://a.b/?u=https://a.b/?u=")[:8000] + " "},
		"userinfo":               {Body: fill("https://a@zoom.us/j/912345678 ")},
		"odd ports":              {Body: fill("https://zoom.us:99999/j/912345678 ")},
		"look-alike hosts":       {Body: fill("https://zoom.us.evil.example/j/912345678 ")},
		"guessed servers":        {Body: fill("https://visio.acme.example/x ")},
		"unterminated links":     {Body: fill("<https://a.b/c\r\n\t")},
		"unterminated closings":  {HTML: true, Body: "<script>" + fill("</scrip ") + "</script>"},
		"half closings":          {HTML: true, Body: fill("</a ") + ">"},
		"keywords that are none": {Body: fill("a@webex.com ")},
		"half addresses":         {Body: fill("a@")},
		"addresses":              {Body: fill("ab@cd.ef\n")},
		"colons":                 {Body: fill(":")},
		"slashes":                {Body: fill("/")},
		"scheme upon scheme":     {Body: fill("https://")},
		"schemes":                {Body: fill("sip:")},
		"dots":                   {Body: fill("a.b/")},
		"one long word":          {Body: fill("a") + " "},
		"one long link":          {Body: "https://example.com/" + fill("a") + " "},
		"a link in lines":        {Body: fill("<https://a.b/c\n")},
		"guesses":                {Body: fill("https://meet.acme.example/a/b ")},
		"digits":                 {Body: fill("1 ")},
		"labels":                 {Body: fill("passcode: ")},
		"blank lines":            {Body: fill("\n")},
		"invisible":              {Body: fill("\u200b") + " "},
		"invisible in keywords":  {Body: fill("@\u200bw")},
		"direction overrides":    {Body: fill("\u202e\u202c")},
		"NUL":                    {Body: fill("\x00")},
		"broken UTF-8":           {Body: fill("\xff\xc3")},
		"rewriters":              {Body: fill("https://www.google.com/url?q=x ")},
		"nested rewriters":       {Body: fill("https://www.google.com/url?q=")[:8000] + " "},
		"nested tags":            {HTML: true, Body: fill("<div>")},
		"closed only":            {HTML: true, Body: fill("</div>")},
		"less than":              {HTML: true, Body: fill("< ")},
		"entities":               {HTML: true, Body: fill("&amp;&#64;")},
		"open entities":          {HTML: true, Body: fill("&#")},
		"attributes":             {HTML: true, Body: "<p " + fill(`a=b `) + ">"},
		"quotes":                 {HTML: true, Body: "<p " + fill(`'"`) + ">"},
		"comments":               {HTML: true, Body: fill("<!-- x -->")},
		"hidden and never shown": {HTML: true, Body: "<div style='display:none'>" + fill("<div>x")},
		"links":                  {HTML: true, Body: fill(`<a href="https://a.b/c">x</a>`)},
		"bare links":             {HTML: true, Body: fill(`<a href=x>`)},
		"cells":                  {HTML: true, Body: fill("<td>")},
		"quoted-printable":       {Body: fill("=3D=\n")},
		"table rows":             {Body: fill("Link|Passcode\n" + real + "|none\n")},
		"one long row":           {Body: "Link|Passcode\n" + fill("|")},
		"half tags":              {HTML: true, Body: fill("<a <b ") + ">"},
	}
}

func TestHostileTextsAreReadToTheEndInBoundedMemory(t *testing.T) {
	builtin() // is not to be counted
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			if text.HTML {
				text.Body += "<p>" + real + "</p>"
			} else {
				text.Body += "\n" + real
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := Parse(text)
			runtime.ReadMemStats(&after)
			holdsTogether(t, text, r)
			if r.JoinURL != real {
				t.Errorf("got %+v", r)
			}
			bound := 2 << 20 // whatever the length of a text: only what is found in it is kept
			if text.HTML {   // what a reader sees of it is written out, in a buffer that doubles
				bound += 3 * len(text.Body)
			}
			if used := int(after.TotalAlloc - before.TotalAlloc); used > bound {
				t.Errorf("%d bytes allocated for a text of %d", used, len(text.Body))
			}
			if n := after.Mallocs - before.Mallocs; n > 12_000 {
				t.Errorf("%d allocations", n)
			}
		})
	}
}

func TestUnfinishedMarkUpGivesNoFalseAnswer(t *testing.T) {
	for _, body := range []string{
		`<!-- ` + real,
		`<style>` + real,
		`<script>"` + real + `"`,
		`<title>` + real + ` @webex`,
		`<a href="` + real,
		`<img src="` + real + `" alt="@webex">`,
		`<p data-x='` + real + `'>`,
		`<![CDATA[` + real,
		`<?php ` + real,
		`<template hidden>` + real + `</template>`,
		`<textarea>` + real + `</textarea>`,
		`<a href='` + real, `<a href=` + real, `<a title="x href="` + real + `>`, `<!doctype ` + real, `<!--` + real + `--`,
		`<iframe src="` + real + `">` + real, `<xmp>` + real, `<noframes>` + real + `<p>@webex`,
	} {
		if r := Parse(Text{Body: body, HTML: true}); r != (Result{}) {
			t.Errorf("%s: %+v", body, r)
		}
	}
}

func TestLooksAreNotEnough(t *testing.T) {
	for name, body := range map[string]string{
		"another domain":              "https://zoom.us.evil.example/j/912345678 https://evilzoom.us/j/912345678 https://zoom-us.example/j/912345678",
		"a hyphen for a dot":          "https://acme-webex.com/meet/ada https://teams-microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0",
		"another top level":           "https://zoom.uk/j/912345678 https://meet.google.co/abc-defg-hij https://acme.webex.co/meet/ada",
		"letters of another alphabet": "https://z\u043e\u043em.us/j/912345678 https://\u043ceet.google.com/abc-defg-hij https://xn--zom-tna.us/j/912345678",
		"userinfo":                    "https://zoom.us@evil.example/j/912345678 https://zoom.us:x@evil.example/j/912345678 https://ada@zoom.us/j/912345678 https://@zoom.us/j/912345678",
		"a backslash":                 `https://evil.example\.zoom.us/j/912345678 https://evil.example\@zoom.us/j/912345678`,
		"odd ports":                   "https://zoom.us:8443/j/912345678 https://zoom.us:443443/j/912345678 https://zoom.us:/../j/1 https://zoom.us:80a/j/912345678 http://zoom.us:443/j/912345678",
		"other schemes":               "ftp://zoom.us/j/912345678 javascript://zoom.us/j/912345678 file://zoom.us/j/912345678 data:text/html,zoom.us/j/",
		"no host":                     "https:///j/912345678 https://./j/912345678 https://zoom.us./j/912345678 https://..zoom.us/j/912345678 https://-.zoom.us/j/912345678",
		"in another link":             "https://evil.example/?u=https://zoom.us/j/912345678 https://evil.example/https://zoom.us/j/912345678 https://evil.example/#https://zoom.us/j/912345678",
		"a host that is a path":       "https://evil.example/zoom.us/j/912345678 //zoom.us/j/912345678 evil@zoom.us/j/912345678",
		"a direction override":        "https://zoom\u202e.us/j/912345678 https://zoom.\u2066us/j/912345678",
		"NUL":                         "https://zoom\x00.us/j/912345678 https://zoom.us\x00/j/912345678 @web\x00ex",
		"broken UTF-8":                "https://zoom\xff.us/j/912345678 https://zoom.us\xc3/j/912345678 @web\xc3\x28ex",
		"white space":                 "https:// zoom.us/j/ 912345678 https://zoom .us/j/912345678 https://zoom.us /j/912345678",
		"an IPv6 host":                "https://[::1]/j/912345678 https://[zoom.us]/j/912345678",
		"a rewriter's trap":           "https://www.google.com/url?q=https://zoom.us.evil.example/j/912345678 https://eur03.safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fzoom.us%2Fj%2F912345678",
		"addresses":                   "ada@zoomcrc.com.evil.example\nsip:@zoomcrc.com\n912345678@@zoomcrc.com",
		"keywords":                    "a@webex.com @webex.com @webexx x@webex @_webex https://a.example/@webex mailto:@webex.example",
	} {
		t.Run(name, func(t *testing.T) {
			for _, html := range []bool{false, true} {
				if r := Parse(Text{Body: body, HTML: html}); r != (Result{}) {
					t.Errorf("HTML %v: %+v", html, r)
				}
			}
			if r := Parse(Text{Location: body}); r != (Result{}) {
				t.Errorf("in the location: %+v", r)
			}
		})
	}
}

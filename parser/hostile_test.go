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
		"at signs":               {Body: fill("@")},
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
		"nested and closed":      {HTML: true, Body: strings.Repeat("<b>", 100_000) + strings.Repeat("</b>", 100_000)},
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
		"half tags":              {HTML: true, Body: fill("<a <b ") + ">"},
	}
}

func TestHostileTextsAreReadToTheEndInBoundedMemory(t *testing.T) {
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
			// What a reader sees of HTML is written out, in a buffer that doubles.
			if used := int(after.TotalAlloc - before.TotalAlloc); used > 8*len(text.Body)+1<<20 {
				t.Errorf("%d bytes allocated for a text of %d", used, len(text.Body))
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
	} {
		if r := Parse(Text{Body: body, HTML: true}); r != (Result{}) {
			t.Errorf("%s: %+v", body, r)
		}
	}
}

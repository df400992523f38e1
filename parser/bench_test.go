package parser

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse prints how fast texts of several kinds are read, and what is
// allocated for each.
func BenchmarkParse(b *testing.B) {
	invites := readInvites(b, "testdata/corpus/invites-dev.jsonl")
	var small, all, html []Text
	var invitation Text
	for _, one := range invites {
		t := one.text()
		all = append(all, t)
		if t.HTML {
			html = append(html, t)
		}
		if len(t.Body) < 200 {
			small = append(small, t)
		}
		if one.ID == "wx-fu-berlin" {
			invitation = t
		}
	}
	byLength := slices.Clone(all)
	slices.SortFunc(byLength, func(a, b Text) int { return cmp.Compare(len(a.Body), len(b.Body)) })
	median := byLength[len(byLength)*9/20 : len(byLength)*11/20]
	sized := func(from, to int) []Text {
		return slices.DeleteFunc(slices.Clone(all), func(t Text) bool { n := len(t.Location) + len(t.Body); return n < from || n >= to })
	}
	word := findInvite(b, invites, "tm-openbmc-html").text()
	news := findInvite(b, invites, "fx-metaways-news").text()
	for _, c := range []struct {
		name  string
		texts []Text
	}{
		{"small", small},
		{"60B", sized(40, 80)},
		{"100B", sized(80, 120)},
		{"300B", sized(250, 350)},
		{"median", median},
		{"invitation", []Text{invitation}},
		{"corpus", all},
		{"corpusHTML", html},
		{"word", []Text{word}},
		{"newsletter", []Text{news}},
		{"10MB-html", []Text{{HTML: true, Body: repeat(html, 10<<20)}}},
		{"10MB-text", []Text{{Body: strings.Repeat(news.Body, 10<<20/len(news.Body))}}},
		{"10MB-at", []Text{{Body: strings.Repeat("@", 10<<20)}}},
		{"10MB-addresses", []Text{{Body: strings.Repeat("ab@cd.ef ", 10<<20/9)}}},
		{"10MB-links", []Text{{Body: strings.Repeat("https://example.com/a/b?c=d ", 10<<20/28)}}},
		{"10MB-nested", []Text{{HTML: true, Body: strings.Repeat("<div><b>", 10<<20/8)}}},
		{"10MB-open", []Text{{HTML: true, Body: strings.Repeat(`<a href="`, 10<<20/9)}}},
		{"10MB-lt", []Text{{HTML: true, Body: strings.Repeat("<", 10<<20)}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			size := 0
			for _, t := range c.texts {
				size += len(t.Body) + len(t.Location)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				for _, t := range c.texts {
					Parse(t)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N*len(c.texts)), "B/body")
		})
	}
}

func findInvite(b *testing.B, list []invite, id string) invite {
	for _, one := range list {
		if one.ID == id {
			return one
		}
	}
	b.Fatalf("no %s in the corpus", id)
	return invite{}
}

// repeat joins texts until they are of a size.
func repeat(texts []Text, size int) string {
	var s strings.Builder
	for s.Len() < size {
		for _, t := range texts {
			s.WriteString(t.Body)
		}
	}
	return s.String()[:size]
}

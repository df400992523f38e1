package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdleRound is one sweep of a mailbox in which nothing has changed, in a world of ten thousand.
func BenchmarkIdleRound(b *testing.B) {
	w := New(Options{Seed: 1})
	for n := range 10_000 {
		w.AddMailbox(fmt.Sprintf("u%d@example.com", n))
	}
	m := w.Mailbox("u5000@example.com")
	for n := range 10_000 {
		m.Create(at(n%170, 0))
	}
	get := plainGet(b, w)
	link := deltaURL(m.Address(), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 180))
	for strings.Contains(link, "skiptoken") || !strings.Contains(link, "token") {
		link = get(link)
	}
	b.ReportAllocs()
	for b.Loop() {
		link = get(link)
	}
}

// plainGet fetches a page and gives the link in it.
func plainGet(b *testing.B, w *World) func(string) string {
	transport, token := w.Transport(), w.GraphToken()
	return func(link string) string {
		req, err := http.NewRequest("GET", link, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Prefer", immutable+", odata.maxpagesize=500")
		res, err := transport.RoundTrip(req)
		if err != nil || res.StatusCode != 200 {
			b.Fatal(res, err)
		}
		page := make([]byte, res.ContentLength)
		if _, err := res.Body.Read(page); err != nil {
			b.Fatal(err)
		}
		_, after, _ := strings.Cut(string(page[max(0, len(page)-300):]), "Link\":\"")
		return strings.TrimSuffix(after, "\"}")
	}
}

// BenchmarkFirstRound writes a calendar of ten thousand events of 4 KB each.
func BenchmarkFirstRound(b *testing.B) {
	w := New(Options{Seed: 1})
	m := w.AddMailbox(alice_)
	for n := range 10_000 {
		d := at(n%170, 0)
		d.Body, d.HTML = "<p>"+strings.Repeat("words that people write in invitations ", 100)+"</p>", true
		m.Create(d)
	}
	get := plainGet(b, w)
	first := deltaURL(alice_, noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 180))
	b.ReportAllocs()
	for b.Loop() {
		link := get(first)
		for strings.Contains(link, "skiptoken") {
			link = get(link)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/event")
}

// BenchmarkCheck audits a mailbox of a thousand events at rest.
func BenchmarkCheck(b *testing.B) {
	w := New(Options{Seed: 1, Now: func() time.Time { return noon }})
	m := w.AddMailbox(alice_)
	for n := range 1000 {
		m.Create(at(1+n%170, 0))
	}
	for b.Loop() {
		if err := w.Check(AtRest{Enrolled: []string{alice_}}); err != nil {
			b.Fatal(err)
		}
	}
}

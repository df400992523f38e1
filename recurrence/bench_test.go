package recurrence

import (
	"testing"
	"time"
)

var old = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func benchmarked(b *testing.B) Series {
	return master(b, `"type":"weekly","interval":2,"daysOfWeek":["monday","wednesday","friday"]`, `"type":"noEnd","startDate":"2006-01-02"`)
}

func BenchmarkNewSeries(b *testing.B) {
	zone := mustZone(b, "W. Europe Standard Time")
	start := time.Date(2006, 1, 2, 9, 0, 0, 0, zone)
	r := Recurrence{Pattern{Type: "weekly", Interval: 2, DaysOfWeek: []string{"monday", "friday"}}, Range{Type: "noEnd", StartDate: "2006-01-02"}}
	for b.Loop() {
		if _, err := New(r, start, start, zone); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNextOfATwentyYearOldSeries(b *testing.B) {
	s := benchmarked(b)
	for b.Loop() {
		if _, ok := s.Next(old); !ok {
			b.Fatal("no next")
		}
	}
}

func BenchmarkRuleOfATwentyYearOldSeries(b *testing.B) {
	s := benchmarked(b)
	for b.Loop() {
		if _, err := s.Rule(old); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRuleForTheLastOfEveryMonth(b *testing.B) {
	s := master(b, `"type":"absoluteMonthly","interval":1,"dayOfMonth":31`, `"type":"noEnd","startDate":"2006-01-31"`)
	for b.Loop() {
		if _, err := s.Rule(old); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAYearOfOccurrences(b *testing.B) {
	s := benchmarked(b)
	for b.Loop() {
		n := 0
		for at := range s.From(old) {
			if n++; at.Year() > 2026 {
				break
			}
		}
	}
}

func BenchmarkAHostileSeries(b *testing.B) {
	for b.Loop() {
		s := master(b, `"type":"daily","interval":1`, `"type":"numbered","startDate":"1601-01-02","numberOfOccurrences":1000000000`)
		if _, ok := s.Next(old); !ok {
			b.Fatal("no next")
		}
	}
}

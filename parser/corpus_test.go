package parser

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// invite is a labelled text of the corpus; its README says what the fields mean.
type invite struct {
	ID, Group, Source, Lang, ContentType, Location, Body string
	Expect                                               answer
}

type answer struct {
	Provider, JoinURL, MeetingNumber, Passcode, SIP, Keyword, KeywordIn string
	JoinURLAlt, SIPAlt                                                  []string
}

func readInvites(t testing.TB, name string) (list []invite) {
	for line := range strings.Lines(readFile(t, name)) {
		var one invite
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		list = append(list, one)
	}
	return list
}

func readFile(t testing.TB, name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (i invite) text() Text {
	return Text{Location: i.Location, Body: i.Body, HTML: i.ContentType == "html"}
}

// score counts right, wrong and missed answers of one field, and the wrong ones
// where there was nothing to answer.
type score struct{ right, wrong, missed, nothing int }

func (s *score) count(got, want string, also []string) bool {
	right := got == want || slices.Contains(also, got) && got != "" || want == "" && got == ""
	switch {
	case right && got != "":
		s.right++
	case right && want != "" && !slices.Contains(also, ""):
		s.missed++
	case !right:
		if got != "" {
			s.wrong++
		}
		if want == "" {
			s.nothing++
		}
		if want != "" {
			s.missed++
		}
	}
	return right
}

func (s score) precision() float64 { return share(s.right, s.right+s.wrong) }
func (s score) recall() float64    { return share(s.right, s.right+s.missed) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

var scoredFields = []string{"provider", "joinUrl", "provider+url", "meetingNumber", "passcode", "sip", "keyword", "keywordIn"}

// tally is the scores of a set of texts, by field, and the false hits: texts
// without a meeting in which one was found.
type tally struct {
	fields    map[string]*score
	without   int
	falseHits []string
	faults    []string
}

func judge(list []invite) tally {
	all := tally{fields: map[string]*score{}}
	for _, f := range scoredFields {
		all.fields[f] = &score{}
	}
	for _, one := range list {
		got, want := Parse(one.text()), one.Expect
		check := func(field, got, want string, also ...string) {
			if !all.fields[field].count(got, want, also) {
				all.faults = append(all.faults, fmt.Sprintf("%s: %s is %q, want %q", one.ID, field, got, want))
			}
		}
		url := sameEscapes(got.JoinURL)
		var urls []string
		for _, u := range want.JoinURLAlt {
			urls = append(urls, sameEscapes(u))
		}
		check("provider", known(got.Provider, want.Provider), want.Provider)
		check("joinUrl", url, sameEscapes(want.JoinURL), urls...)
		if want.JoinURL != "" || got.JoinURL != "" {
			if slices.Contains(urls, url) {
				url = sameEscapes(want.JoinURL)
			}
			all.fields["provider+url"].count(known(got.Provider, want.Provider)+" "+url, want.Provider+" "+sameEscapes(want.JoinURL), nil)
		}
		check("meetingNumber", got.MeetingNumber, want.MeetingNumber)
		check("passcode", got.Passcode, want.Passcode)
		check("sip", got.SIP, want.SIP, want.SIPAlt...)
		check("keyword", got.Keyword, want.Keyword)
		check("keywordIn", got.KeywordIn, want.KeywordIn)
		if want.Provider == "" && want.JoinURL == "" && want.SIP == "" {
			all.without++
			if got.Provider+got.JoinURL+got.SIP+got.MeetingNumber+got.Passcode != "" {
				all.falseHits = append(all.falseHits, one.ID)
			}
		}
	}
	return all
}

// known forgives the name where the corpus says that it can only be guessed.
func known(got, want string) string {
	if want == "unknown" && got != "" {
		return want
	}
	return got
}

// sameEscapes writes percent escapes in lower case, as the corpus compares them.
func sameEscapes(url string) string {
	b := []byte(url)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(string(b[i:i+3])))
		}
	}
	return string(b)
}

func (all tally) report(t *testing.T, name string, precision, recall float64) {
	t.Helper()
	fmt.Printf("%s\n  %-14s %10s %8s   right wrong missed  false hits\n", name, "field", "precision", "recall")
	for _, f := range scoredFields {
		s := all.fields[f]
		fmt.Printf("  %-14s %9.1f%% %7.1f%%   %5d %5d %6d %11d\n", f, s.precision(), s.recall(), s.right, s.wrong, s.missed, s.nothing)
		if s.precision() < precision || s.recall() < recall {
			t.Errorf("%s: %s is below %.0f %% precision or %.0f %% recall", name, f, precision, recall)
		}
	}
	fmt.Printf("  %d of %d texts without a meeting gave one\n", len(all.falseHits), all.without)
	if len(all.falseHits) > 0 {
		t.Errorf("%s: false hits in %s", name, strings.Join(all.falseHits, ", "))
	}
	for _, fault := range all.faults {
		t.Log(fault)
	}
}

func TestCorpus(t *testing.T) {
	list := readInvites(t, "testdata/corpus/invites-dev.jsonl")
	if len(list) != 133 {
		t.Fatalf("%d texts", len(list))
	}
	judge(list).report(t, "dev corpus", 99, 97)
}

func TestCasesFromDocumentation(t *testing.T) {
	for _, name := range []string{"tune", "held", "real", "real2", "real3", "shapes", "layouts", "broken", "unseen", "mended"} {
		judge(readInvites(t, "testdata/cases/"+name+".jsonl")).report(t, name, 99, 97)
	}
}

func TestTheBlindCorporaAreHeld(t *testing.T) {
	for _, c := range []struct {
		name      string
		texts     int
		precision float64
	}{
		{"blind", 262, 99},
		{"found", 225, 99},
		{"third", 217, 99},
		{"fourth", 141, 98}, // read when the parser was done: nothing was changed for it
	} {
		list := readInvites(t, "testdata/"+c.name+".jsonl")
		if len(list) != c.texts {
			t.Fatalf("%s: %d texts", c.name, len(list))
		}
		judge(list).report(t, c.name, c.precision, 97)
	}
}

package parser

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

func everyCase(t testing.TB) (texts []Text) {
	for _, name := range []string{"corpus/invites-dev", "cases/tune", "cases/held", "cases/real3", "cases/layouts"} {
		for _, one := range readInvites(t, "testdata/"+name+".jsonl") {
			texts = append(texts, one.text())
		}
	}
	return texts
}

func TestATextReadBeforeLeavesNothingInTheNext(t *testing.T) {
	texts := everyCase(t)
	alone := make([]Result, len(texts))
	for i, text := range texts {
		p := Parser{rules: builtin().rules, words: builtin().words, codes: builtin().codes}
		alone[i] = p.Parse(text)
	}
	var readers sync.WaitGroup
	for step := 1; step <= 4; step++ {
		readers.Go(func() {
			for i := range texts {
				at := (i*(2*step+1) + step) % len(texts)
				if got := Parse(texts[at]); got != alone[at] {
					t.Errorf("%+v after other texts, %+v alone", got, alone[at])
				}
			}
		})
	}
	readers.Wait()
}

func TestRoomForManyFindingsIsNotKept(t *testing.T) {
	p := Parser{rules: builtin().rules, words: builtin().words, codes: builtin().codes}
	many := strings.Repeat("https://zoom.us/j/912345678?pwd=a https://meet.google.com/abc-defg-hij ", 600)
	e := p.read(Text{Body: many, Location: "@webex " + real + " " + real}, nil)
	p.candidates(e)
	p.forget(e)
	if cap(e.body.found) != 0 || cap(e.list) != 0 || e.Body != "" || e.body.text != "" || e.body.keyword.found() {
		t.Errorf("kept room for %d findings, and %q", cap(e.body.found), e.body.text)
	}
	for _, f := range e.location.found[:cap(e.location.found)] {
		if f.url != "" || f.service != nil {
			t.Errorf("%q is kept", f.url)
		}
	}
}

func TestAShortTextCostsNoMemory(t *testing.T) {
	text := Text{Location: "Room 5", Body: "Join: https://zoom.us/j/91234567890?pwd=abc\nMeeting ID: 912 3456 7890\nPasscode: 123456\n"}
	Parse(text)
	runtime.GC()
	Parse(text)
	if n := testing.AllocsPerRun(200, func() { Parse(text) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

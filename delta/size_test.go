package delta

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"syncd/parser"
)

// asSent is how many bytes a body has in a request.
func asSent(t *testing.T, content string) int {
	t.Helper()
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil {
		t.Fatal(err)
	}
	return raw.Len() - len("\"\"\n")
}

func TestABodyIsMeasuredAsItIsSent(t *testing.T) {
	for _, content := range []string{
		"", "x", "<p>x & y</p>\r\n", `"\/`, "\b\f\n\r\t\v\x00\x1f\x7f", "é日\U0001f600", "\u2028\u2029\ufffd", "a\xff\xc3(\xe2\x80", "\xed\xa0\xbd",
	} {
		content = strings.Repeat(content, 7)
		size := asSent(t, content)
		if tooLarge(content, size) || size > 0 && !tooLarge(content, size-1) {
			t.Errorf("%q: not %d bytes", content, size)
		}
	}
}

func TestAMeetingIsNotMadeForABodyThatGrowsBeyondTheLimitOnItsWay(t *testing.T) {
	for line, want := range map[string]Reason{"<p>x</p>": Typed, "<p>x</p>\r\n": BodyTooLarge, `"\`: BodyTooLarge} {
		body := parser.Body{HTML: true, Content: strings.Repeat(line, 3_800_000/len(line))}
		s := Seen{Event: Event{Organizer: true, Body: body}, Keyword: "@webex:onetime", Asked: OneTime}
		if d := planUnknown(s); d.Reason != want {
			t.Errorf("%q: %s, want %s", line, d.Reason, want)
		}
	}
}

package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// parse runs `syncd parse` in no environment but the given one.
func parse(t *testing.T, environ []string, in string, args ...string) (code int, lines []string, errText string) {
	t.Helper()
	var out, errOut strings.Builder
	code = run(append([]string{"parse"}, args...), environ, strings.NewReader(in), &out, &errOut)
	return code, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), errOut.String()
}

const wrappedZoom = "https://eur03.safelinks.protection.outlook.com/?url=https%3A%2F%2Fzoom.us%2Fj%2F912345678&data=05"

func TestParseAnswersEachLineAndLeavesOutWhatIsAbsent(t *testing.T) {
	in := "\ufeff" + `{"id":"a","location":"Room 4; @WEBEX:Space","body":"<p>x</p>","contentType":"HTML"}` + "\r\n" +
		`{"id":7,"location":"","body":"<b>&#64;meet</b> https://zoom.us/j/912345678","contentType":"text"}` + "\n\n" +
		`{"id":"c","body":"<a href='` + wrappedZoom + `'>x</a>","contentType":"html"}` + "\n" +
		`{"body":null}`
	code, lines, errText := parse(t, nil, in)
	want := []string{
		`{"id":"a","keyword":"@webex:space"}`,
		`{"id":7,"provider":"zoom","joinUrl":"https://zoom.us/j/912345678","meetingNumber":"912345678"}`,
		`{"id":"c","provider":"zoom","joinUrl":"https://zoom.us/j/912345678","meetingNumber":"912345678"}`,
		`{"id":""}`,
	}
	if code != 0 || errText != "" || strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("exit code %d, %s\n%s\nwant\n%s", code, errText, strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseAllTellsCandidatesAndWhyOthersAreNone(t *testing.T) {
	body := wrappedZoom + " https://zoom.us/rec/play/x https://ada@zoom.us/j/912345678 https://acme.webex.com/acme/globalcallin.php?MTID=m1" +
		" https://protect-eu.mimecast.com/s/abc?domain=docs.example.com https://zoom.us:8443/j/912345678 https://example.com/a bob@gmail.com 4711@vc.example.com"
	in, _ := json.Marshal(map[string]string{"id": "x", "body": body, "location": "https://acme.webex.com/meet/ada"})
	code, lines, errText := parse(t, nil, string(in), "--all")
	if code != 0 || len(lines) != 1 {
		t.Fatalf("exit code %d, %d lines, %s", code, len(lines), errText)
	}
	var got parseOutput
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Provider != "webex" || len(got.Candidates) != 3 {
		t.Fatalf("%+v", got)
	}
	first, second, third := got.Candidates[0], got.Candidates[1], got.Candidates[2]
	if first.Rank != 2 || first.Where != "location" || !strings.HasPrefix(first.Rule, "webex /meet/{name} (services/main.txt:") {
		t.Errorf("first candidate %+v", first)
	}
	if second.Rank != 6 || second.JoinURL != "https://zoom.us/j/912345678" || strings.Join(second.Undone, " ") != "safelinks" {
		t.Errorf("second candidate %+v", second)
	}
	if third.SIP != "4711@vc.example.com" || third.Rule != "address of digits" {
		t.Errorf("third candidate %+v", third)
	}
	want := []struct{ url, why string }{
		{"https://zoom.us/rec/play/x", "zoom: no join line fits the path (services/main.txt:"},
		{"https://ada@zoom.us/j/912345678", "no web address"},
		{"https://acme.webex.com/acme/globalcallin.php?MTID=m1", "webex: deny /*/globalcallin.php (services/main.txt:"},
		{"https://protect-eu.mimecast.com/s/abc?domain=docs.example.com", "a link of mimecast that cannot be undone"},
		{"https://zoom.us:8443/j/912345678", "zoom: it has no servers at other ports"},
		{"https://example.com/a", "no rule is about this host or path"},
		{"bob@gmail.com", "an address of a host that has mailboxes only"},
	}
	if len(got.Denied) != len(want) {
		t.Fatalf("denied %+v", got.Denied)
	}
	for i, w := range want {
		if d := got.Denied[i]; d.URL != w.url || !strings.HasPrefix(d.Why, w.why) || d.Where != "body" {
			t.Errorf("denied %+v, want %v", d, w)
		}
	}
}

func TestABrokenLineOfParseIsToldWithItsNumber(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"id":"b","body":5}`, "line 2 of standard input: want a JSON object {\"id\",\"location\",\"body\",\"contentType\"}: body is a number, not a string"},
		{`{"id":"b"`, "line 2 of standard input"}, {`["b"]`, "line 2 of standard input"}, {`null`, "line 2 of standard input"},
		{`{"id":"b"} {"id":"c"}`, "line 2 of standard input"}, {"\x00", "line 2 of standard input"},
	} {
		code, lines, errText := parse(t, nil, `{"id":"a"}`+"\n"+c.line+"\n"+`{"id":"c"}`)
		if code != exitUsage || !strings.Contains(errText, c.want) || strings.Count(errText, "\n") != 1 {
			t.Errorf("%q: exit code %d, %q", c.line, code, errText)
		}
		if len(lines) != 1 || lines[0] != `{"id":"a"}` {
			t.Errorf("%q: the line before is answered %q", c.line, lines)
		}
	}
}

func TestParseReadsLinesOfAnyLength(t *testing.T) {
	in, _ := json.Marshal(map[string]string{"id": "x", "body": strings.Repeat("Lorem ipsum. ", 1<<20) + "https://zoom.us/j/912345678"})
	code, lines, errText := parse(t, nil, string(in))
	if code != 0 || lines[0] != `{"id":"x","provider":"zoom","joinUrl":"https://zoom.us/j/912345678","meetingNumber":"912345678"}` {
		t.Errorf("exit code %d, %s %.200s", code, errText, lines[0])
	}
}

func TestParseUsesTheOperatorsOwnRules(t *testing.T) {
	file := t.TempDir() + "/rules.txt"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("service rooms\n  host rooms.acme.example\n  join /r/{number:4}\n  is https://rooms.acme.example/r/1234 1234\n  isnt https://rooms.acme.example/\n")
	const in = `{"id":"a","body":"https://rooms.acme.example/r/1234"}`
	if _, lines, _ := parse(t, nil, in); lines[0] != `{"id":"a"}` {
		t.Errorf("without rules: %s", lines[0])
	}
	code, lines, errText := parse(t, []string{"SYNCD_PARSER_RULES=" + file}, in, "--all")
	want := `{"id":"a","provider":"rooms","joinUrl":"https://rooms.acme.example/r/1234","meetingNumber":"1234","candidates":[{"rule":"rooms /r/{number:4} (` + file + `:3)",`
	if code != 0 || !strings.HasPrefix(lines[0], want) {
		t.Errorf("exit code %d, %s%s", code, errText, lines[0])
	}

	write("service rooms\n  host rooms.acme.example\n  joins /r/{number:4}\n")
	code, _, errText = parse(t, []string{"SYNCD_PARSER_RULES=" + file}, in)
	for _, want := range []string{"environment SYNCD_PARSER_RULES: parser_rules", file + `:3: service rooms: "joins" is no directive: want `, file + ":1: service rooms: host rooms.acme.example has no join line"} {
		if code != exitUsage || !strings.Contains(errText, want) {
			t.Errorf("exit code %d, not told: %s\n%s", code, want, errText)
		}
	}
	code, _, errText = parse(t, []string{"SYNCD_PARSER_RULES=" + file + ".none"}, in)
	if code != exitUsage || !strings.Contains(errText, "want a file of rules") {
		t.Errorf("exit code %d, %s", code, errText)
	}
}

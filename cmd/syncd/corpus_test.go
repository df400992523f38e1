package main

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"syncd/simulator"
)

func TestTheCorpusGoesThroughTheCommand(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../parser/testdata/corpus/invites-dev.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	type label struct {
		Provider, JoinURL, Keyword string
		JoinURLAlt                 []string // as right
	}
	type labelled struct {
		ID     string
		Expect label
	}
	want := map[string]label{}
	for line := range strings.Lines(string(raw)) {
		var l labelled
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		want[l.ID] = l.Expect
	}
	s := newSite(t, simulator.Options{})
	cmd := s.command("parse")
	cmd.Stdin = strings.NewReader(string(raw))
	got := s.finish(cmd, nil)
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	seen, webex, keywords := 0, 0, 0
	for scan := bufio.NewScanner(strings.NewReader(got.out)); scan.Scan(); seen++ {
		var l map[string]string
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			t.Fatalf("%v\n%s", err, scan.Bytes())
		}
		expect := want[l["id"]]
		if l["keyword"] != expect.Keyword {
			t.Errorf("%s: keyword %q, want %q", l["id"], l["keyword"], expect.Keyword)
		}
		if expect.Keyword != "" {
			keywords++
		}
		if expect.Provider == "webex" {
			webex++
			if l["provider"] != "webex" || l["joinUrl"] != expect.JoinURL && !slices.Contains(expect.JoinURLAlt, l["joinUrl"]) {
				t.Errorf("%s: %s %s, want webex %s", l["id"], l["provider"], l["joinUrl"], expect.JoinURL)
			}
		}
	}
	if seen != len(want) || seen == 0 || webex == 0 || keywords == 0 {
		t.Errorf("%d of %d texts, %d of Webex, %d with a keyword", seen, len(want), webex, keywords)
	}
}

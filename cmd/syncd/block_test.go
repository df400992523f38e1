package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"syncd/parser"
	"syncd/simulator"
)

func TestTheDefaultPartsAreThoseOfTheParser(t *testing.T) {
	c, _, err := loadConfig("", nil)
	if err != nil {
		t.Fatal(err)
	}
	have, want := c.Block, parser.DefaultParts()
	have.Header, have.Footer = want.Header, want.Footer
	if have.More != want.More || have.Password != want.Password || have.Mobile != want.Mobile || have.Phone != want.Phone ||
		have.Video != want.Video || have.VideoIP != want.VideoIP || have.Lync != want.Lync || have.Help != want.Help {
		t.Errorf("%+v, want %+v", have, want)
	}
}

func TestBadSettingsOfTheJoinDetailsAreAllReportedAtOnce(t *testing.T) {
	notes := t.TempDir() + "/notes.yaml"
	content := "de_DE: <script>x</script>\nxx_XX: y\nnl-NL: " + strings.Repeat("z", 1025) + "\ndefault: fine\n"
	if err := os.WriteFile(notes, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	list := t.TempDir() + "/list.yaml"
	if err := os.WriteFile(list, []byte("- a\n- b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := loadConfig("", []string{
		"SYNCD_BLOCK_PARTS=password,fax", "SYNCD_BLOCK_HEADER=@" + notes, "SYNCD_BLOCK_FOOTER=" + strings.Repeat("x", 2000),
		"SYNCD_BLOCK_CALL_IN=http://example.com", "SYNCD_BLOCK_RESTRICTIONS=javascript:alert(1)", "SYNCD_LANGUAGE=Dutch",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`SYNCD_BLOCK_PARTS: block_parts is "password,fax": unknown part fax; there are more, password`, "or none",
		"block_header for de_DE: ", "is not understood", "block_header for xx_XX: unknown locale; there are", "block_header for nl_NL: 1025 characters, 1024 at most",
		"block_footer: 2000 characters, 1024 at most", "block_call_in is \"http://example.com\": want a plain address that begins with https://",
		"block_restrictions is ", "SYNCD_LANGUAGE",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(err.Error(), strings.Repeat("x", 200)) {
		t.Error("the error repeats a long text")
	}
	if t.Failed() {
		t.Log(err)
	}
	for _, value := range []string{"@/nowhere", "@" + list} {
		if _, _, err := loadConfig("", []string{"SYNCD_BLOCK_HEADER=" + value}); err == nil || !strings.Contains(err.Error(), "block_header") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestJoinDetailsShowWhatTheOperatorSetAndChangeWhenHeAsks(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{Seed: 75})
	redis := s.realRedis()
	s.must(os.WriteFile(s.path("footer.yaml"), []byte("default: Ask the <b>help desk</b>.\nnl_NL: Vraag de <b>helpdesk</b>.\n"), 0o600))
	s.env["SYNCD_BLOCK_PARTS"], s.env["SYNCD_LANGUAGE"] = "none", "nl-NL"
	id := s.alice().Create(appointment(9, "@webex:onetime")).ID
	s.sweep()
	body := func() string {
		e, _ := s.alice().Event(id)
		return parser.Body{Content: e.Body, HTML: true}.Blocks()[0].Lines[0] + e.Body
	}
	if got := body(); strings.Contains(got, "wachtwoord") || strings.Contains(got, "sip:") || strings.Contains(got, "tel:") || !strings.Contains(got, "j.php?MTID") {
		t.Errorf("with no parts: %s", got)
	}
	s.env["SYNCD_BLOCK_PARTS"], s.env["SYNCD_BLOCK_FOOTER"] = "password,video", "@"+s.path("footer.yaml")
	if got := s.sweep(); got["patched"] != 0.0 {
		t.Errorf("a changed setting: %v", got)
	}
	if got := s.syncd("resync", "--all"); got.code != 0 {
		t.Errorf("%+v", got)
	}
	if got := s.sweep(); got["patched"] != 0.0 {
		t.Errorf("a resync after a changed setting: %v", got)
	}
	if got := s.syncd("resync", "--all", "--rewrite", "--plan"); got.code != 0 || !strings.Contains(got.out, "1 events would look different, which is at most 2 mails") {
		t.Errorf("%+v", got)
	}
	if got := s.sweep(); got["patched"] != 0.0 {
		t.Errorf("a plan: %v", got)
	}
	redis.CLI("SET", "syncd:webex:next_at", time.Now().Add(time.Hour).Format(time.RFC3339)) // Webex asked for that
	asked, listed := s.world.Count("GetMeeting", ""), s.world.Count("ListMeetings", "")
	if got := s.syncd("resync", "--all", "--rewrite"); got.code != exitFailed || !strings.Contains(got.err, "alice@example.com: 1 events could not be looked at") {
		t.Errorf("while Webex wants to be left alone: %+v", got)
	}
	if got := s.syncd("unenroll", "--withdraw", "--plan", "--anyway", "alice@example.com"); got.code != exitFailed {
		t.Errorf("while Webex wants to be left alone: %+v", got)
	}
	if n := s.world.Count("GetMeeting", "") - asked + s.world.Count("ListMeetings", "") - listed; n != 0 {
		t.Errorf("Webex was asked %d times", n)
	}
	redis.CLI("DEL", "syncd:webex:next_at")
	s.alice().Allow(1)
	if got := s.syncd("resync", "--rewrite", "alice@example.com"); got.code != 0 || !strings.Contains(got.out, "at most 2 mails") {
		t.Errorf("%+v", got)
	}
	if got := s.sweep(); got["patched"] != 1.0 {
		t.Errorf("rewritten: %v", got)
	}
	if got := body(); !strings.Contains(strings.ToLower(got), "wachtwoord") || !strings.Contains(got, "sip:") || strings.Contains(got, "tel:") || !strings.Contains(got, "helpdesk") {
		t.Errorf("rewritten: %s", got)
	}
	s.world.Audit(t, s.rest)
	if got := s.syncd("resync", "--all", "--plan"); got.code != 2 {
		t.Errorf("--plan alone: %+v", got)
	}
}

package parser

import "testing"

func TestARowIsReadByTheHeadOfItsTable(t *testing.T) {
	const link = "https://zoom.us/j/91100000001"
	for _, c := range []struct{ name, body, passcode string }{
		{"bars", "| Day | Zoom | Passcode |\n|---|---|---|\n| Mon | " + link + " | 445566 |", "445566"},
		{"bars without a frame", "Day | Zoom | Passcode\nMon | " + link + " | 445566", "445566"},
		{"tabs", "Day\tZoom\tPasscode\nMon\t" + link + "\t445566", "445566"},
		{"a row further down", "Day|Zoom|Password\nMon|none|111111\nTue|" + link + "|222222", "222222"},
		{"a row that lacks a cell", "Day|Room|Zoom|Passcode\nMon|" + link + "|445566", ""},
		{"another's column", "Host key|Zoom|Room\n445566|" + link + "|7788", ""},
		{"no table", "Day, Zoom, Passcode\nMon | " + link + " | 445566", ""},
		{"no passcode in the cell", "Zoom|Passcode\n" + link + "|none", ""},
	} {
		if r := Parse(Text{Body: c.body}); r.JoinURL != link || r.Passcode != c.passcode {
			t.Errorf("%s: %q and %q, want %q", c.name, r.JoinURL, r.Passcode, c.passcode)
		}
	}
}

func TestALinkShownAsAnotherIsOneMeetingOnlyOfOneService(t *testing.T) {
	const webex, meet = "https://acme.webex.com/webappng/sites/acme/meeting/info/0a1b2c3d", "https://meet.google.com/abc-defg-hij"
	for shown, want := range map[string]int{"https://acme.webex.com/acme/j.php?MTID=m1": 1, meet: 2, "join": 1} {
		body := `<p>Go to <a href="` + webex + `">` + shown + `</a></p><p>Meeting number: 2514 789 3320</p>`
		if list := Candidates(Text{HTML: true, Body: body}); len(list) != want || list[0].URL != webex {
			t.Errorf("shown as %s: %d candidates, want %d", shown, len(list), want)
		}
	}
}

func TestAWordThatIsAllOfALabelNamesThePasscode(t *testing.T) {
	const zoom, room = "https://zoom.us/j/91100000001", "https://meet.jit.si/Standup"
	for _, c := range []struct{ body, passcode string }{
		{zoom + "\nCode: Qz81kd", "Qz81kd"},
		{zoom + "\n- **Code** : Qz81kd", "Qz81kd"},
		{zoom + "\nコード：481516", "481516"},
		{zoom + "\nDress code: casual1", ""},
		{zoom + "\nCode Qz81kd of the door", ""},
		{zoom + "\nCodes: Qz81kd", ""},
		{room + "\nCode: Qz81kd", ""},
	} {
		if r := Parse(Text{Body: c.body}); r.Passcode != c.passcode {
			t.Errorf("%q: %q, want %q", c.body, r.Passcode, c.passcode)
		}
	}
}

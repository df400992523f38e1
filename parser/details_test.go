package parser

import "testing"

func TestLabelsTellWhatANumberIs(t *testing.T) {
	const link = "https://acme.webex.com/acme/j.php?MTID=m1\n"
	for _, c := range []struct{ text, number string }{
		{"Meeting number: 123 456 789", "123456789"},
		{"Meeting number (access code): 2541 422 4390", "25414224390"},
		{"Meeting number: 123-456-789", "123456789"},
		{"Meeting number: *123 456 789*", "123456789"},
		{"**Meeting number:** 123 456 789", "123456789"},
		{"Meeting number\n123 456 789", "123456789"},
		{"Meeting number:\t123 456 789", "123456789"},
		{"Meeting number 123 456 789 | Password abc1", "123456789"},
		{"Hotel meeting number: 123 456 789", "123456789"},
		{"会议号（访问码）： 182 325 056", "182325056"},
		{"Unbekanntes Etikett: 2541 422 4390", "25414224390"},
		{"Meeting number for video systems: 999 888 777\nMeeting number: 123 456 789", "123456789"},
		{"Meeting number: 012 345 678", "012345678"},
		{"Meeting number: +1 555 010 0100", ""},
		{"Meeting number: 12-34", ""},
		{"Unknown label 2541 422 4390", ""},
		{"Telefon: 089 123 456 789", ""},
		{"Meeting password: 123456789", ""},
		{"Order number: 123 456 789", ""},
	} {
		if got := Parse(Text{Body: link + c.text}); got.MeetingNumber != c.number {
			t.Errorf("%q: number %q, want %q", c.text, got.MeetingNumber, c.number)
		}
	}
	for _, c := range []struct{ text, number string }{
		{"Meeting ID: 291 633 251", "291633251"},
		{"Meeting ID: 291 633 251#", ""},
		{"Video ID: 119 856 328 6", ""},
		{"VTC Conference ID: 017920684", ""},
		{"Conference ID: 291 633 251", ""},
	} {
		if got := Parse(Text{Body: teamsLink + "\n" + c.text}); got.MeetingNumber != c.number {
			t.Errorf("Teams, %q: number %q, want %q", c.text, got.MeetingNumber, c.number)
		}
	}
}

func TestOnlyWhatAPersonTypesIsAPasscode(t *testing.T) {
	for _, c := range []struct{ text, passcode string }{
		{"Passcode: 123456", "123456"},
		{"Passcode:123456", "123456"},
		{"Passcode\n123456", "123456"},
		{"Passcode 123456", "123456"},
		{"passcode = kiwi42", "kiwi42"},
		{"(password: openbmc)", "openbmc"},
		{"The password is kiwi42.", "kiwi42"},
		{"Das Passwort lautet Kiwi42", "Kiwi42"},
		{"Meeting password: aBcD3fGh12 (22233344 when dialing from a phone)", "aBcD3fGh12"},
		{"*Passcode:* `Mx4!t`", "Mx4!t"},
		{"Passcode: 8h#Kd2", "8h#Kd2"},
		{"Passcode: UNMSM", "UNMSM"},
		{"密码：uZKAn9", "uZKAn9"},
		{"PW: 12ab", "12ab"},
		{"Meeting ID: 912 3456 7890 Passcode: 123456 One tap mobile", "123456"},
		{"Passcode: none", ""},
		{"Passcode: not required", ""},
		{"Password: will be sent", ""},
		{"Enter the password\nThanks", ""},
		{"Password:\n\nThanks\n", ""},
		{"Password:\nopenbmc\n", "openbmc"},
		{"Passcode: 91234567890", ""},
		{"Passcode: 912 3456 7890", ""},
		{"Passcode: +15550100", ""},
		{"Passcode: https://example.com/x1", ""},
		{"Passcode: a@example.com", ""},
		{"Password: 10:30", ""},
		{"PIN: 1234", ""},
		{"Phone passcode: 123456", ""},
		{"Passcode for phone: 123456", ""},
		{"Host password: abc123", ""},
		{"H.323/SIP Password: 123456", ""},
		{"Numeric password: 123456", ""},
		{"Wi-Fi password: Guest-2026", ""},
		{"Passwort für Telefon- und Videosysteme: 98476838", ""},
		{"Meeting password for video system\n68467372", ""},
		{"Passcode: 1234#", ""},
		{"https://example.com/?password=abc123", ""},
		{"password protected", ""},
	} {
		if got := Parse(Text{Body: zoomLink + "\n" + c.text}); got.Passcode != c.passcode {
			t.Errorf("%q: passcode %q, want %q", c.text, got.Passcode, c.passcode)
		}
	}
}

func TestANumberAloneMustBeOneOfItsService(t *testing.T) {
	for _, c := range []struct{ text, provider string }{
		{"Zoom Meeting ID: 912 3456 7890", "zoom"},
		{"Zoom Meeting ID: 912345678901234", ""},
		{"Zoom Meeting ID: 12345", ""},
		{"Meeting ID: 912 3456 7890", ""},
		{"#腾讯会议：351-322-626", "tencent"},
		{"Webex meeting\nMeeting number: 123 456 789", "webex"},
	} {
		if got := Parse(Text{Body: c.text}); got.Provider != c.provider {
			t.Errorf("%q: %+v", c.text, got)
		}
	}
}

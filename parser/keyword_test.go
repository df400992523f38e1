package parser

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAKeywordIsAWordOfItsOwnInTheLocation(t *testing.T) {
	for _, c := range []struct{ location, want string }{
		{"@webex", "@webex"},
		{"@meet", "@meet"},
		{"@spark", "@spark"},
		{"@Webex", "@webex"},
		{"@WEBEX:Space,", "@webex:space"},
		{"(@webex)", "@webex"},
		{"Room 4; @Webex", "@webex"},
		{"Room 4;@webex", "@webex"},
		{"Room 4,@meet:myroom,Room 5", "@meet:myroom"},
		{"\"@webex:onetime\"", "@webex:onetime"},
		{"'@webex'", "@webex"},
		{"<@webex>", "@webex"},
		{"[@meet:OneTime]", "@meet:onetime"},
		{"@webex.", "@webex"},
		{"Join @webex... bring coffee", "@webex"},
		{"@webex!", "@webex"},
		{"@webex?", "@webex"},
		{"@webex - Room 4", "@webex"},
		{"@webex-", "@webex"},
		{"@webex –Room 4", "@webex"},
		{"@webex—Room 4", "@webex"},
		{"Room 4/@webex", "@webex"},
		{"@webex / Room 4", "@webex"},
		{"@webex|Room 4", "@webex"},
		{"@meet/@webex", "@meet"},
		{"Room 4\t@webex\r\nRoom 5", "@webex"},
		{"@meet @webex:myroom", "@meet"},
		{"alex@webex.com @webex:myroom", "@webex:myroom"},
		{"@webexfoo @meet", "@meet"},
		{"📞@webex📞", "@webex"},
		{"https://zoom.us/j/123456789;@webex", "@webex"},
		// modifiers
		{"@webex:foo", "@webex"},
		{"@webex:", "@webex"},
		{"@webex: space", "@webex"},
		{"@webex:spaces", "@webex"},
		{"@webex:space2", "@webex"},
		{"@webex:space-x", "@webex"},
		{"@webex:space_x", "@webex"},
		{"@webex:space.com", "@webex"},
		{"@webex:onetimemeeting", "@webex"},
		{"@webex:space:x", "@webex:space"},
		{"@webex:myroom.", "@webex:myroom"},
		{"@meet:space)", "@meet:space"},
		{"@spark:space", "@spark"},
		{"@webex:8080", "@webex"},
		// other scripts, other blanks
		{"会議室A\u3000@webex", "@webex"},
		{"会議室@webex", "@webex"},
		{"@webex会議室", "@webex"},
		{"ห้องประชุม@meet", "@meet"},
		{"Room 4\u00a0@webex\u00a0", "@webex"},
		{"Room 4\u202f@webex", "@webex"},
		{"\ufeff@webex", "@webex"},
		{"\u200b@webex\u200b:\u200bspace\u200b", "@webex:space"},
		{"@we\u00adbex", "@webex"},
		{"\u202a@webex\u202c", "@webex"},
		{"＠webex", "@webex"},
		{"＠ＷＥＢＥＸ：ｓｐａｃｅ", "@webex:space"},
		{"﹫meet", "@meet"},
		// false friends
		{"", ""},
		{"@", ""},
		{"webex", ""},
		{"@web ex", ""},
		{"user@webex.com", ""},
		{"@webex.com", ""},
		{"@webex.Com", ""},
		{"user@webex", ""},
		{"a.b-@webex", ""},
		{"a+@webex", ""},
		{"user_@webex", ""},
		{"user\u200b@webex", ""},
		{"team@meet.example.com", ""},
		{"@meet.google.com/abc-defg-hij", ""},
		{"@@webex", ""},
		{"@webex@example.com", ""},
		{"@webex@meet", ""},
		{"@webexfoo", ""},
		{"@webex2", ""},
		{"@webex_team", ""},
		{"@webex-team", ""},
		{"@webex/common", ""},
		{"@webex's room", ""},
		{"@meeting", ""},
		{"@meetup", ""},
		{"@meets", ""},
		{"@sparkle", ""},
		{"é@webex", ""},
		{"я@webex", ""},
		{"@webexé", ""},
		{"@webexe\u0301", ""},
		{"@webex\u0301", ""},
		{"@webexя", ""},
		{"@wеbex", ""},      // Cyrillic е
		{"@spar\u212a", ""}, // Kelvin sign
		{"https://medium.com/@webex", ""},
		{"https://example.com/?to=@webex", ""},
		{"medium.com/@webex", ""},
		{"@webex\x00", "@webex"},
		{"\xff@webex\xfe", "@webex"},
	} {
		got, found := FindKeyword(c.location)
		if got.String() != c.want || found != (c.want != "") {
			t.Errorf("FindKeyword(%q) = %q, %v; want %q", c.location, got, found, c.want)
		}
	}
}

func TestAKeywordKnowsWhereItStands(t *testing.T) {
	for _, c := range []struct {
		location string
		offset   int
	}{{"@webex", 0}, {"a@webex.com; @meet:space", 13}, {"会議室 ＠webex", 10}} {
		k, _ := FindKeyword(c.location)
		if k.Offset != c.offset {
			t.Errorf("FindKeyword(%q).Offset = %d, want %d", c.location, k.Offset, c.offset)
		}
	}
}

func FuzzFindKeyword(f *testing.F) {
	for _, s := range []string{"@webex", "Room 4; @WEBEX:Space,", "＠ｍｅｅｔ：ｍｙｒｏｏｍ", "a@webex.com", "@spark\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		k, found := FindKeyword(location)
		if !found {
			if k != (Keyword{}) {
				t.Fatalf("nothing found, yet %+v", k)
			}
			return
		}
		if r, _ := utf8.DecodeRuneInString(location[k.Offset:]); !strings.ContainsRune("@＠﹫", r) {
			t.Fatalf("no at sign at %d of %q", k.Offset, location)
		}
		if again, ok := FindKeyword(k.String()); !ok || again.String() != k.String() {
			t.Fatalf("%q found in %q is not found by itself", k, location)
		}
	})
}

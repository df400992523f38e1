package simulator

import (
	"fmt"
	"strings"
	"testing"
)

func TestKeywordsAreWordsOfTheirOwn(t *testing.T) {
	for location, want := range map[string]string{
		"@webex": "webex:", "(@webex)": "webex:", "Room 4; @Webex": "webex:", "@WEBEX:Space,": "webex:space", "@meet:onetime": "meet:onetime",
		"@spark": "spark:", "@webex:nonsense": "webex:", "@webex.": "webex:", "a @meet b @webex": "meet:", "@webex:": "webex:", "x @webex:myroom!": "webex:myroom",
		"user@webex.com": "", "@webex.com": "", "@webexer": "", "webex": "", "": "", "user@meet": "", "@meeting": "", "@webex@x": "", "＠webex": "",
	} {
		name, modifier, ok := keyword(location)
		if got := name + ":" + modifier; ok != (want != "") || ok && got != want {
			t.Errorf("%q: %v %q, want %q", location, ok, got, want)
		}
	}
}

func TestWordsAreToldApartAfterEveryKindOfEdit(t *testing.T) {
	words := func(s string) (all []word) { // "a b [c d] {e}": block in brackets, nobody's in braces
		o := typed
		for _, w := range strings.Fields(s) {
			switch {
			case strings.HasPrefix(w, "["):
				o = block
			case strings.HasPrefix(w, "{"):
				o = grey
			}
			all = append(all, word{strings.Trim(w, "[]{}"), o})
			if strings.HasSuffix(w, "]") || strings.HasSuffix(w, "}") {
				o = typed
			}
		}
		return all
	}
	for _, test := range []struct{ before, now, want string }{
		{"a b [x y z] c", "a b x y z c d", "a b [x y z] c d"},
		{"a b [x y z] c", "n a b x y z c", "n a b [x y z] c"},
		{"a b [x y z] c", "a b c", "a b c"},
		{"a b [x y z] c", "a b x q z c", "a b {x q z} c"},
		{"a b [x y z] c", "c x y z a b", "c [x y z] a b"},
		{"a b [x y z w v] c", "a x y z b c", "a {x y z} b c"},
		{"a {g h} b", "a g h b c", "a {g h} b c"},
	} {
		if got := classify(words(test.before), strings.Fields(test.now)); fmt.Sprint(got) != fmt.Sprint(words(test.want)) {
			t.Errorf("edit of %q to %q: %v", test.before, test.now, got)
		}
	}
	for _, test := range []struct{ before, now, want string }{
		{"a b", "a x y b", "a [x y] b"},
		{"a [x y] b", "a z b", "a [z] b"},
		{"a [x y] b", "a b", "a b"},
		{"a {g h} b", "a x b", "a [x] b"},
		{"a {g h} b", "a g h x b", "a {g h} [x] b"},
		{"a {g h} b", "a g x b", "a [g x] b"},
		{"a b", "a x b y", ""},
		{"a b", "a", ""},
		{"a b", "b a", ""},
		{"a {g} b", "a h", ""},
	} {
		got, ok := reclassify(words(test.before), strings.Fields(test.now))
		if ok != (test.want != "") || ok && fmt.Sprint(got) != fmt.Sprint(words(test.want)) {
			t.Errorf("write of %q to %q: %v %v", test.before, test.now, ok, got)
		}
	}
}

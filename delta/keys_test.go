package delta_test

import (
	"regexp"
	"strings"
	"testing"

	"syncd/delta"
	"syncd/parser"
)

func newKeys(t testing.TB, master, tenant string) delta.Keys {
	t.Helper()
	k, err := delta.NewKeys([]byte(master), tenant)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const master = "a master key of thirty-two bytes"

func TestTagsAreBoundToKeyTenantMailboxAndEvent(t *testing.T) {
	k := newKeys(t, master, "tenant")
	tag := k.Tag("mailbox", "event")
	for what, other := range map[string]string{
		"master key": newKeys(t, "another master key of 32 bytes!!", "tenant").Tag("mailbox", "event"),
		"tenant":     newKeys(t, master, "another").Tag("mailbox", "event"),
		"mailbox":    k.Tag("another", "event"),
		"event":      k.Tag("mailbox", "another"),
		"boundary":   k.Tag("mailboxe", "vent"),
		"kind":       "sd1-" + strings.TrimPrefix(k.MailboxTag("mailbox"), "sdm-"),
	} {
		if other == tag {
			t.Errorf("the same tag for another %s", what)
		}
	}
	if again := newKeys(t, master, "tenant").Tag("mailbox", "event"); again != tag {
		t.Error("another process makes another tag")
	}
	// Tags are at Webex, references in bodies: they must stay what they are from version to version.
	if want := "sd1-SRNAVN2XSMCXGNWJYN9HJHQMMC"; tag != want {
		t.Errorf("tag %s, want %s", tag, want)
	}
	if !regexp.MustCompile(`^sd1-[0-9A-HJKMNP-TV-Z]{26}$`).MatchString(tag) || len(tag) > 64 {
		t.Errorf("tag %s", tag)
	}
	if ref := k.Ref("mailbox", "event"); ref != tag[4:14] {
		t.Errorf("reference %s of tag %s", ref, tag)
	}
}

func TestAMasterKeyThatIsTooShortIsRefused(t *testing.T) {
	if _, err := delta.NewKeys([]byte(master)[:31], "tenant"); err == nil {
		t.Error("31 bytes are taken")
	}
}

func TestAMeetingsTagsSayWhoseItIsAndWhatItWasTold(t *testing.T) {
	k := newKeys(t, master, "tenant")
	tags := k.Tags("mailbox", "event", "then")
	if len(tags) != 3 || tags[0] != k.Tag("mailbox", "event") || tags[1] != k.MailboxTag("mailbox") {
		t.Errorf("tags %v", tags)
	}
	if tag, ok := delta.EventTag([]string{"somebody's", tags[2], tags[1], tags[0]}); !ok || tag != tags[0] {
		t.Errorf("event tag %q, %v", tag, ok)
	}
	if tag, ok := delta.EventTag([]string{"somebody's", tags[1]}); ok {
		t.Errorf("event tag %q of a meeting that has none", tag)
	}
	for _, test := range []struct {
		tags        []string
		when        string
		same, known bool
	}{{tags, "then", true, true}, {tags, "now", false, true}, {tags[:2], "then", false, false}, {nil, "", false, false}} {
		if same, known := delta.ToldTimes(test.tags, test.when); same != test.same || known != test.known {
			t.Errorf("%v told %s: %v, %v", test.tags, test.when, same, known)
		}
	}
}

func TestAMarkIsReadByItsOwnEventAlone(t *testing.T) {
	k := newKeys(t, master, "tenant")
	marks := []delta.Mark{
		{Keyword: "@webex:onetime", Kind: delta.OneTime, Meeting: "870f51ff287b41be84648412901e0402", Block: "AAAAbbbb", Restored: 1, Remade: 2},
		{Keyword: "@webex", Kind: delta.MyRoom},
		{}, // of a meeting that was withdrawn
	}
	for _, m := range marks {
		value := k.Mark("mailbox", "event", m)
		m.Valid = true
		if got := k.ReadMark("mailbox", "event", value); got != m {
			t.Errorf("read %+v, want %+v", got, m)
		}
		for what, got := range map[string]delta.Mark{
			"another event's":        k.ReadMark("mailbox", "copy", value),
			"another mailbox's":      k.ReadMark("another", "event", value),
			"another tenant's":       newKeys(t, master, "another").ReadMark("mailbox", "event", value),
			"another installation's": newKeys(t, strings.ToUpper(master), "tenant").ReadMark("mailbox", "event", value),
			"one without its end":    k.ReadMark("mailbox", "event", value[:len(value)-1]),
			"one without its MAC":    k.ReadMark("mailbox", "event", value[:strings.LastIndexByte(value, ' ')]),
			"one with more after it": k.ReadMark("mailbox", "event", value+" x"),
			"one with a blank":       k.ReadMark("mailbox", "event", " "+value),
			"none":                   k.ReadMark("mailbox", "event", ""),
			"a later version's":      k.ReadMark("mailbox", "event", "2"+value[1:]),
		} {
			if got != (delta.Mark{}) {
				t.Errorf("%s: %+v", what, got)
			}
		}
	}
}

func TestAForgedMarkIsNobodysWhateverByteWasChanged(t *testing.T) {
	k := newKeys(t, master, "tenant")
	value := []byte(k.Mark("mailbox", "event", delta.Mark{Keyword: "@webex", Kind: delta.OneTime, Meeting: "meeting", Block: "AAAA"}))
	for i := range value {
		for _, to := range []byte{value[i] ^ 1, ' ', '0'} {
			forged := append([]byte(nil), value...)
			forged[i] = to
			if got := k.ReadMark("mailbox", "event", string(forged)); got.Valid && to != value[i] {
				t.Errorf("byte %d as %q: %+v", i, to, got)
			}
		}
	}
}

func FuzzReadMark(f *testing.F) {
	k := newKeys(f, master, "tenant")
	good := k.Mark("mailbox", "event", delta.Mark{Keyword: "@webex", Kind: delta.OneTime, Meeting: "meeting"})
	f.Add(good)
	f.Add("1 @webex onetime meeting 0 0  x")
	f.Fuzz(func(t *testing.T, value string) {
		if m := k.ReadMark("mailbox", "event", value); m.Valid && value != good {
			t.Fatalf("%q is taken for ours: %+v", value, m)
		}
	})
}

func TestALineOfABlockIsOursIfItWasWrittenOrInAnotherBlockLooksLikeIt(t *testing.T) {
	k := newKeys(t, master, "tenant")
	const link, number, typed = "https://example.webex.com/m", "Meeting number (access code): 2541 422 4390", "Bring cake"
	digest := k.DigestLines([]string{"More", link, "Number: 123", "Help"})
	p := parser.DefaultParts()
	for what, c := range map[string]struct {
		block parser.Block
		line  string
		want  bool
	}{
		"written":                         {parser.Block{Lines: []string{link}}, "Number: 123", true},
		"typed":                           {parser.Block{Lines: []string{link}}, typed, false},
		"in other letters":                {parser.Block{Lines: []string{link}}, "number: 123", false},
		"typed, like a label":             {parser.Block{Lines: []string{link}}, number, false},
		"of an older block":               {parser.Block{Lines: []string{link + "2"}}, number, true},
		"typed into an older one":         {parser.Block{Lines: []string{link + "2"}}, typed, false},
		"written, in what is left of one": {parser.Block{}, "Number: 123", true},
		"typed, its link was altered":     {parser.Block{Lines: []string{"Join here", "Number: 123", "More", "Help"}}, number, false},
		"of an older one without a link":  {parser.Block{Lines: []string{"Number: 124", "More", "Help"}}, number, true},
	} {
		if k.Wrote(c.block, digest, p)(c.line) != c.want {
			t.Errorf("%s: %v", what, !c.want)
		}
	}
	if strings.Contains(string(digest), "123") || len(digest) != 16 {
		t.Errorf("digest %s", digest)
	}
}

func TestARecordIsKeptAndReadBack(t *testing.T) {
	whole := delta.Record{
		State: delta.Following, Keyword: "@webex", Asked: delta.MyRoom, Kind: delta.OneTime, Meeting: "m", Tag: "t", Old: "o", Fingerprint: "1.f", Times: "w",
		Block: "b", Restored: 1, Remade: 2, Modified: noon, End: noon.Add(60e9), Master: true, Series: "s", Original: noon.Add(120e9), Shares: "room",
		Gone: "20260302T120000Z", Told: "told", Company: "c", Partial: true, Patched: noon.Add(180e9),
		Space:  delta.SpaceRecord{ID: "space", Title: "t", Posted: "m", Marked: "n", Added: "12345678", Adding: true, Joining: "12345678", Lacks: delta.Edited},
		Reason: delta.Edited, Tries: 3,
	}
	for _, r := range []delta.Record{whole, {State: delta.Intent}, linked(nil)} {
		if got, err := delta.DecodeRecord(r.Encode()); err != nil || got != r {
			t.Errorf("%v\n got %+v\nwant %+v", err, got, r)
		}
	}
	if !everyField(whole) || !everyField(whole.Space) {
		t.Error("a field of the record is not set here, and so not looked at")
	}
}

func TestRecordsOfOtherVersionsAreNotMistaken(t *testing.T) {
	for _, raw := range []string{
		`{"v":0,"state":"linked"}`, `{"v":1}`, `{"state":"linked"}`, `{"v":1,"state":"linked","restored":"x"}`, `{"v":1,"state":"linked"`, ``, `null`, `[]`,
	} {
		if got, err := delta.DecodeRecord(raw); err == nil || got != (delta.Record{}) {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
	for _, newer := range []string{`{"v":2,"state":"linked"}`, `{"v":99,"state":{"name":"linked"}}`, `{"v":2}`} {
		got, err := delta.DecodeRecord(newer)
		if err != nil || got.State != delta.Newer || got.Encode() != newer {
			t.Errorf("%s became %s: %v", newer, got.Encode(), err)
		}
		got.Tries, got.State = 3, delta.Intent
		if got.Encode() != newer {
			t.Errorf("%s was changed to %s", newer, got.Encode())
		}
	}
	got, err := delta.DecodeRecord(`{"v":1,"state":"linked","meeting":"m","colour":"blue"}`)
	if err != nil || got.Meeting != "m" {
		t.Errorf("a member that this version does not know: %+v, %v", got, err)
	}
}

package delta_test

import (
	"strings"
	"testing"

	"syncd/delta"
)

func TestAnEventThatIsNotRememberedIsAskedItselfBeforeAnythingIsMade(t *testing.T) {
	none := delta.Record{}
	mark := delta.Mark{Valid: true, Keyword: "@webex:onetime", Kind: delta.OneTime, Meeting: "meeting", Block: "lines", Restored: 1}
	read := func(change func(*delta.Seen)) func(*delta.Seen) {
		return func(s *delta.Seen) {
			s.MarkRead, s.Mark = true, mark
			if change != nil {
				change(s)
			}
		}
	}
	asRemembered := func(d delta.Decision) bool {
		h := d.Have
		return h.Meeting == "meeting" && h.Block == "lines" && h.Restored == 1 && h.Fingerprint == "1.print" && h.Times == "when" && h.Asked == delta.OneTime
	}
	decide(t, []ruling{
		{"the store is new", asking(func(s *delta.Seen) { s.Fresh = true }), none, delta.Read, delta.Unread, "", false, nil},
		{"a block is there", shown(nil), none, delta.Read, delta.Unread, "", false, nil},
		{"by its mark", shown(read(nil)), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, asRemembered},
		{"by its block alone", shown(func(s *delta.Seen) { s.MarkRead = true }), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, func(d delta.Decision) bool { return d.Have.Meeting == "" }},
		{"a mark of another event's", asking(read(func(s *delta.Seen) { s.Mark = delta.Mark{} })), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"a mark that was forged", asking(read(func(s *delta.Seen) { s.Mark.Valid = false })), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"a mark of a meeting that was withdrawn", asking(read(func(s *delta.Seen) { s.Mark = delta.Mark{Valid: true} })), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"a mark of a meeting that its host deleted twice", asking(read(func(s *delta.Seen) { s.Mark = delta.Mark{Valid: true, Keyword: "@webex:onetime", Remade: 2} })), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, func(d delta.Decision) bool { return d.Have.State == delta.Dead }},
		{"such a mark, and another keyword since", asking(read(func(s *delta.Seen) { s.Mark = delta.Mark{Valid: true, Keyword: "@webex", Remade: 2} })), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"a body that Graph would not take back", asking(func(s *delta.Seen) { s.Body.Content = strings.Repeat("x", 3_900_001) }), none, delta.Nothing, delta.BodyTooLarge, "", false, nil},
		{"one that it takes", asking(func(s *delta.Seen) { s.Body.Content = strings.Repeat("x", 3_900_000) }), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"typed anew since", shown(read(func(s *delta.Seen) { s.Keyword, s.Asked = "@webex:myroom", delta.MyRoom })), none, delta.Replace, delta.KeywordChanged, delta.MyRoom, true, nil},
		{"the block was taken out since, twice", asking(read(nil)), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, func(d delta.Decision) bool { return d.Have.State == delta.Silent }},
		{"the operator means something else now", shown(read(func(s *delta.Seen) { s.Asked = delta.MyRoom })), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, nil},
		{"keyword gone, not read yet", shown(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }), none, delta.Read, delta.Unread, "", false, nil},
		{"keyword gone", shown(read(func(s *delta.Seen) { s.Keyword, s.Asked = "", "" })), none, delta.Withdraw, delta.KeywordRemoved, delta.OneTime, true, func(d delta.Decision) bool { return d.Have.Meeting == "meeting" }},
	})
}

func TestAVanishedEventTakesItsMeetingWithIt(t *testing.T) {
	if d := delta.PlanVanished(linked(nil)); d.Action != delta.Withdraw || d.Reason != delta.EventDeleted || d.Have.Meeting != "meeting" {
		t.Errorf("%+v", d)
	}
	if d := delta.PlanVanished(delta.Record{}); d.Action != delta.Nothing || d.Reason != delta.EventDeleted {
		t.Errorf("one that nobody knew: %+v", d)
	}
}

func TestAnExceptionSharesWhatItsSeriesHasAsLongAsItAsksForTheSame(t *testing.T) {
	series := linked(func(r *delta.Record) { r.Meeting, r.Master = "series", true })
	state := func(s delta.RecordState) *delta.Record { r := series; r.State = s; return &r }
	of := func(master *delta.Record, change func(*delta.Seen)) delta.Seen {
		return asking(func(s *delta.Seen) {
			s.Type, s.SeriesID, s.Series, s.Ref, s.SeriesRef, s.Shared = delta.Exception, "series", master, "own", "shared", blocks
			if change != nil {
				change(s)
			}
		})
	}
	following := linked(func(r *delta.Record) { r.State, r.Meeting, r.Shares = delta.Following, "", "series" })
	apart := linked(func(r *delta.Record) { r.State, r.Meeting = delta.Apart, "" })
	refused := linked(func(r *delta.Record) { r.State, r.Meeting, r.Shares, r.Restored = delta.Following, "", "series", 1 })
	roomy := series
	roomy.Kind, roomy.Meeting = delta.MyRoom, ""
	long := func(s *delta.Seen) { s.Limit = delta.AllDay }
	none, quiet := delta.Record{}, func(s *delta.Seen) { s.Keyword, s.Asked = "", "" }
	bare := func(s *delta.Seen) { s.Shared = nil }
	edited := func(s *delta.Seen) { s.Print = "1.another" }
	decide(t, []ruling{
		{"new, and somebody took the block out", of(&series, bare), none, delta.Follow, delta.BlockRemoved, delta.OneTime, true, nil},
		{"new, as its series' meeting is", of(&series, func(s *delta.Seen) { bare(s); s.Reset = true }), none, delta.Follow, delta.InSeries, delta.OneTime, true, nil},
		{"without block, after the store was lost", of(&series, func(s *delta.Seen) { bare(s); s.Fresh = true }), none, delta.Read, delta.Unread, "", false, nil},
		{"without block for good, by its mark", of(&series, func(s *delta.Seen) {
			bare(s)
			s.Fresh, s.MarkRead, s.Mark = true, true, delta.Mark{Valid: true, Kind: delta.OneTime, Restored: 1}
		}), none, delta.Follow, delta.InSeries, delta.OneTime, false, nil},
		{"with a meeting of its own, by its mark", of(&series, func(s *delta.Seen) {
			bare(s)
			s.Fresh, s.MarkRead, s.Mark = true, true, delta.Mark{Valid: true, Keyword: "@webex:onetime", Kind: delta.OneTime, Meeting: "own", Restored: 1}
		}), none, delta.Adopt, delta.Rebuilt, delta.OneTime, false, nil},
		{"a silent series, after the store was lost", of(state(delta.Silent), func(s *delta.Seen) { bare(s); s.Fresh = true }), none, delta.Follow, delta.InSeries, delta.OneTime, false, nil},
		{"seen first", of(&series, nil), none, delta.Follow, delta.InSeries, delta.OneTime, false, nil},
		{"while its series is made", of(state(delta.Intent), bare), none, delta.Follow, delta.InSeries, delta.OneTime, true, nil},
		{"while its series is made, whatever it says", of(state(delta.Intent), func(s *delta.Seen) { quiet(s); bare(s) }), none, delta.Follow, delta.InSeries, delta.OneTime, true, nil},
		{"with a block of its own, after the store was lost", of(&series, func(s *delta.Seen) { s.Own = blocks }), none, delta.Read, delta.Unread, "", false, nil},
		{"the operator means something else now", of(&series, func(s *delta.Seen) { s.Asked = delta.MyRoom }), following, delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"the same in another word", of(&series, func(s *delta.Seen) { s.Keyword = "@meet:onetime" }), following, delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"unchanged", of(&series, nil), following, delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"moved or renamed", of(&series, edited), following, delta.Follow, delta.Edited, delta.OneTime, false, nil},
		{"series' times told anew", of(&series, func(s *delta.Seen) { s.Reset = true }), following, delta.Follow, delta.Edited, delta.OneTime, false, nil},
		{"series has another meeting", of(&series, nil), linked(func(r *delta.Record) { r.State, r.Shares = delta.Following, "older" }), delta.Follow, delta.Edited, delta.OneTime, false, nil},
		{"block out of one occurrence", of(&series, bare), following, delta.Read, delta.Unread, "", false, nil},
		{"block out of one occurrence, as read", of(&series, func(s *delta.Seen) { bare(s); s.MarkRead = true }), following, delta.Follow, delta.BlockRemoved, delta.OneTime, true, nil},
		{"block out once more, by its mark", of(&series, func(s *delta.Seen) {
			bare(s)
			s.MarkRead, s.Mark = true, delta.Mark{Valid: true, Kind: delta.OneTime, Restored: 1}
		}), following, delta.Note, delta.BlockRefused, delta.OneTime, false, func(d delta.Decision) bool { return d.Have.Restored == 1 }},
		{"longer than Webex can hold", of(&series, long), following, delta.Create, delta.AllDay, delta.MyRoom, true, nil},
		{"longer, without block for good", of(&series, func(s *delta.Seen) { bare(s); long(s) }), refused, delta.Note, delta.AllDay, delta.MyRoom, false, func(d delta.Decision) bool { return d.Have.State == delta.Silent && d.Have.Asked == delta.OneTime }},
		{"longer, in a series with the Personal Room", of(&roomy, long), following, delta.Follow, delta.Edited, delta.MyRoom, false, nil},
		{"and again", of(&series, bare), refused, delta.Nothing, delta.BlockRefused, delta.OneTime, false, nil},
		{"silent series", of(state(delta.Silent), bare), following, delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"occurrence cancelled", of(&series, func(s *delta.Seen) { s.Cancelled = true }), following, delta.Part, delta.EventCancelled, delta.OneTime, true, nil},
		{"keyword out of one occurrence", of(&series, quiet), following, delta.Part, delta.KeywordRemoved, delta.OneTime, true, nil},
		{"which is settled", of(&series, func(s *delta.Seen) { quiet(s); bare(s) }), apart, delta.Nothing, delta.NotAsked, delta.OneTime, false, nil},
		{"but not after a reset", of(&series, func(s *delta.Seen) { quiet(s); bare(s); s.Reset = true }), apart, delta.Part, delta.KeywordRemoved, delta.OneTime, false, nil},
		{"typed again", of(&series, bare), apart, delta.Follow, delta.Typed, delta.OneTime, true, nil},
		{"another kind for one occurrence", of(&series, func(s *delta.Seen) { s.Keyword, s.Asked = "@webex", delta.MyRoom }), following, delta.Create, delta.KeywordChanged, delta.MyRoom, true, nil},
		{"keyword on one occurrence only", of(&delta.Record{}, bare), none, delta.Create, delta.Typed, delta.OneTime, true, nil},
		{"its own meeting stays its own", of(&series, func(s *delta.Seen) { s.Own, s.Shared = blocks, nil }), linked(func(r *delta.Record) { r.Shares = "series" }), delta.Nothing, delta.Unchanged, delta.OneTime, false, nil},
		{"the series does without it", of(&series, func(s *delta.Seen) { s.Own, s.Shared = blocks, nil }), linked(nil), delta.Note, delta.InSeries, delta.OneTime, false, nil},
		{"the series is withdrawn", of(&delta.Record{}, quiet), following, delta.Part, delta.KeywordRemoved, "", true, nil},
		{"and nothing is left", of(&delta.Record{}, func(s *delta.Seen) { quiet(s); bare(s) }), following, delta.Forget, delta.NotAsked, "", false, nil},
		{"over", of(&series, func(s *delta.Seen) { s.LastEnd = noon.Add(-1) }), following, delta.Nothing, delta.Over, delta.OneTime, false, nil},
		{"draft", of(&series, func(s *delta.Seen) { s.Draft = true }), following, delta.Nothing, delta.Draft, delta.OneTime, false, nil},
	})
}

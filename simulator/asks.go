package simulator

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What an event asks for, read from DESIGN.md section 5 and written down once more here, so that the audit does not rest on the
// program's own reading.

const (
	kindRoom    = "myroom"
	kindOneTime = "onetime"
	kindSpace   = "space"
)

// keyword finds the first keyword of a location: the word itself and its modifier, "" when it has none that is known.
func keyword(location string) (name, modifier string, ok bool) {
	lower := strings.ToLower(location)
	for i := range lower {
		if lower[i] != '@' || !startsWord(lower[:i]) {
			continue
		}
		for _, name := range []string{"webex", "meet", "spark"} {
			rest, is := strings.CutPrefix(lower[i+1:], name)
			if !is {
				continue
			}
			modifier := ""
			if word, has := strings.CutPrefix(rest, ":"); has {
				end := strings.IndexFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
				if end < 0 {
					end = len(word)
				}
				modifier, rest = word[:end], word[end:]
			}
			if !endsWord(rest) {
				continue
			}
			if !slices.Contains([]string{kindRoom, kindOneTime, kindSpace}, modifier) {
				modifier = ""
			}
			return name, modifier, true
		}
	}
	return "", "", false
}

func hasKeyword(location string) bool {
	_, _, ok := keyword(location)
	return ok
}

// startsWord tells whether a word can begin after the text.
func startsWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-+@/", r)
}

// endsWord tells whether a word can end before the text: user@webex.com goes on, "@webex." does not.
func endsWord(after string) bool {
	if after == "" {
		return true
	}
	r, size := utf8.DecodeRuneInString(after)
	if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '@' {
		return false
	}
	if r == '.' || r == '-' || r == '/' {
		next, _ := utf8.DecodeRuneInString(after[size:])
		return !unicode.IsLetter(next) && !unicode.IsDigit(next)
	}
	return true
}

// want is what has to be true of an event at rest.
type want struct {
	kinds  []string // any of these; nil = nothing
	skip   bool     // nothing is said about it
	reason string
}

// wants judges an event of an organiser.
func (m *Mailbox) wants(r ref, it *item, rest AtRest, now time.Time) want {
	s := m.storyOf(r)
	name, modifier, ok := keyword(m.typedLocation(r))
	user := m.webexUser()
	switch {
	case it.byClient:
		return want{skip: true, reason: "made by the client"}
	case !ok:
		return want{reason: "no keyword"}
	case it.cancelled:
		return want{reason: "cancelled"}
	case it.draft:
		return want{reason: "draft", skip: len(s.patches) > 0}
	case over(it, now) || !rest.shows(it):
		return want{skip: true, reason: "over or outside of the window"}
	case len(it.attendees) > 1500:
		return want{reason: "more than 1500 invitees"}
	case user == nil:
		return want{reason: "organiser unknown to Webex"}
	case modifier != kindRoom && !it.series() && it.start.Before(now):
		return want{skip: true, reason: "running: Webex makes no meetings that have begun"}
	case m.foreign(r):
		return want{reason: "foreign Webex details"}
	case s.unsure:
		return want{skip: true, reason: "nobody can tell what the person meant"}
	case s.removals > 1:
		return want{skip: true, reason: "the person took the block out twice"}
	}
	kind := modifier
	if kind == "" {
		kind = map[string]string{"webex": rest.Webex, "meet": rest.Meet, "spark": kindSpace}[name]
	}
	kinds := []string{kind}
	if kind != kindRoom {
		if it.end.Sub(it.start) >= 24*time.Hour { // all-day ones too
			kinds = []string{kindRoom}
		} else if it.series() {
			kinds = expressible(it, kind, now)
		} else if master := m.items[r.key]; r.date != "" && master.end.Sub(master.start) >= 24*time.Hour {
			kinds = []string{kind, kindRoom} // it may share what its series has
		}
	}
	if !user.room {
		kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == kindRoom })
	}
	if s.killings > 1 {
		return want{skip: true, reason: "the host deleted the meeting twice"}
	}
	return want{kinds: kinds, reason: kind}
}

// expressible is what a series may become: Webex takes one weekday in monthly and yearly rules, and limits the counts of series
// that end (webex.md 2.2). Where both ways are defensible, both are right.
func expressible(it *item, kind string, now time.Time) []string {
	r := it.rec
	switch {
	case strings.HasPrefix(r.Pattern, "relative") && len(r.Days) > 1:
		return []string{kindRoom}
	case strings.HasPrefix(r.Pattern, "absolute") && r.DayOfMonth > 28:
		return []string{kind, kindRoom}
	}
	if r.Count == 0 && r.Until == "" {
		return []string{kind}
	}
	n, last := 0, day(0)
	r.each(parseDay(r.Start), func(d day) bool { n, last = n+1, d; return n < 2000 })
	limit := map[string]int{"daily": 1826, "weekly": 261, "absoluteMonthly": 60, "relativeMonthly": 60}[r.Pattern]
	if limit == 0 {
		limit = 5
	}
	if n > limit || last.time().After(now.AddDate(5, 0, 0)) {
		return []string{kind, kindRoom}
	}
	return []string{kind}
}

func over(it *item, now time.Time) bool {
	end, has := it.ends()
	return has && !end.After(now)
}

// foreign tells whether the person's own text, or what is behind it, leads to a Webex meeting that the client did not put there.
func (m *Mailbox) foreign(r ref) bool {
	typed := body{content: strings.Join(own(m.words(r)), " ") + " " + m.typedLocation(r)}
	return slices.ContainsFunc(typed.links(), webexLink) ||
		slices.ContainsFunc(m.hrefs(r), func(link string) bool { return !m.w.written[link] })
}

// webexLink tells a join link from the other addresses of a Webex site (webex.md 1.4).
func webexLink(link string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(link), "https://")
	host, path, _ := strings.Cut(rest, "/")
	if !ok || host != "webex.com" && !strings.HasSuffix(host, ".webex.com") {
		return false
	}
	return strings.Contains(path, "j.php?mtid=") || strings.HasPrefix(path, "meet/") || strings.HasPrefix(path, "join/") ||
		strings.Contains(path, "/meeting/download/") || strings.Contains(path, "/meeting/info/") || strings.Contains(path, "/dashboard/pmr/")
}

// typedLocation is what the person typed, whatever the client put after it.
func (m *Mailbox) typedLocation(r ref) string {
	s := m.story(r)
	if r.date != "" && !s.ownPlace {
		s = m.story(ref{key: r.key})
	}
	return s.location
}

// asks sums up what an event asks for, whatever the bare keywords mean; "" = nothing, or the client may be right to think so.
func (m *Mailbox) asks(r ref, it *item) string {
	name, modifier, _ := keyword(m.typedLocation(r))
	w := m.wants(r, it, AtRest{Webex: kindOneTime, Meet: kindOneTime}, m.w.now())
	if w.skip || len(w.kinds) != 1 || w.kinds[0] == kindRoom {
		return ""
	}
	return name + ":" + modifier + "=" + w.kinds[0]
}

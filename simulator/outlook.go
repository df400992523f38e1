package simulator

import (
	"fmt"
	"html"
	"math/rand/v2"
	"strings"
)

// teams is the online meeting of an event and the text that Microsoft put into its body.
type teams struct {
	blob         string // byte for byte in the body (DESIGN.md section 5: to be left alone)
	joinURL      string
	conferenceID string
}

// composeBody stores what a person typed: HTML as Exchange rewrites it, with Microsoft's blob at the end of a Teams meeting.
// A body that already has the blob keeps it.
func (m *Mailbox) composeBody(it *item, d Draft) {
	switch {
	case !d.Teams:
		it.teams = nil
	case it.teams == nil:
		it.teams = newTeams(m.rng)
	}
	typed := body{html: d.HTML || d.Teams, content: d.Body}
	if d.Teams && !d.HTML {
		typed.content = strings.ReplaceAll(html.EscapeString(d.Body), "\n", "<br>")
	}
	if d.Teams && !strings.Contains(typed.content, it.teams.blob) {
		typed.content = beforeEnd(typed.content, it.teams.blob)
	}
	it.body = m.w.stored(typed, it.teams)
}

// placeholder stands for the blob while the rest is rewritten; no keyboard has this character.
const placeholder = "\U0010FFFD"

// stored is what Exchange keeps of a body: rewritten, but for the provider's blob.
func (w *World) stored(b body, t *teams) body {
	if t == nil || !b.html || !strings.Contains(b.content, t.blob) {
		return rewritten(b, w.opt.Exchange)
	}
	b.content = strings.Replace(b.content, t.blob, placeholder, 1)
	b = rewritten(b, w.opt.Exchange)
	b.content = strings.Replace(b.content, placeholder, t.blob, 1)
	return b
}

// beforeEnd puts text before the end tag of the body.
func beforeEnd(content, text string) string {
	if i := strings.LastIndex(strings.ToLower(content), "</body"); i >= 0 {
		return content[:i] + text + content[i:]
	}
	return content + text
}

// newTeams makes an online meeting whose blob has the layout of fixtures/graph/event-teams-create-response.json.
func newTeams(rng *rand.Rand) *teams {
	line := `<div style="width:100%; height:20px"><span style="white-space:nowrap; color:gray; opacity:.36">` + strings.Repeat("_", 80) +
		"</span>\r\n</div>\r\n"
	t := &teams{conferenceID: randomDigits(rng, 9)}
	t.joinURL = fmt.Sprintf("https://teams.microsoft.com/l/meetup-join/19%%3ameeting_%s%%40thread.v2/0?context=%%7b%%22Tid%%22%%3a%%22%s%%22%%7d",
		randomHex(rng, 32), guid(rng))
	id := t.conferenceID
	t.blob = line + `<div class="me-email-text" style="color:#252424; font-family:'Segoe UI',Helvetica,Arial,sans-serif">` + "\r\n" +
		`<div style="margin-top:24px; margin-bottom:10px"><a class="me-email-headline" href="` + t.joinURL +
		`" target="_blank" rel="noreferrer noopener" style="font-size:18px; text-decoration:underline; color:#6264a7">Join` + "\r\n" +
		" Microsoft Teams Meeting</a> </div>\r\n<div>\r\n" +
		`<div><a class="me-email-link" href="tel:&#43;1 323-555-0166,,` + id + `# " target="_blank">&#43;1 323-555-0166</a>` + "\r\n" +
		`<span style="font-size:12px">&nbsp; United States, Los Angeles (Toll) </span></div>` + "\r\n</div>\r\n" +
		`<div style="margin-top:10px"><span style="font-size:12px">Conference ID:` + "\r\n" + `</span><span style="font-size:14px">` +
		id[:3] + " " + id[3:6] + " " + id[6:] + "# </span></div>\r\n" +
		`<a class="me-email-link" target="_blank" href="https://aka.ms/JoinTeamsMeeting">` + "\r\nLearn more about Teams</a>\r\n</div>\r\n" + line
	return t
}

// asHTML is the form in which Exchange gives out a text body where HTML is asked for.
func asHTML(text string) string {
	lines := strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(text, "\r\n", "\n")), "\n", "<br>\r\n")
	return headHTML + "<!-- converted from text --><style><!-- .EmailQuote { margin-left: 1pt; padding-left: 4pt; border-left: #800000 2px solid; } --></style></head>\r\n" +
		"<body>\r\n<font size=\"2\"><span style=\"font-size:11pt;\"><div class=\"PlainText\">" + lines + "</div></span></font>\r\n</body>\r\n</html>\r\n"
}

// asText is the form in which Exchange gives out an HTML body where text is asked for.
func asText(b body) string { return plainLines(seen(b)) }

// plainLines leaves of white space one space, and of empty lines one.
func plainLines(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" || len(lines) > 0 && lines[len(lines)-1] != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\r\n")
}

package delta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"syncd/parser"
)

// fingerprintVersion leads a fingerprint. A later version of syncd that looks at other fields counts it up; records with another
// version are compared by nothing and renewed in silence.
const fingerprintVersion = "1."

// Fingerprint says in 24 characters what an event says to syncd: everything it acts on, and nothing else. Our own block is not
// in it, nor what Exchange changes by itself.
func (k Keys) Fingerprint(mailbox string, e Event) string {
	h := hmac.New(sha256.New, k.digest)
	writePart(h, k.tenant)
	writePart(h, mailbox)
	writePart(h, k.Times(mailbox, e))
	writePart(h, e.Subject)
	writePart(h, Agenda(e))
	writePart(h, strings.Join(invited(e), "\n"))
	if e.HideOthers {
		writePart(h, "hidden")
	}
	return fingerprintVersion + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// Times is the part of a fingerprint that says when: start, end, zone, pattern.
func (k Keys) Times(mailbox string, e Event) string {
	pattern, _ := json.Marshal(e.Recurrence) // plain data, it cannot fail
	sum := k.mac(k.digest, "times", mailbox, e.Start.UTC().Format(time.RFC3339), e.End.UTC().Format(time.RFC3339), e.Zone, string(pattern))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// SameScheme reports whether two fingerprints can be compared.
func SameScheme(a, b string) bool {
	va, _, _ := strings.Cut(a, ".")
	vb, _, _ := strings.Cut(b, ".")
	return va == vb
}

func invited(e Event) []string {
	var out []string
	for _, a := range e.Attendees {
		out = append(out, a.Type+" "+a.Address)
	}
	slices.Sort(out)
	return out
}

// Told says in 8 characters what a meeting at Webex says of its title and times, to the minute.
func (k Keys) Told(title string, start, end time.Time) string {
	at := func(t time.Time) string { return t.UTC().Truncate(time.Minute).Format(time.RFC3339) }
	sum := k.mac(k.digest, "told", title, at(start), at(end))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// maxAgenda is Webex's limit for an agenda (Create a Meeting).
const maxAgenda = 1300

// Agenda is what an event's body says to the Webex meeting: its visible text, cut to what Webex takes. The text of a private
// event stays in the calendar.
func Agenda(e Event) string {
	if e.Private {
		return ""
	}
	return cutRunes(e.Body.VisibleText(), maxAgenda)
}

// cutRunes shortens s to at most n UTF-16 units, the strictest of the ways in which a vendor may count, without splitting a
// character.
func cutRunes(s string, n int) string {
	units := 0
	for i, r := range s {
		if units++; r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}

// Digest knows the lines of a block without holding them: three bytes of keyed hash for each, in base64.
type Digest string

// DigestLines makes the digest of the lines of a block.
func (k Keys) DigestLines(lines []string) Digest {
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(k.lineSum(line))
	}
	return Digest(out.String())
}

// Wrote returns a function that tells whether a line of a block is ours. Of what the digest was made of, the digest says it; of any other
// block, an older one say, its form has to.
func (k Keys) Wrote(b parser.Block, d Digest, p parser.Parts) func(line string) bool {
	known := d.shows(k.shown(b))
	return func(line string) bool { return k.Has(d, line) || !known && p.Typical(line) }
}

// Has reports whether a line is in d.
func (k Keys) Has(d Digest, line string) bool { return d.has(k.lineSum(line)) }

// shown is what blocks show, as sums: their links, and where there are none their lines.
type shown struct{ links, lines []string }

func (k Keys) shown(blocks ...parser.Block) (s shown) {
	for _, b := range blocks {
		for _, link := range b.Links() {
			s.links = append(s.links, k.lineSum(link))
		}
	}
	if len(s.links) > 0 {
		return s
	}
	for _, b := range blocks {
		for _, line := range b.Lines {
			s.lines = append(s.lines, k.lineSum(line))
		}
	}
	return s
}

// shows reports whether this is what d was made of: one of its links is there or, where a person took that out or altered it, most of the
// lines. An older block shows another link.
func (d Digest) shows(s shown) bool {
	if len(s.links) > 0 {
		return slices.ContainsFunc(s.links, d.has)
	}
	known := 0
	for _, line := range s.lines {
		if d.has(line) {
			known++
		}
	}
	const sum = 4 // characters of one
	return known > 0 && 4*known >= 3*min(len(s.lines), len(d)/sum)
}

// Lines of a digest that no reader sees: the join link was put into the location too, and it is to be there whatever other link is. What
// earlier versions wrote lacks the second: an upgrade writes into no calendar.
const located, sought = "\x00location", "\x00location sought"

// Located adds that to a digest.
func (k Keys) Located(d Digest) Digest { return d + Digest(k.lineSum(located)+k.lineSum(sought)) }

// InPlace reports whether that is in it.
func (k Keys) InPlace(d Digest) bool { return k.Has(d, located) }

// And is a digest of the lines of both.
func (d Digest) And(other Digest) Digest {
	if strings.HasPrefix(string(d), string(other)) {
		return d
	}
	return other + d
}

// has reports whether a line with this sum is in d.
func (d Digest) has(sum string) bool {
	for rest := string(d); len(rest) >= len(sum) && sum != ""; rest = rest[len(sum):] {
		if rest[:len(sum)] == sum {
			return true
		}
	}
	return false
}

func (k Keys) lineSum(line string) string {
	return base64.RawURLEncoding.EncodeToString(k.mac(k.digest, "line", line)[:3])
}

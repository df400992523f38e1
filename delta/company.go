package delta

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Invitee is somebody whom a Webex meeting invites.
type Invitee struct {
	ID      string // of the invitation
	Address string // lower case
}

// MadeSpace is a Webex space that syncd made.
type MadeSpace struct {
	ID      string
	Title   string
	Tag     string // of the event that it was made for, from its description
	Created time.Time
}

// Member is somebody in a space.
type Member struct {
	ID      string // of the membership
	Address string // lower case
}

// Message is something that syncd said in a space.
type Message struct {
	ID   string
	Text string
}

// SpaceRecord is what is remembered of an event's space.
type SpaceRecord struct {
	ID     string `json:"id,omitempty"`
	Title  string `json:"title,omitempty"`  // keyed hash of the title that it was last given
	Posted string `json:"posted,omitempty"` // the meeting whose link was said in it
	Marked string `json:"marked,omitempty"` // the meeting whose link was, by the mark: that it is off may have been said since
	// Added are the members that syncd added, as keyed hashes. While Adding, those that are Joining may not be in it yet.
	Added   People `json:"added,omitempty"`
	Adding  bool   `json:"adding,omitempty"`
	Joining People `json:"joining,omitempty"`
	Lacks   Reason `json:"lacks,omitempty"` // why there is none although the event asks for one
}

// MaxSpace is how many people a space is made for: the original makes none for more (Hybrid Calendar, known issues).
const MaxSpace = 120

// MaxInvited is how many people a Webex meeting invites (Create a Meeting, invitees).
const MaxInvited = 1000

// Guests lists whom an event brings together besides its organiser, whose addresses are given: in lower case, sorted, each once.
// Rooms are none, nor are addresses that no mail could reach. Where attendees see only themselves, there are none: everybody in a
// meeting or space sees its list.
func Guests(e Event, organiser ...string) []string {
	if e.HideOthers {
		return nil
	}
	var out []string
	for _, a := range e.Attendees {
		own := slices.ContainsFunc(organiser, func(o string) bool { return strings.EqualFold(o, a.Address) })
		if a.Type != "resource" && !own && isAddress(a.Address) {
			out = append(out, a.Address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isAddress keeps out what Exchange gives for people of other systems, which are names in a directory.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !strings.ContainsAny(s, " <>/") && !strings.Contains(domain, "@")
}

// Gathering sums up who was brought to which meeting and space, in 12 characters.
func (k Keys) Gathering(mailbox, meeting, space string, guests []string) string {
	sum := k.mac(k.digest, append([]string{"gathering", mailbox, meeting, space}, guests...)...)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// TitleSum is the keyed hash of a space's title.
func (k Keys) TitleSum(mailbox, title string) string {
	return base64.RawURLEncoding.EncodeToString(k.mac(k.digest, "title", mailbox, title)[:6])
}

// People knows people without holding their addresses: six bytes of keyed hash for each, in base64.
type People string

// personLen is the length of one of them.
const personLen = 8

// Person is somebody in a space.
func (k Keys) Person(space, address string) People {
	return People(base64.RawURLEncoding.EncodeToString(k.mac(k.digest, "person", space, address)[:6]))
}

// Has reports whether a person is among p.
func (p People) Has(person People) bool { return p.index(person) >= 0 }

// With adds a person.
func (p People) With(person People) People {
	if p.Has(person) {
		return p
	}
	return p + person
}

// Without takes a person out.
func (p People) Without(person People) People {
	if i := p.index(person); i >= 0 {
		return p[:i] + p[i+personLen:]
	}
	return p
}

// Among leaves only those who are among others too.
func (p People) Among(others People) (both People) {
	for i := 0; i+personLen <= len(p); i += personLen {
		if person := p[i : i+personLen]; others.Has(person) {
			both += person
		}
	}
	return both
}

func (p People) index(person People) int {
	for i := 0; i+personLen <= len(p); i += personLen {
		if p[i:i+personLen] == person {
			return i
		}
	}
	return -1
}

// SharesSpace reports whether an exception is served by the space of its series.
func (s Seen) SharesSpace() bool {
	return s.Series != nil && s.Series.Kind == Space && s.Series.serves()
}

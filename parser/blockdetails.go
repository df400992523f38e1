package parser

import (
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Details are the join details of one meeting or Personal Room. Empty members are left out of the block.
type Details struct {
	Room         bool   // a Personal Room, not a meeting of its own
	Link         string // https address to join by; required
	Number       string // meeting number, digits
	Password     string
	DialPassword string // numeric form of the password, for telephones and video systems
	Video        string // SIP address
	VideoIP      string // address to dial for systems without SIP names
	Phones       []Phone
}

// Phone is one number to call in by (Webex, Create a Meeting, telephony.callInNumbers).
type Phone struct {
	Label  string // "US Toll", in the words of the Webex site
	Number string // "+1-415-655-0001"
	Toll   string // [TollCharged] or [TollFree]; "" where it is not known
}

// Values of Webex's tollType.
const (
	TollCharged = "toll"
	TollFree    = "tollFree"
)

const (
	longestJoin  = 2048
	longestValue = 256
	longestLabel = 100 // characters; the rest is cut
	mostPhones   = 20
	mostTaps     = 2 // numbers to tap; real invitations have one with charge and one without
)

// ErrDetails says that join details cannot be used.
var ErrDetails = errors.New("unusable join details")

// Check reports details that must not reach a calendar: no join link, or one that is not a plain https address of Webex.
func (d Details) Check() error {
	if d.Link == "" {
		return fmt.Errorf("%w: no link", ErrDetails)
	}
	if !plainLink(d.Link) {
		return fmt.Errorf("%w: the link is not a plain https address", ErrDetails)
	}
	if !leadsToWebex(d.Link) {
		return fmt.Errorf("%w: the link leads to no host of Webex", ErrDetails)
	}
	for _, value := range [...]string{d.Number, d.Password, d.DialPassword, d.Video, d.VideoIP} {
		if len(value) > longestValue {
			return fmt.Errorf("%w: a value of more than %d bytes", ErrDetails, longestValue)
		}
	}
	return nil
}

// plainLink reports whether link is an https address that looks the same to people and programs.
func plainLink(link string) bool {
	odd := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || invisible(r) || r == unicode.ReplacementChar
	}
	parsed, err := url.Parse(link)
	return err == nil && parsed.Scheme == "https" && parsed.Host != "" && parsed.User == nil &&
		len(link) <= longestJoin && strings.HasPrefix(link, "https://") && !strings.ContainsFunc(link, odd)
}

// leadsToWebex reports a link to a Webex site (webex.md 1.4). An answer that was tampered with must not send people elsewhere.
func leadsToWebex(link string) bool {
	parsed, err := url.Parse(link)
	return err == nil && parsed.Port() == "" && slices.ContainsFunc([]string{".webex.com", ".webex.com.cn", ".webexgov.us"}, func(site string) bool {
		return strings.HasSuffix(strings.ToLower(parsed.Host), site)
	})
}

// tidy gives the details as they are shown: each value in one line, and no label that reads like a block's marker.
func (d Details) tidy() Details {
	d.Number, d.Password, d.DialPassword = oneLine(d.Number), oneLine(d.Password), keep(d.DialPassword, decimals)
	d.Video, d.VideoIP = oneLine(d.Video), oneLine(d.VideoIP)
	var phones []Phone
	round := strings.NewReplacer("[", "(", "]", ")")
	for _, p := range d.Phones {
		if len(phones) == mostPhones {
			break
		}
		p.Label, p.Number = round.Replace(oneLine(p.Label)), round.Replace(oneLine(p.Number))
		if label := []rune(p.Label); len(label) > longestLabel {
			p.Label = string(label[:longestLabel]) + "…"
		}
		if p.Number != "" && len(p.Number) <= longestValue {
			phones = append(phones, p)
		}
	}
	d.Phones = phones
	return d
}

// oneLine takes line breaks, control characters and what turns the direction of a text around out of a value.
func oneLine(s string) string { return strings.Join(strings.Fields(plainRunes(s)), " ") }

// plainRunes makes white space blanks, and drops characters that act on others unseen. Marks of direction and joiners may
// stay: Hebrew, Arabic and Persian need them.
func plainRunes(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) && r != '\u00a0' && r != '\u202f':
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x206F, r == 0xFEFF, r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

const decimals = "0123456789"

func keep(s, allowed string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(allowed, r) {
			return r
		}
		return -1
	}, s)
}

// GroupDigits writes a meeting number as people read it: 2541 422 4390, 123 456 789. Other text stays as it is.
func GroupDigits(number string) string {
	groups := map[int][]int{9: {3, 3}, 10: {3, 3}, 11: {4, 3}}[len(number)]
	if groups == nil || keep(number, decimals) != number {
		return number
	}
	a, b := groups[0], groups[0]+groups[1]
	return number[:a] + " " + number[a:b] + " " + number[b:]
}

// telLink is a telephone number as a link (RFC 3966), "" where there is nothing to dial.
func (p Phone) telLink() template.URL {
	digits := keep(p.Number, decimals)
	switch {
	case digits == "":
		return ""
	case strings.HasPrefix(p.Number, "+"):
		return template.URL("tel:+" + digits)
	}
	return template.URL("tel:" + digits)
}

// tap is a number to tap on a telephone that then enters the meeting number, and the password, by itself: what is shown and
// what is dialled. *01* says that an attendee calls (seen in Webex's own invitations).
func (d Details) tap(p Phone) (shown string, link template.URL) {
	number := keep(d.Number, decimals)
	if number == "" || p.telLink() == "" {
		return "", ""
	}
	shown = p.Number + ",," + number + "#" + d.DialPassword + "#"
	return shown, p.telLink() + template.URL(",,*01*"+number+"%23"+d.DialPassword+"%23*01*")
}

func sipLink(address string) template.URL {
	return template.URL("sip:" + strings.ReplaceAll(url.PathEscape(address), "%40", "@"))
}

// lync is the address for Microsoft Lync and Skype for Business: 1234@site.webex.com is 1234.site@lync.webex.com there.
func (d Details) lync() string {
	user, host, _ := strings.Cut(d.Video, "@")
	site, ok := strings.CutSuffix(host, ".webex.com")
	if !ok || user == "" || site == "" || strings.Contains(site, ".") {
		return ""
	}
	return user + "." + site + "@lync.webex.com"
}

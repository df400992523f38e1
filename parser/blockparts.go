package parser

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Parts are the switchable parts of a block, and the operator's own words around them. Link and number are always there.
type Parts struct {
	More     bool // the heading over all ways to join a meeting
	Password bool // with its numeric form
	Mobile   bool // numbers to tap that enter the meeting number by themselves
	Phone    bool // numbers to call
	Video    bool // SIP address
	VideoIP  bool // IP address for video systems, next to the SIP address
	Lync     bool // address for Microsoft Lync and Skype for Business, both of which are gone
	Help     bool

	// CallIn and Restrictions are https addresses of pages that the operator has checked: global call-in numbers, and from
	// where toll-free numbers cannot be called. Webex's API names neither in a form for people, and the one that its
	// invitations show cannot be made from the join link: its MTID is another. "" leaves them out.
	CallIn, Restrictions string

	Header, Footer Notes
}

type partSwitch struct {
	name string
	on   *bool
}

func (p *Parts) switches() []partSwitch {
	return []partSwitch{
		{"more", &p.More}, {"password", &p.Password}, {"mobile", &p.Mobile}, {"phone", &p.Phone},
		{"video", &p.Video}, {"video-ip", &p.VideoIP}, {"lync", &p.Lync}, {"help", &p.Help},
	}
}

// DefaultParts are the parts that are shown where the operator sets nothing.
func DefaultParts() Parts {
	return Parts{More: true, Password: true, Mobile: true, Phone: true, Video: true, VideoIP: true, Help: true}
}

// ParseParts reads the names of the parts to show, separated by commas: "password, phone, video". The error names the
// unknown ones and those there are.
func ParseParts(list string) (Parts, error) {
	var p Parts
	var names, unknown []string
	for _, s := range p.switches() {
		names = append(names, s.name)
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if at := slices.Index(names, name); at >= 0 {
			*p.switches()[at].on = true
		} else if name != "" {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		return Parts{}, fmt.Errorf("unknown part %s; there are %s", strings.Join(unknown, ", "), strings.Join(names, ", "))
	}
	return p, nil
}

// Check reports addresses that cannot be shown.
func (p Parts) Check() error {
	var faults []error
	for _, page := range [...]struct{ name, link string }{{"global call-in numbers", p.CallIn}, {"toll-free restrictions", p.Restrictions}} {
		if page.link != "" && !plainLink(page.link) {
			faults = append(faults, fmt.Errorf("the address of the %s is not a plain https address", page.name))
		}
	}
	return errors.Join(faults...)
}

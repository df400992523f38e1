package parser

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Denial is a link or an address that joins nothing, and why.
type Denial struct {
	Where  string // "location", "body" or "online"
	Offset int    // in the text that a reader sees, in bytes
	URL    string // freed from rewriters as far as that went; or the address
	Undone []string
	Why    string
}

// Explain lists all that Parse chooses from, best first, and all that it does
// not choose from, in reading order.
func (p *Parser) Explain(t Text) ([]Candidate, []Denial) {
	var denied []Denial
	list := p.listed(t, &denied)
	slices.SortStableFunc(denied, func(a, b Denial) int {
		const order = "location body online"
		return cmp.Or(strings.Index(order, a.Where)-strings.Index(order, b.Where), a.Offset-b.Offset)
	})
	return list, denied
}

// explains reports whether somebody wants to know what is denied.
func (r *reader) explains() bool { return r.denied != nil && len(*r.denied) < most }

func (r *reader) deny(url string, at int, by []*rewriter, why string) {
	*r.denied = append(*r.denied, Denial{Where: r.where, Offset: at, URL: url, Undone: names(by), Why: why})
}

// restart forgets what was found in a text that is read anew.
func (r *reader) restart() {
	r.found = r.found[:0]
	if r.denied != nil {
		*r.denied = slices.DeleteFunc(*r.denied, func(d Denial) bool { return d.Where == r.where })
	}
}

func names(list []*rewriter) (out []string) {
	for _, w := range list {
		out = append(out, w.id)
	}
	return out
}

// why tells what speaks against a link that classify did not recognise.
func (r *ruleset) why(l *link) string {
	var reasons []string
	for _, g := range r.groupsFor(l.host) {
		if why := r.against(g, l); !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	if reasons == nil {
		return "no rule is about this host or path"
	}
	return strings.Join(reasons, "; ")
}

// groupsFor is the groups of rules whose hosts a host is among.
func (r *ruleset) groupsFor(host string) []*group {
	if groups := r.groupsOf(host); groups != nil {
		return groups
	}
	first, _, _ := strings.Cut(host, ".")
	groups := slices.Clone(r.prefix[first])
	for _, i := range r.inside {
		if strings.Contains(host, i.word) {
			groups = append(groups, i.group)
		}
	}
	return groups
}

// against is what in a group speaks against a link.
func (r *ruleset) against(g *group, l *link) string {
	id := g.service.id
	if l.port != "" && !g.port {
		return fmt.Sprintf("%s: it has no servers at other ports (%s)", id, g.service.place(g.service.line))
	}
	if g.excludes(l.host) {
		return fmt.Sprintf("%s: this host is something else (%s)", id, g.service.place(g.service.line))
	}
	for _, p := range g.deny {
		if _, denied := p.match(l); denied {
			return fmt.Sprintf("%s: deny %s (%s)", id, p.text, g.service.place(p.line))
		}
	}
	for _, j := range g.join {
		switch _, fits := j.match(l); {
		case !fits:
		case j.open() && r.isPage(l.path):
			return fmt.Sprintf("%s: a page or a file, no room's name", id)
		default:
			return fmt.Sprintf("%s: the text holds none of the words near %s (%s)", id, strings.Join(g.near, ", "), g.service.place(j.line))
		}
	}
	return fmt.Sprintf("%s: no join line fits the path (%s)", id, g.service.place(g.service.line))
}

// place is where a line of a service stands.
func (s *service) place(line int) string { return fmt.Sprintf("%s:%d", s.file, line) }

package parser

import "strings"

// service is one meeting service as the rules describe it.
type service struct {
	id    string // what Result.Provider says
	name  string
	words []string // by which an invitation names it, in lower case
	file  string
	line  int

	spoken [2]int // how many digits a number has that may do without a link

	labelled bool // its links hold no number: labelled digits are one in any language
	pin      bool // what is labelled PIN is the passcode
	phone    bool // the number keyed in on a telephone is the meeting's
	nonumber bool // its meetings have none
	groups   []*group
	dial     []*dialHost
	meetings []example
	others   []example
}

// group is the hosts that share a set of paths.
type group struct {
	service *service
	hosts   []string
	not     []string // hosts among them that are something else
	notLike []string // the same, with a star
	join    []*rule
	deny    []*rule
	number  []string // query parameters that hold the meeting number
	passes  []string // query parameters that hold a passcode as it is typed
	near    []string // words of which the text must hold one
	port    bool     // self-hosted: any port will do
	weak    bool     // counts only when there is nothing better
}

// rule is one path that joins.
type rule struct {
	*pattern
	line int
}

// dialHost is a host that video devices dial.
type dialHost struct {
	service *service
	host    string
	second  bool   // only when there is no other address, as lync.webex.com
	gateway string // order of the parts for a gateway: "video.tenant", "tenant.video", "video"
}

// example is a link of the rules' own proof.
type example struct {
	url, number string
	line        int
}

// ruleset is everything that is known of hosts, ready to be looked up.
type ruleset struct {
	services  []*service
	rewriters []*rewriter

	hosts    map[string]*hostRules  // by name
	topLevel bool                   // there is a name among them that is one label alone
	prefix   map[string][]*group    // "meet" for meet.*
	inside   []insideGroup          // "jitsi" for *jitsi*
	insides  trigrams               // the first three bytes of those
	anywhere map[string][]groupRule // for *, by a literal part of the path

	dialUser  map[string]*dialHost // "teams" for teams@*
	pages     map[string]bool      // first parts of a path that are no room's name
	blanks    map[string]bool      // last parts of a path that a template has for a name
	blankEnds [256]bool            // the letters that those end in
	mailHosts map[string]bool      // and all below them

	mailPrefix map[string]bool // "student" for student.*

	rewritePrefix map[string][]*rewriter
	rewriteAny    map[string][]*rewriter // by the first part of their path
}

// hostRules is what is known of a host by its name, and of those below it.
type hostRules struct {
	groups, below       []*group
	rewriters, rewrites []*rewriter // of the host, of those below it
	dial, dialBelow     *dialHost
}

type insideGroup struct {
	word  string
	group *group
}

type groupRule struct {
	group *group
	rule  *rule
}

// verdict is what the rules say of a link.
type verdict struct {
	group            *group
	rule             *rule
	number, passcode string
}

// sayer knows whether the text that a link stands in says what a group asks for.
type sayer interface{ says(g *group) bool }

// classify finds the rule that a link in a text joins by. The closest host speaks
// first; a host that is named in the rules is judged by those alone.
func (r *ruleset) classify(l *link, in sayer) (verdict, bool) {
	return r.classifyBy(r.groupsOf(l.host), l, in)
}

// classifyBy is classify where the groups that name the host are known.
func (r *ruleset) classifyBy(named []*group, l *link, in sayer) (verdict, bool) {
	if named != nil {
		return r.firstMatch(named, l, in)
	}
	for _, part := range l.parts[:min(l.count, 2)] {
		for _, gr := range r.anywhere[lowerASCII(part)] {
			if v, ok := r.try(gr, l, in); ok && gr.group.allows(l) {
				return v, !r.imitates(l.host)
			}
		}
	}
	if r.insides.in(l.host) {
		for _, g := range r.inside {
			if strings.Contains(l.host, g.word) {
				if v, ok := r.match(g.group, l, in); ok {
					return v, !r.imitates(l.host)
				}
			}
		}
	}
	first, _, _ := strings.Cut(l.host, ".")
	groups := r.prefix[first]
	if groups == nil || r.imitates(l.host) {
		return verdict{}, false
	}
	return r.firstMatch(groups, l, in)
}

func (r *ruleset) firstMatch(groups []*group, l *link, in sayer) (verdict, bool) {
	for _, g := range groups {
		if v, ok := r.match(g, l, in); ok {
			return v, true
		}
	}
	return verdict{}, false
}

func (r *ruleset) match(g *group, l *link, in sayer) (verdict, bool) {
	if !g.allows(l) {
		return verdict{}, false
	}
	for _, j := range g.join {
		if !j.mayFit(l) {
			continue
		}
		if v, ok := r.try(groupRule{g, j}, l, in); ok {
			return v, true
		}
	}
	return verdict{}, false
}

// allows reports whether nothing in a group speaks against a link.
func (g *group) allows(l *link) bool {
	if l.port != "" && !g.port || g.excludes(l.host) {
		return false
	}
	for _, p := range g.deny {
		if !p.mayFit(l) {
			continue
		}
		if _, denied := p.match(l); denied {
			return false
		}
	}
	return true
}

// try holds a link against one rule of a group.
func (r *ruleset) try(gr groupRule, l *link, in sayer) (verdict, bool) {
	number, ok := gr.rule.match(l)
	if !ok || r.isBlank(l) || gr.rule.open() && r.isPage(l.path) || len(gr.group.near) > 0 && !in.says(gr.group) {
		return verdict{}, false
	}
	v := verdict{group: gr.group, rule: gr.rule, number: number}
	if l.query != "" || l.fragment != "" {
		v.fromQuery(l)
	}
	return v, true
}

// blank notes what a template has for the last part of a path.
func (r *ruleset) blank(part string) {
	r.blanks[part] = true
	for _, c := range bothCases(part[len(part)-1]) {
		r.blankEnds[c] = true
	}
}

// isBlank reports whether a link is of a template that nobody filled in.
func (r *ruleset) isBlank(l *link) bool {
	if l.count == 0 || l.count > mostParts {
		return false
	}
	last := l.parts[l.count-1]
	if len(last) < 4 || len(last) > 24 || !r.blankEnds[last[len(last)-1]] {
		return false
	}
	return r.blanks[lowerASCII(last)] || strings.Trim(last, "xX-") == ""
}

// isPage reports whether a path is of a page that any site has, or of a file.
func (r *ruleset) isPage(path string) bool {
	first, _ := nextPart(path)
	if r.pages[lowerASCII(first)] {
		return true
	}
	dot := strings.LastIndexByte(path, '.')
	switch lowerASCII(path[dot+1:]) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "json", "xml", "txt", "pdf",
		"html", "htm", "zip", "exe", "msi", "dmg", "pkg", "apk", "deb", "mp4", "ics":
		return dot >= 0
	}
	return false
}

func (g *group) excludes(host string) bool {
	for _, not := range g.not {
		if not == host {
			return true
		}
	}
	for _, not := range g.notLike {
		if hostFits(not, host) {
			return true
		}
	}
	return false
}

// fromQuery takes what the path did not say out of the query, or out of a query
// within the fragment.
func (v *verdict) fromQuery(l *link) {
	_, inner := cutByte(l.fragment, '?')
	for _, query := range [...]string{l.query, inner} {
		if query == "" {
			continue
		}
		for _, name := range v.group.number {
			if n := value(query, name); v.number == "" && len(n) >= 3 && len(n) <= 20 && allDigits(n) {
				v.number = n
			}
		}
		for _, name := range v.group.passes {
			if p := value(query, name); v.passcode == "" && p != "" {
				v.passcode = unescape(p)
			}
		}
	}
}

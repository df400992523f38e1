package parser

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// newRuleset reads an operator's own rule files and the built-in ones, in this
// order of precedence. The examples prove the own rules; the built-in ones prove
// themselves where there are no others, for an operator may overrule them.
func newRuleset(own, builtIn []RuleFile) (*ruleset, error) {
	r := &ruleset{
		hosts: map[string]*hostRules{}, prefix: map[string][]*group{}, anywhere: map[string][]groupRule{},
		dialUser: map[string]*dialHost{}, mailHosts: map[string]bool{}, mailPrefix: map[string]bool{}, pages: map[string]bool{}, blanks: map[string]bool{}, rewritePrefix: map[string][]*rewriter{}, rewriteAny: map[string][]*rewriter{},
	}
	r.blankEnds['x'], r.blankEnds['X'] = true, true
	var faults []error
	for _, file := range own {
		faults = append(faults, r.read(file)...)
	}
	proven := [2]int{len(r.services), len(r.rewriters)}
	for _, file := range builtIn {
		faults = append(faults, r.read(file)...)
	}
	if len(own) == 0 {
		proven = [2]int{len(r.services), len(r.rewriters)}
	}
	r.index()
	for _, s := range r.services[:proven[0]] {
		for _, e := range r.checkService(s) {
			faults = append(faults, &RuleError{File: s.file, Line: e.line, Rule: "service " + s.id, Err: e.err})
		}
	}
	for _, w := range r.rewriters[:proven[1]] {
		for _, e := range r.checkRewriter(w) {
			faults = append(faults, &RuleError{File: w.file, Line: e.line, Rule: "rewriter " + w.id, Err: e.err})
		}
	}
	return r, errors.Join(faults...)
}

func (r *ruleset) index() {
	for _, s := range r.services {
		for _, g := range s.groups {
			for _, host := range g.hosts {
				r.indexGroup(host, g)
			}
		}
		for _, d := range s.dial {
			r.indexDial(d)
		}
	}
	for _, w := range r.rewriters {
		for _, host := range w.hosts {
			name, below := strings.CutPrefix(host, "*.")
			switch {
			case host == "*":
				first, _ := nextPart(lowerASCII(w.path))
				r.rewriteAny[first] = append(r.rewriteAny[first], w)
			case below:
				h := r.host(name)
				h.rewrites = append(h.rewrites, w)
			case strings.HasSuffix(host, ".*"):
				r.rewritePrefix[host[:len(host)-2]] = append(r.rewritePrefix[host[:len(host)-2]], w)
			default:
				h := r.host(name)
				h.rewriters = append(h.rewriters, w)
			}
		}
	}
}

// host is the place for what is known of a host.
func (r *ruleset) host(name string) *hostRules {
	if r.hosts[name] == nil {
		r.hosts[name] = &hostRules{}
		r.topLevel = r.topLevel || !strings.Contains(name, ".")
	}
	return r.hosts[name]
}

func (r *ruleset) indexGroup(host string, g *group) {
	switch {
	case host == "*":
		for _, j := range g.join {
			key := j.literal()
			r.anywhere[key] = append(r.anywhere[key], groupRule{g, j})
		}
	case strings.HasPrefix(host, "*."):
		h := r.host(host[2:])
		h.below = append(h.below, g)
	case strings.HasSuffix(host, ".*"):
		r.prefix[host[:len(host)-2]] = append(r.prefix[host[:len(host)-2]], g)
	case host[0] == '*':
		word := host[1 : len(host)-1]
		r.inside = append(r.inside, insideGroup{word, g})
		r.insides.add(trigram(word[0], word[1], word[2]))
	default:
		h := r.host(host)
		h.groups = append(h.groups, g)
	}
}

// literal is the literal one of a pattern's first two parts, by which rules for
// any host are found.
func (p *pattern) literal() string {
	for _, seg := range p.path[:min(2, len(p.path))] {
		if len(seg) == 1 && seg[0].class == nil {
			return lowerASCII(seg[0].literal)
		}
	}
	return ""
}

func (r *ruleset) indexDial(d *dialHost) {
	name, below := strings.CutPrefix(d.host, "*.")
	user, anyHost := strings.CutSuffix(d.host, "@*")
	switch {
	case anyHost && r.dialUser[user] == nil:
		r.dialUser[user] = d
	case anyHost:
	case below && r.host(name).dialBelow == nil:
		r.host(name).dialBelow = d
	case !below && r.host(name).dial == nil:
		r.host(name).dial = d
	}
}

// lineFault is a fault and where in its file it is.
type lineFault struct {
	line int
	err  error
}

func (r *ruleset) checkService(s *service) (faults []lineFault) {
	fault := func(line int, format string, args ...any) {
		faults = append(faults, lineFault{line, fmt.Errorf(format, args...)})
	}
	for _, g := range s.groups {
		if slices.Contains(g.hosts, "*") {
			for _, j := range g.join {
				if j.literal() == "" {
					fault(j.line, "join %s: for any host, one of the first two parts of the path must be literal", j.text)
				}
			}
		}
		if len(g.join) == 0 {
			fault(s.line, "host %s has no join line", strings.Join(g.hosts, " "))
		}
	}
	if len(s.groups) > 0 && (len(s.meetings) == 0 || len(s.others) == 0) {
		fault(s.line, "it needs an example of a meeting (is) and of a link that is none (isnt)")
	}
	for _, e := range s.meetings {
		v, ok := r.judge(e.url, s)
		switch {
		case !ok:
			fault(e.line, "%s is not recognised", e.url)
		case v.group.service.id != s.id:
			fault(e.line, "%s is recognised as %s", e.url, v.group.service.id)
		case v.number != e.number:
			fault(e.line, "%s gives the number %q, not %q", e.url, v.number, e.number)
		}
	}
	for _, e := range s.others {
		if v, ok := r.judge(e.url, s); ok {
			fault(e.line, "%s is recognised as %s by %s", e.url, v.group.service.id, v.rule.text)
		}
	}
	return faults
}

// judge classifies an example in a text that says what its own service needs,
// and nothing that another does.
func (r *ruleset) judge(url string, s *service) (verdict, bool) {
	l, ok := splitLink(url)
	if !ok {
		return verdict{}, false
	}
	return r.classify(&l, exampleText{s})
}

// exampleText stands for a text that says what one service asks for.
type exampleText struct{ *service }

func (e exampleText) says(g *group) bool {
	return slices.ContainsFunc(e.groups, func(own *group) bool { return slices.Equal(own.near, g.near) })
}

func (r *ruleset) checkRewriter(w *rewriter) (faults []lineFault) {
	fault := func(line int, format string, args ...any) {
		faults = append(faults, lineFault{line, fmt.Errorf(format, args...)})
	}
	if slices.Contains(w.hosts, "*") && len(w.path) < 4 {
		fault(w.line, "for any host, it needs a path")
	}
	if w.how == "suffix" && slices.ContainsFunc(w.hosts, func(h string) bool { return !strings.HasPrefix(h, "*.") }) {
		fault(w.line, "undo suffix: hosts are written *.SUFFIX")
	}
	if w.how == "" || len(w.hosts) == 0 || len(w.examples) == 0 {
		fault(w.line, "it needs a host, an undo and an example")
	}
	for _, e := range w.examples {
		var u unwrapped
		ok := u.split(e.wrapped) && r.unwrap(&u)
		got := u.raw
		if !ok {
			got = u.hint
		}
		if got != e.target {
			fault(e.line, "%s gives %q, not %q", e.wrapped, got, e.target)
		}
	}
	return faults
}

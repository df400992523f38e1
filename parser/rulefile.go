package parser

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RuleFile is a file of rules in the form that services/README.md explains.
type RuleFile struct {
	Name string // for error texts
	Text string
}

// RuleError is one fault of a rule file.
type RuleError struct {
	File string
	Line int
	Rule string // the service or rewriter it belongs to, may be empty
	Err  error
}

func (e *RuleError) Error() string {
	if e.Rule == "" {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d: %s: %v", e.File, e.Line, e.Rule, e.Err)
}

func (e *RuleError) Unwrap() error { return e.Err }

// Directives, for error texts.
const (
	serviceDirectives = "name, host, dial, dial-second, gateway, words, spoken, labelled, pin, phone, nonumber, is, isnt"
	hostDirectives    = "join, deny, not, number, passcode, near, port, weak"
)

// mostFaults bounds what is told of a file that is no file of rules.
const mostFaults = 50

// ruleReader reads one file, line by line.
type ruleReader struct {
	file     string
	line     int
	rules    *ruleset
	service  *service
	group    *group
	rewriter *rewriter
	faults   []error
}

// read adds a file's rules to the set and gives every fault of the file.
func (r *ruleset) read(file RuleFile) []error {
	rr := ruleReader{file: file.Name, rules: r}
	for line := range strings.Lines(file.Text) {
		rr.line++
		words := strings.Fields(strings.TrimPrefix(line, "\ufeff"))
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := rr.directive(words[0], words[1:]); err != nil {
			rr.fault(rr.line, err)
		}
		if len(rr.faults) == mostFaults {
			rr.fault(rr.line, errors.New("too many faults, the rest was not read"))
			break
		}
	}
	return rr.faults
}

func (r *ruleReader) fault(line int, err error) {
	e := &RuleError{File: r.file, Line: line, Err: err}
	switch {
	case r.service != nil:
		e.Rule = "service " + r.service.id
	case r.rewriter != nil:
		e.Rule = "rewriter " + r.rewriter.id
	}
	r.faults = append(r.faults, e)
}

func (r *ruleReader) directive(word string, args []string) error {
	flag := word == "labelled" || word == "pin" || word == "phone" || word == "nonumber" || word == "port" || word == "weak"
	switch {
	case flag && len(args) > 0:
		return fmt.Errorf("%s stands alone", word)
	case !flag && len(args) == 0:
		return fmt.Errorf("%s needs something after it", word)
	}
	switch word {
	case "service":
		return r.startService(args)
	case "rewriter":
		return r.startRewriter(args)
	case "page":
		for _, part := range args {
			r.rules.pages[lowerASCII(part)] = true
		}
		return nil
	case "mailhost":
		for _, host := range args {
			if first, any := strings.CutSuffix(lowerASCII(host), ".*"); any {
				r.rules.mailPrefix[first] = true
			} else {
				r.rules.mailHosts[first] = true
			}
		}
		return nil
	}
	switch {
	case r.rewriter != nil:
		return r.rewriterDirective(word, args)
	case r.service == nil:
		return fmt.Errorf("%s before the first service: want a line service NAME above it", word)
	}
	if known, err := r.serviceDirective(word, args); known {
		return err
	}
	if r.group == nil {
		if slices.Contains(strings.Split(hostDirectives, ", "), word) {
			return fmt.Errorf("%s needs a host line before it", word)
		}
		return fmt.Errorf("%q is no directive: want %s, or below a host line %s", word, serviceDirectives, hostDirectives)
	}
	return r.groupDirective(word, args)
}

func (r *ruleReader) startService(args []string) error {
	r.service, r.group, r.rewriter = &service{id: args[0], name: args[0], file: r.file, line: r.line}, nil, nil
	if len(args) > 1 || lowerASCII(args[0]) != args[0] {
		return errors.New("a service's name is one word in lower case")
	}
	for _, s := range r.rules.services {
		if s.id == args[0] && s.file == r.file {
			return fmt.Errorf("it is there twice, first in line %d", s.line)
		}
	}
	r.rules.services = append(r.rules.services, r.service)
	return nil
}

func (r *ruleReader) startRewriter(args []string) error {
	r.service, r.group = nil, nil
	r.rewriter = &rewriter{id: args[0], name: args[0], file: r.file, line: r.line}
	r.rules.rewriters = append(r.rules.rewriters, r.rewriter)
	return nil
}

// serviceDirective handles what belongs to a service as a whole.
func (r *ruleReader) serviceDirective(word string, args []string) (known bool, err error) {
	s := r.service
	switch word {
	case "name":
		s.name = strings.Join(args, " ")
	case "words":
		s.words = append(s.words, commaList(args)...)
	case "spoken":
		if _, err := fmt.Sscanf(args[0], "%d-%d", &s.spoken[0], &s.spoken[1]); err != nil || s.spoken[0] < 5 || s.spoken[1] < s.spoken[0] {
			return true, fmt.Errorf("%q: the count of digits is written 9-11", args[0])
		}
	case "labelled":
		s.labelled = true
	case "pin":
		s.pin = true
	case "phone":
		s.phone = true
	case "nonumber":
		s.nonumber = true
	case "dial", "dial-second":
		for _, host := range args {
			s.dial = append(s.dial, &dialHost{service: s, host: lowerASCII(host), second: word == "dial-second"})
		}
	case "gateway":
		switch args[0] {
		case "video.tenant", "tenant.video", "video":
		default:
			return true, fmt.Errorf("%q: the parts are written video.tenant, tenant.video or video", args[0])
		}
		for _, host := range args[1:] {
			s.dial = append(s.dial, &dialHost{service: s, host: lowerASCII(host), gateway: args[0]})
		}
	case "is", "isnt":
		e := example{url: args[0], line: r.line}
		if len(args) > 1 {
			e.number = args[1]
		}
		if len(args) > 2 || word == "isnt" && len(args) > 1 {
			return true, fmt.Errorf("%q: one link a line, and its number", args[len(args)-1])
		}
		if word == "is" {
			s.meetings = append(s.meetings, e)
		} else {
			s.others = append(s.others, e)
		}
	case "host":
		r.group = &group{service: s}
		s.groups = append(s.groups, r.group)
		return true, r.hosts(&r.group.hosts, args)
	default:
		return false, nil
	}
	return true, nil
}

// groupDirective handles what belongs to the hosts named last.
func (r *ruleReader) groupDirective(word string, args []string) error {
	g := r.group
	switch word {
	case "not":
		for _, host := range args {
			list := &g.not
			if strings.Contains(host, "*") {
				list = &g.notLike
			}
			if err := r.hosts(list, []string{host}); err != nil {
				return err
			}
		}
	case "join", "deny":
		for _, text := range args {
			p, err := parsePattern(text)
			if err != nil {
				return fmt.Errorf("%s %s: %w", word, text, err)
			}
			if word == "join" {
				g.join = append(g.join, &rule{p, r.line})
			} else {
				g.deny = append(g.deny, &rule{p, r.line})
			}
		}
	case "number":
		g.number = append(g.number, args...)
	case "passcode":
		g.passes = append(g.passes, args...)
	case "near":
		g.near = append(g.near, commaList(args)...)
	case "port":
		g.port = true
	case "weak":
		g.weak = true
	default:
		return fmt.Errorf("%q is no directive: want %s, or %s", word, hostDirectives, serviceDirectives)
	}
	return nil
}

func (r *ruleReader) rewriterDirective(word string, args []string) error {
	w := r.rewriter
	switch word {
	case "name":
		w.name = strings.Join(args, " ")
	case "host":
		return r.hosts(&w.hosts, args)
	case "path":
		w.path = args[0]
	case "undo":
		w.how, w.names = args[0], args[1:]
		switch w.how {
		case "query", "base64", "proofpoint2", "hint":
			if len(w.names) == 0 {
				return fmt.Errorf("undo %s needs the name of a query parameter", w.how)
			}
		case "path", "proofpoint3", "fence", "suffix":
		default:
			return fmt.Errorf("%q is no way to undo", w.how)
		}
	case "is":
		if len(args) != 2 {
			return errors.New("is takes the link as it comes and the link it stands for")
		}
		w.examples = append(w.examples, rewriteExample{args[0], args[1], r.line})
	default:
		return fmt.Errorf("%q is no directive of a rewriter: want name, host, path, undo, is", word)
	}
	return nil
}

func (r *ruleReader) hosts(list *[]string, args []string) error {
	for _, host := range args {
		host = lowerASCII(host)
		bare := strings.TrimPrefix(strings.TrimSuffix(host, ".*"), "*.")
		if len(host) > 2 && host[0] == '*' && host[len(host)-1] == '*' {
			if bare = host[1 : len(host)-1]; len(bare) < 3 {
				return fmt.Errorf("%q: three letters at least, or it fits too much", host)
			}
		}
		if host != "*" && (bare == "" || strings.ContainsAny(bare, "*/:@")) {
			return fmt.Errorf("%q: a host is written zoom.us, *.zoom.us, meet.*, *jitsi* or *", host)
		}
		*list = append(*list, host)
	}
	return nil
}

// commaList is what stands between commas, in lower case.
func commaList(args []string) (list []string) {
	for item := range strings.SplitSeq(strings.Join(args, " "), ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, strings.ToLower(item))
		}
	}
	return list
}

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
		if i := slices.IndexFunc(words, isComment); i >= 0 {
			words = words[:i]
		}
		if len(words) == 0 {
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

// isComment reports whether a word begins a comment. A # within one belongs to the rule: addresses have fragments.
func isComment(word string) bool { return strings.HasPrefix(word, "#") }

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
	case "blank":
		for _, part := range args {
			r.rules.blank(lowerASCII(part))
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

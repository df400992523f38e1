package parser

import (
	"errors"
	"fmt"
	"strings"
)

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

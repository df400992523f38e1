package parser

import "strings"

// knownHost is what the rules say of a host by its name.
type knownHost struct {
	groups              []*group // of the closest of its names
	rewriters, rewrites []*rewriter
}

// known walks up a host's name, a label at a time. The last one alone is no host.
func (r *ruleset) known(host string) (k knownHost) {
	if h := r.hosts[host]; h != nil {
		k.groups, k.rewriters = h.groups, h.rewriters
	}
	for at := strings.IndexByte(host, '.'); at >= 0; {
		host = host[at+1:]
		if at = strings.IndexByte(host, '.'); at < 0 && !r.topLevel {
			return k
		}
		h := r.hosts[host]
		if h == nil {
			continue
		}
		if k.groups == nil {
			k.groups = h.below
		}
		if k.rewrites == nil {
			k.rewrites = h.rewrites
		}
	}
	return k
}

// groupsOf is the groups of rules that a host is named in.
func (r *ruleset) groupsOf(host string) []*group { return r.known(host).groups }

// hostFits reports whether host is what a rule's host says: a name, "*.zoom.us",
// "meet.*", "*jitsi*" or "*".
func hostFits(rule, host string) bool {
	switch {
	case rule == "*":
		return true
	case strings.HasPrefix(rule, "*.") && len(rule) > 2:
		return strings.HasSuffix(host, rule[1:])
	case strings.HasSuffix(rule, ".*"):
		return strings.HasPrefix(host, rule[:len(rule)-1])
	case len(rule) > 2 && rule[0] == '*' && rule[len(rule)-1] == '*':
		return strings.Contains(host, rule[1:len(rule)-1])
	}
	return rule == host
}

// dialled is what the rules know of the host, or the user, of an address.
func (r *ruleset) dialled(user, host string) *dialHost {
	if h := r.hosts[host]; h != nil && h.dial != nil {
		return h.dial
	}
	_, parent, ok := strings.Cut(host, ".")
	for ; ok; _, parent, ok = strings.Cut(parent, ".") {
		if h := r.hosts[parent]; h != nil && h.dialBelow != nil {
			return h.dialBelow
		}
	}
	return r.dialUser[user]
}

// mail reports whether a host is one where people have mailboxes only.
func (r *ruleset) mail(host string) bool {
	if first, _ := cutByte(host, '.'); r.mailPrefix[first] {
		return true
	}
	for host != "" {
		if r.mailHosts[host] {
			return true
		}
		_, host = cutByte(host, '.')
	}
	return false
}

// imitates reports whether a host that no rule names starts with the whole name
// of one that joins meetings, as "zoom.us.example.net" does.
func (r *ruleset) imitates(host string) bool {
	for at, labels := 0, 0; ; labels++ {
		dot := strings.IndexByte(host[at:], '.')
		if dot < 0 {
			return false
		}
		at += dot
		if labels > 0 && r.groupsOf(host[:at]) != nil {
			return true
		}
		at++
	}
}

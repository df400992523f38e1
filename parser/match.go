package parser

import "strings"

// match reports whether a link's path, query and fragment fit, and the number
// that stands where the pattern says {number}.
func (p *pattern) match(l *link) (number string, ok bool) {
	number, ok = p.fits(&l.route)
	if !ok || p.fragment == nil {
		return number, ok
	}
	if l.fragment == "" {
		return "", false
	}
	var inner route
	if end := inner.cut(l.fragment); end < len(l.fragment) {
		inner.query = l.fragment[end+1:]
	}
	n, ok := p.fragment.fits(&inner)
	if n != "" {
		number = n
	}
	return number, ok
}

// mayFit tells most links off at little cost.
func (p *pattern) mayFit(l *link) bool {
	return (p.lead == 0 || p.lead == l.lead) && p.spans(l.count)
}

// spans reports whether a path of so many parts may fit.
func (p *pattern) spans(parts int) bool {
	return parts == len(p.path) || parts > len(p.path) && p.rest
}

func (p *pattern) fits(r *route) (number string, ok bool) {
	if !p.spans(r.count) {
		return "", false
	}
	for i, seg := range p.path {
		n, ok := seg.match(r.parts[i])
		if !ok {
			return "", false
		}
		if n != "" {
			number = n
		}
	}
	for _, q := range p.query {
		v, present := lookup(r.query, q.name)
		n, ok := q.value.match(v)
		if !present || !ok {
			return "", false
		}
		if n != "" {
			number = n
		}
	}
	return number, true
}

// open reports whether a path starts with what anybody may have chosen.
func (p *pattern) open() bool {
	return len(p.path) > 0 && len(p.path[0]) == 1 && p.path[0][0].class != nil && !p.path[0][0].number
}

// nextPart cuts the first part that is not empty off a path.
func nextPart(path string) (part, rest string) {
	for path != "" && path[0] == '/' {
		path = path[1:]
	}
	end := strings.IndexByte(path, '/')
	if end < 0 {
		end = len(path)
	}
	return path[:end], path[end:]
}

// match takes as many characters for each piece as it may have, and never goes
// back: a class must not be followed by what it holds itself.
func (s segment) match(part string) (number string, ok bool) {
	if len(s) == 0 {
		return "", true
	}
	for _, p := range s {
		if p.class == nil {
			if !hasPrefixFold(part, p.literal) {
				return "", false
			}
			part = part[len(p.literal):]
			continue
		}
		n, count := 0, 0
		for n < len(part) && count < p.max && p.class.holds[part[n]] {
			if !p.number || isDigit(part[n]) { // hyphens in a number do not count
				count++
			}
			n++
		}
		if count < p.min {
			return "", false
		}
		if p.number {
			number = digitsOf(part[:n])
		}
		part = part[n:]
	}
	return number, part == ""
}

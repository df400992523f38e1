package parser

// spoken finds a meeting that a text gives by its service's name and a labelled
// number, without any link or address: those were lost, or never there.
func (p *Parser) spoken(texts ...*reader) (result Result) {
	const reach = 16 << 10
	for _, r := range texts {
		to := min(len(r.text), reach)
		number, at := p.number(r.text, 0, to, nil, "")
		if number == "" || r.notYet {
			continue
		}
		s := p.named(r.text, at)
		if s == nil || len(number) < s.spoken[0] || len(number) > s.spoken[1] {
			continue
		}
		result.Provider, result.MeetingNumber = s.id, number
		if result.Passcode = p.passcode(r.text, at, to, s, number); result.Passcode == "" {
			result.Passcode = p.passcode(r.text, max(0, at-readBefore), at, s, number)
		}
		return result
	}
	return result
}

// named is the service that a text names last before a place.
func (p *Parser) named(text string, at int) (named *service) {
	const reach = 600
	text = text[max(0, at-reach):at]
	last := -1
	for _, s := range p.rules.services {
		if s.spoken[1] == 0 {
			continue
		}
		for _, word := range s.words {
			if found := lastFold(text, word); found > last && standsAlone(text, found, found+len(word)) {
				last, named = found, s
			}
		}
	}
	return named
}

// lastFold is strings.LastIndex for a lower-case word in any ASCII letter case.
func lastFold(s, word string) int {
	for i := len(s) - len(word); i >= 0; i-- {
		if hasPrefixFold(s[i:], word) {
			return i
		}
	}
	return -1
}

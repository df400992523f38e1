package parser

import "strings"

// dialLink reads a sip:, sips: or h323: address. Parameters and headers are left
// out; a device needs none.
func (r *reader) dialLink(start, at int, h323 bool) int {
	end := at
	for end < len(r.text) && (userBytes[r.text[end]] || strings.IndexByte("@#:*", r.text[end]) >= 0) {
		end++
	}
	address := unglued(strings.Trim(r.text[at:end], ".:-_+%"))
	if len(address) > longestUser+longestHost {
		return end
	}
	user, host, ok := strings.Cut(address, "@")
	bare, _, _ := strings.Cut(host, ":")
	if ok && (user == "" || !plainHost(bare)) || !ok && !(h323 && plainHost(strings.Split(address, "#")[0])) {
		return max(at, end)
	}
	f := finding{at: start, end: end, sip: address, h323: h323, rule: "sip address"}
	if h323 {
		f.rule = "h323 address"
	}
	if d := r.rules.dialled(lowerASCII(user), lowerASCII(bare)); d != nil {
		f.service, f.second, f.gateway = d.service, d.second, d.gateway
	}
	if len(r.found) < most {
		r.found = append(r.found, f)
	}
	return end
}

// twoHashes reads what is typed into an H.323 device: "10.1.2.3##4711".
func (r *reader) twoHashes(i int) int {
	if !strings.HasPrefix(r.text[i:], "##") {
		return i + 1
	}
	start, end := i, i+len("##")
	for start > r.done && i-start < len("255.255.255.255") && (isDigit(r.text[start-1]) || r.text[start-1] == '.') {
		start--
	}
	for end < len(r.text) && isDigit(r.text[end]) {
		end++
	}
	host, digits := r.text[start:i], end-i-len("##")
	if strings.Count(host, ".") != 3 || !plainHost(host) || digits < 3 || digits > 12 || len(r.found) >= most ||
		start > 0 && (isAlnum(r.text[start-1]) || r.text[start-1] == '.') {
		return i + 1
	}
	r.found = append(r.found, finding{at: start, end: end, sip: r.text[start:end], h323: true, rule: "h323 address", second: true})
	return end
}

// tones keeps the digits that a telephone link keys in after it was answered,
// as in "+1-650-555-0100,,*01*615734219%23%23*01*".
func (r *reader) tones(number string, at, end int) {
	_, keyed, ok := strings.Cut(number, ",")
	if !ok || len(r.found) >= most {
		return
	}
	keyed = strings.TrimPrefix(strings.TrimLeft(keyed, ",;"), "*01*")
	digits := 0
	for digits < len(keyed) && isDigit(keyed[digits]) {
		digits++
	}
	if digits >= 6 && digits <= 12 {
		r.found = append(r.found, finding{at: at, end: end, rule: "keyed in on a telephone", number: keyed[:digits], tone: true})
	}
}

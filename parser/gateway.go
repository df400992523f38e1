package parser

import "strings"

// complete puts the address of a video gateway together: the tenant is in the
// address that was found, the meeting in the number labelled behind it.
func (r *reader) complete(f *finding) bool {
	const reach = 200
	if f.gateway == "done" {
		return true
	}
	order := f.gateway
	f.gateway = "done"
	to := min(len(r.text), f.end+reach)
	for i := f.end; i < to; {
		if !isDigit(r.text[i]) {
			i++
			continue
		}
		end := digitsEnd(r.text, i, to)
		if video := digitsOf(r.text[i:end]); len(video) >= 6 && len(video) <= 15 && standsAsNumber(r.text, i, end, nil) {
			f.sip = joinGateway(order, video, f.sip)
			return true
		}
		i = end
	}
	return order != "video"
}

// joinGateway writes a gateway's address as a device dials it at once. Dialled
// without the meeting's number it asks for that (Webex: <video>.<tenant>@m.webex.com,
// Poly and BlueJeans: <tenant>.<video>@host, Pexip: <video>@host).
func joinGateway(order, video, address string) string {
	user, host, _ := strings.Cut(address, "@")
	switch order {
	case "video.tenant":
		return video + "." + user + "@" + host
	case "tenant.video":
		return user + "." + video + "@" + host
	}
	return video + "@" + host
}

// gatewayLink reads the page that tells how to dial a gateway, which names the
// same parts in its query.
func (r *reader) gatewayLink(l *link) (finding, bool) {
	if l.host != "www.webex.com" || l.query == "" {
		return finding{}, false
	}
	tenant, video, host := value(l.query, "tenantkey"), value(l.query, "confid"), value(l.query, "domain")
	if tenant == "" || !allDigits(video) || video == "" || !plainHost(host) {
		return finding{}, false
	}
	d := r.rules.dialled(lowerASCII(tenant), lowerASCII(host))
	if d == nil || d.gateway == "" {
		return finding{}, false
	}
	return finding{
		service: d.service, rule: "link of the gateway at " + d.host, second: true, gateway: "done",
		sip: joinGateway(d.gateway, video, tenant+"@"+host),
	}, true
}

// ownGateway recognises the address of a gateway on a customer's own host by what
// Teams writes below it: the label of a video conference's number.
func (r *reader) ownGateway(end int) (finding, bool) {
	const reach = 120
	rest := r.text[end:min(len(r.text), end+reach)]
	label, value, ok := cutColon(rest)
	teams := r.rules.dialUser["teams"]
	if !ok || teams == nil || r.words.means(label)&meansVideo == 0 || !r.event.says(teams.service.words) {
		return finding{}, false
	}
	value = strings.TrimLeft(value, " \t\r\n\u00a0\u200b")
	digits := digitsOf(value[:digitsEnd(value, 0, len(value))])
	return finding{service: teams.service, rule: "address above the number of a video conference"}, len(digits) >= 8 && len(digits) <= 12
}

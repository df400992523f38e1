package pages

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// guard keeps other sites that the operator's browser shows away from a page that has no login.
//
// A name that an attacker owns may lead to this machine, and his page then is of the same origin as ours: so only names that are ours
// are answered. An IP address is nobody's to lead elsewhere. What another site's page asks for under our own name the browser marks
// (Sec-Fetch-Site, Origin). Programs that are no browsers send neither, and are as trusted as whoever reaches the address.
type guard struct {
	names  []string // in lower case
	origin *http.CrossOriginProtection
	next   http.Handler
}

// newGuard answers to some names besides IP addresses, localhost and what the machine calls itself.
func newGuard(names []string, next http.Handler) guard {
	g := guard{origin: http.NewCrossOriginProtection(), next: next}
	machine, _ := os.Hostname()
	short, _, _ := strings.Cut(machine, ".")
	for _, name := range append([]string{"localhost", machine, short}, names...) {
		if name != "" {
			g.names = append(g.names, strings.ToLower(name))
		}
	}
	return g
}

// ServeHTTP implements [http.Handler].
func (g guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !g.ours(r.Host):
		fail(w, r, http.StatusForbidden, fmt.Errorf("%q is no name of this page: if it is, put it into SYNCD_LISTEN_HOSTS (listen_hosts)", hostOf(r.Host)))
	case g.origin.Check(r) != nil, fetchedByOthers(r):
		fail(w, r, http.StatusForbidden, errForeign)
	default:
		g.next.ServeHTTP(w, r)
	}
}

var errForeign = errors.New("another site asked for this. Where a proxy stands in front of this page it has to pass on the Host header, and the name belongs into SYNCD_LISTEN_HOSTS (listen_hosts)")

// ours reports whether the host that a request names is one that is answered to.
func (g guard) ours(hostport string) bool {
	host := hostOf(hostport)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.Contains(g.names, host)
}

// hostOf is a host in lower case, without port, brackets and the point at its end.
func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// fetchedByOthers reports what another site's page loads for itself, though it could not read it. A link to us may be followed.
func fetchedByOthers(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	}
	return r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

package simulator

import "slices"

// Secrets lists everything that this world has invented and that must not be seen anywhere outside of a request: access and refresh
// tokens, client secrets, host keys and host PINs. A test looks for them in Redis, logs, metrics and error texts.
func (w *World) Secrets() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for value := range w.tokens {
		all = append(all, value)
	}
	for value := range w.userRefresh {
		all = append(all, value)
	}
	for value := range w.webex.refresh {
		all = append(all, value)
	}
	for _, a := range w.webex.apps {
		all = append(all, a.secret)
	}
	for _, u := range w.webex.byID {
		all = append(all, u.hostKey, u.hostPin)
	}
	slices.Sort(all)
	return all
}

// Passwords lists the passwords of all meetings, in words and in digits: they may stand in events, and nowhere else.
func (w *World) Passwords() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, met := range w.webex.order {
		all = append(all, met.password, met.phonePassword)
	}
	return all
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// dates looks at the Date header of every answer, and so learns how far off our own clock is.
type dates struct {
	http.RoundTripper
	vendors []struct{ name, host string }

	mu   sync.Mutex
	skew map[string]skew // by vendor; guarded by mu
}

// skew is how far a vendor's clock is ahead of ours, give or take.
type skew struct{ ahead, unsure time.Duration }

func newDates(c *Config, next http.RoundTripper) *dates {
	d := &dates{RoundTripper: next, skew: map[string]skew{}}
	for _, v := range [][2]string{{"the login address", c.LoginURL}, {"Graph", c.GraphURL}, {"Webex", c.WebexURL}} {
		if u, err := url.Parse(v[1]); err == nil {
			d.vendors = append(d.vendors, struct{ name, host string }{v[0], u.Host})
		}
	}
	return d
}

// RoundTrip implements [http.RoundTripper].
func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	asked := time.Now()
	answer, err := d.RoundTripper.RoundTrip(r)
	if err == nil {
		d.note(r.URL.Host, answer.Header, asked, time.Now())
	}
	return answer, err
}

// CloseIdleConnections is looked for by http.Client.
func (d *dates) CloseIdleConnections() {
	if t, ok := d.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// note takes an answer's date. Of several the one that tells most counts. Whole seconds are all that the header has, and an answer out
// of some cache has an old one.
func (d *dates) note(host string, header http.Header, asked, answered time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return
	}
	const half = time.Second / 2
	took := answered.Sub(asked)
	now := skew{ahead: date.Add(half).Sub(asked.Add(took / 2)), unsure: took/2 + half}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, v := range d.vendors {
		if was, known := d.skew[v.name]; strings.EqualFold(v.host, host) && (!known || now.unsure < was.unsure) {
			d.skew[v.name] = now
		}
	}
}

// mostSkew is how far off a clock may be. Entra refuses assertions of the future or of the past beyond some minutes.
const mostSkew = 2 * time.Minute

// clock compares our clock with the vendors'.
func (d *doctor) clock(context.Context) finding {
	d.dates.mu.Lock()
	defer d.dates.mu.Unlock()
	var near, far []string
	for _, v := range d.dates.vendors {
		s, known := d.dates.skew[v.name]
		switch {
		case !known:
		case s.ahead.Abs()-s.unsure > mostSkew:
			direction := "behind"
			if s.ahead < 0 {
				direction = "ahead of"
			}
			far = append(far, fmt.Sprintf("%s %s %s's", s.ahead.Abs().Round(time.Second), direction, v.name))
		default:
			near = append(near, v.name+"'s")
		}
	}
	switch {
	case len(far) > 0:
		return failed(fmt.Errorf("this machine's clock is %s", strings.Join(far, ", ")), "set the clock (NTP): what is signed at a wrong time is refused")
	case len(near) > 0:
		return ok("agrees with %s, to within %s", strings.Join(near, ", "), mostSkew)
	}
	return skipped("no vendor answered")
}

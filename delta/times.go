package delta

import (
	"strconv"
	"strings"
	"time"
)

// Times is a list of times in the form in which it is stored: Unix seconds with blanks in between. It can be compared.
type Times string

// TimesOf writes times down.
func TimesOf(times []time.Time) Times {
	var out []byte
	for _, t := range times {
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = strconv.AppendInt(out, t.Unix(), 10)
	}
	return Times(out)
}

// List gives the times. What is no time is passed over, since operators edit by hand.
func (t Times) List() []time.Time {
	var out []time.Time
	for field := range strings.FieldsSeq(string(t)) {
		if n, err := strconv.ParseInt(field, 10, 64); err == nil {
			out = append(out, time.Unix(n, 0).UTC())
		}
	}
	return out
}

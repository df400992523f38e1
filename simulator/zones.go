package simulator

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a container without zone files must know Amsterdam too
)

//go:embed windowszones.txt
var windowsZoneTable string

// windowsZones maps the lower-case Windows name of a zone to its IANA name.
var windowsZones = sync.OnceValue(func() map[string]string {
	zones := map[string]string{}
	for line := range strings.Lines(windowsZoneTable) {
		if name, iana, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			zones[strings.ToLower(name)] = iana
		}
	}
	return zones
})

// location finds a time zone by its Windows or IANA name; "" is UTC.
func location(name string) (*time.Location, error) {
	switch {
	case name == "" || strings.EqualFold(name, "UTC") || name == "tzone://Microsoft/Utc":
		return time.UTC, nil
	case windowsZones()[strings.ToLower(name)] != "":
		name = windowsZones()[strings.ToLower(name)]
	case strings.EqualFold(name, "Local"):
		return nil, fmt.Errorf("no time zone %q", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("no time zone %q", name)
	}
	return loc, nil
}

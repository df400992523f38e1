package recurrence

import (
	_ "embed"
	"strings"
	"time"
	_ "time/tzdata" // a static binary in an empty container has no zone files
)

// windowsZones has a line "Windows name<TAB>IANA name" for each Windows zone, from CLDR (cldr/README.md).
//
//go:embed cldr/windows_zones.txt
var windowsZones string

// Zone finds the zone of a name as Graph and Exchange write them: a Windows name in any letter case, an IANA name,
// "UTC", "tzone://Microsoft/Utc". The IANA name is the one to tell Webex; it is "UTC" for UTC.
//
// A custom zone ("tzone://Microsoft/Custom", "Customized Time Zone") has rules that Graph does not tell: ZoneCustom. An empty
// name is ZoneMissing rather than UTC, because range.recurrenceTimeZone, originalStartTimeZone and start.timeZone stand
// in for each other in that order (recurrenceRange and event pages); the caller passes the first that is present.
func Zone(name string) (loc *time.Location, iana string, err error) {
	name = strings.TrimSpace(name)
	switch strings.ToLower(name) {
	case "":
		return nil, "", because(ZoneMissing, "no zone name")
	case "utc", "etc/utc", "tzone://microsoft/utc":
		return time.UTC, "UTC", nil
	case "tzone://microsoft/custom", "customized time zone":
		return nil, "", because(ZoneCustom, "%q", name)
	}
	iana, ok := fromWindows(name)
	if !ok {
		iana = name
	}
	if !loadable(iana) {
		return nil, "", because(ZoneUnknown, "%.80q", name)
	}
	if loc, err = time.LoadLocation(iana); err != nil {
		return nil, "", because(ZoneUnknown, "%.80q", name)
	}
	return loc, iana, nil
}

func fromWindows(name string) (iana string, ok bool) {
	for line := range strings.Lines(windowsZones) {
		windows, iana, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if strings.EqualFold(windows, name) {
			return iana, true
		}
	}
	return "", false
}

// loadable keeps out what the zone database holds besides zones, and the machine's own zone.
func loadable(iana string) bool {
	switch iana {
	case "Local", "localtime", "posixrules", "Factory":
		return false
	}
	return !strings.HasPrefix(iana, "posix/") && !strings.HasPrefix(iana, "right/")
}

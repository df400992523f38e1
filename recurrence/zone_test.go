package recurrence

import (
	"encoding/json"
	"errors"
	"flag"
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write cldr/windows_zones.txt from the CLDR file")

func TestTheTableIsWhatCLDRSays(t *testing.T) {
	raw, err := os.ReadFile("testdata/cldr/windowsZones.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Supplemental struct {
			WindowsZones struct {
				MapTimezones []struct {
					MapZone struct {
						Windows   string `json:"_other"`
						IANA      string `json:"_type"`
						Territory string `json:"_territory"`
					} `json:"mapZone"`
				} `json:"mapTimezones"`
			} `json:"windowsZones"`
		} `json:"supplemental"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range file.Supplemental.WindowsZones.MapTimezones {
		if m.MapZone.Territory == "001" {
			lines = append(lines, m.MapZone.Windows+"\t"+m.MapZone.IANA+"\n")
		}
	}
	slices.Sort(lines)
	want := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile("cldr/windows_zones.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if len(lines) < 139 {
		t.Errorf("CLDR file has %d Windows zones, want 139 or more", len(lines))
	}
	if windowsZones != want {
		t.Error("cldr/windows_zones.txt differs from the CLDR file; run with -update")
	}
}

func TestEveryWindowsNameLoadsAndKeepsItsIANAName(t *testing.T) {
	for line := range strings.Lines(windowsZones) {
		windows, want, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if want == "Etc/UTC" {
			want = "UTC"
		}
		for _, name := range []string{windows, strings.ToLower(windows), " " + strings.ToUpper(windows) + " "} {
			loc, iana, err := Zone(name)
			if err != nil || iana != want || loc.String() != want {
				t.Errorf("Zone(%q) = %v, %q, %v; want %q", name, loc, iana, err, want)
			}
		}
	}
}

func TestGoKnowsTheSameWindowsZones(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(build.Default.GOROOT, "src/time/zoneinfo_abbrs_windows.go"))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\t"([^"]+)":\s+\{"([^"]+)", "([^"]+)"\},\s+// (\S+)$`).FindAllStringSubmatch(string(source), -1)
	if len(rows) < 130 {
		t.Fatalf("found %d rows in Go's table; its form must have changed", len(rows))
	}
	for _, row := range rows {
		loc, _, err := Zone(row[1])
		if err != nil {
			t.Errorf("Go knows %q, Zone says %v", row[1], err)
			continue
		}
		theirs, err := time.LoadLocation(row[4])
		if err != nil {
			t.Fatal(err)
		}
		for month := time.January; month <= time.December; month++ {
			at := time.Date(2026, month, 15, 12, 0, 0, 0, time.UTC)
			_, a := at.In(loc).Zone()
			_, b := at.In(theirs).Zone()
			if a != b {
				t.Errorf("%s in %v: offset %d by CLDR, %d by Go (%s)", row[1], month, a, b, row[4])
			}
		}
	}
}

func TestNamesThatGraphUsesBesidesWindowsNames(t *testing.T) {
	for _, c := range []struct {
		name, iana string
		reason     Reason
	}{
		{"UTC", "UTC", ""},
		{"utc", "UTC", ""},
		{"Etc/UTC", "UTC", ""},
		{"tzone://Microsoft/Utc", "UTC", ""},
		{"Europe/Amsterdam", "Europe/Amsterdam", ""},
		{"Asia/Calcutta", "Asia/Calcutta", ""},
		{"America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires", ""},
		{"tzone://Microsoft/Custom", "", ZoneCustom},
		{"TZONE://microsoft/custom", "", ZoneCustom},
		{"Customized Time Zone", "", ZoneCustom},
		{"", "", ZoneMissing},
		{"  ", "", ZoneMissing},
		{"Local", "", ZoneUnknown},
		{"posixrules", "", ZoneUnknown},
		{"right/Europe/Amsterdam", "", ZoneUnknown},
		{"../../etc/passwd", "", ZoneUnknown},
		{"/etc/localtime", "", ZoneUnknown},
		{"Europe", "", ZoneUnknown},
		{"Atlantis Standard Time", "", ZoneUnknown},
		{strings.Repeat("x", 1<<16), "", ZoneUnknown},
		{"Europe/Amsterdam\x00", "", ZoneUnknown},
	} {
		loc, iana, err := Zone(c.name)
		if c.reason == "" {
			if err != nil || iana != c.iana || loc.String() != c.iana {
				t.Errorf("Zone(%q) = %v, %q, %v; want %q", c.name, loc, iana, err, c.iana)
			}
			continue
		}
		if !errors.Is(err, c.reason) || loc != nil || iana != "" {
			t.Errorf("Zone(%.40q) = %v, %q, %v; want %s", c.name, loc, iana, err, c.reason)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("Zone(%.40q): error of %d bytes", c.name, len(err.Error()))
		}
	}
}

func TestAnEmptyContainerHasZones(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(pkg.Imports, "time/tzdata") {
		t.Error("time/tzdata is not linked in")
	}
}

func BenchmarkZoneOfAWindowsName(b *testing.B) {
	for b.Loop() {
		if _, _, err := Zone("W. Europe Standard Time"); err != nil {
			b.Fatal(err)
		}
	}
}

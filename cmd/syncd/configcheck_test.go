package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"syncd/delta"
	"syncd/simulator"
)

func TestAllThatIsWrongComesInOneErrorBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{"run"}, {"sweep"}, {"sweep", "--plan"}, {"enroll", "bob@example.com"}} {
		t.Run(command[0], func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 411})
			mailboxes := s.path("mailboxes")
			s.must(os.WriteFile(mailboxes, []byte("# who\nalice@example.com\nbob@@example.com\n"), 0o600))
			s.must(os.WriteFile(s.path("open"), []byte("x"), 0o644))
			delete(s.env, "SYNCD_TENANT_ID")
			for name, value := range map[string]string{
				"SYNCD_SWEEP": "nope", "SYNCD_REDIS_URL": "redis://u:canary@h/abc", "SYNCD_WEBEX_TOKEN": "@/nowhere/token", "SYNCD_CA_FILE": "/nowhere/ca.pem",
				"SYNCD_CLIENT_CERTIFICATE": "/nowhere/app.pem", "SYNCD_KEY_FILE": s.path("open"), "SYNCD_MAILBOXES": "@" + mailboxes,
				"SYNCD_WINDOW_AHEAD": "1825", "SYNCD_SWEEP_HINTED": "@every 1h", "SYNCD_BOGUS": "1",
				"HTTPS_PROXY": "http://u:canary%zz@h:1",
			} {
				s.env[name] = value
			}
			got := s.syncd(command...)
			for _, want := range []string{
				"tenant_id (SYNCD_TENANT_ID) is not set", "sweep is \"nope\"", "redis_url: after the host", "webex_token: cannot read the file it names",
				"take one of the two", "ca_file: open /nowhere/ca.pem", "client_certificate: open /nowhere/app.pem", "open can be read by others",
				"line 3: \"bob@@example.com\" is no address", "are 1826 days together", "sweep_hinted (SYNCD_SWEEP_HINTED) needs", "unknown variable SYNCD_BOGUS",
				"HTTPS_PROXY is no address of a proxy",
			} {
				if strings.Count(got.err, want) != 1 {
					t.Errorf("%q is said %d times", want, strings.Count(got.err, want))
				}
			}
			if got.code != exitUsage || got.out != "" || strings.Contains(got.err, "serves") || strings.Contains(got.err, "canary") || strings.Contains(got.err, "for Webex") {
				t.Errorf("exit code %d, printed %q", got.code, got.out)
			}
			if _, err := os.Stat(s.path("state")); !os.IsNotExist(err) {
				t.Errorf("the state folder: %v", err)
			}
			if t.Failed() {
				t.Log(got.err)
			}
		})
	}
}

func TestWithoutAnySettingEachOneThatIsMissingIsTold(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"run", "sweep"} {
		s := newSite(t, simulator.Options{})
		s.env = map[string]string{"SYNCD_STATE_DIR": s.path("state"), "SYNCD_LISTEN": "127.0.0.1:0"}
		got := s.syncd(command)
		for _, want := range []string{"tenant_id (SYNCD_TENANT_ID) is not set", "client_id (SYNCD_CLIENT_ID) is not set", "for Webex", "client_certificate (SYNCD_CLIENT_CERTIFICATE) is not set"} {
			if !strings.Contains(got.err, want) {
				t.Errorf("missing: %s", want)
			}
		}
		if _, err := os.Stat(s.path("state")); got.code != exitUsage || strings.Contains(got.err, "serves") || !os.IsNotExist(err) {
			t.Errorf("%s: %+v, state folder %v", command, got, err)
		}
		if shown := s.syncd("config"); shown.code != 0 {
			t.Errorf("config, of what is merely missing: %+v", shown)
		}
	}
}

func TestConfigTellsContradictions(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{})
	s.env["SYNCD_WEBEX_TOKEN"], s.env["SYNCD_WEBEX_CLIENT_SECRET"] = "canary", ""
	got := s.syncd("config")
	if got.code != exitUsage || !strings.Contains(got.err, "take one of the two") || strings.Contains(got.err, "canary") {
		t.Errorf("%+v", got)
	}
	s.env["SYNCD_WEBEX_TOKEN"] = ""
	if got := s.syncd("config"); got.code != exitUsage || !strings.Contains(got.err, "of a Service App are needed") {
		t.Errorf("half a Service App: %+v", got)
	}
	s.env["SYNCD_REDIS_URL"], s.env["SYNCD_WEBEX_CLIENT_SECRET"] = "redis://h?nonsense=canary", "x"
	if got := s.syncd("config"); got.code != exitUsage || strings.Count(got.err, "redis_url") != 1 || !strings.Contains(got.err, "unknown option: nonsense") || strings.Contains(got.err, "canary") {
		t.Errorf("redis_url: %+v", got)
	}
}

func TestWhatIsGivenAndCannotBeReadIsNotCalledMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t, simulator.Options{})
	file := s.path("syncd.yaml")
	s.must(os.WriteFile(s.path("empty"), nil, 0o600))
	s.must(os.WriteFile(file, []byte("tenant_id: [a]\nclient_id: \"\"\nwebex_token: '@"+s.path("empty")+"'\nnotification_url: http://a\nsweep_hinted: '@every 1h'\nwebhook_listen: ':1'\n"), 0o600))
	s.env = map[string]string{"SYNCD_STATE_DIR": s.path("state")}
	got := s.syncd("--config", file, "sweep")
	for _, want := range []string{"tenant_id: want one value", "client_id (SYNCD_CLIENT_ID) is not set", "the file it names is empty", `notification_url is "http://a"`} {
		if !strings.Contains(got.err, want) {
			t.Errorf("missing: %s", want)
		}
	}
	for _, not := range []string{"tenant_id (SYNCD_TENANT_ID) is not set", "for Webex", "needs"} {
		if strings.Contains(got.err, not) {
			t.Errorf("it also says %q", not)
		}
	}
	none := s.syncd("--config", s.path("nowhere.yaml"), "sweep")
	if none.code != exitUsage || strings.Contains(none.err, "is not set:") || !strings.Contains(none.err, "configuration file: open") {
		t.Errorf("of a file that is not there: %s", none.err)
	}
	if t.Failed() {
		t.Log(got.err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	file := t.TempDir() + "/token"
	if err := os.WriteFile(file, []byte("canary-token\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, environ := range [][]string{
		{"SYNCD_WEBEX_TOKEN=@" + file, "SYNCD_REDIS_URL=redis://user:canary-password@host:6379"},
		{"SYNCD_WEBEX_CLIENT_ID=x", "SYNCD_WEBEX_CLIENT_SECRET=canary-secret", "SYNCD_WEBEX_REFRESH_TOKEN=canary-refresh"},
		{"SYNCD_REDIS_URL=redis://canary:canary@host:6379?master_name=shown&password=canary&username=u"},
		{"SYNCD_REDIS_URL=redis://host?master_name=shown&p%61ssword=canary&sentinel_password=canary"},
		{"SYNCD_REDIS_URL=redis://host?master_name=shown&password=canary@canary"},
		{"SYNCD_NOTIFICATION_URL=https://hooks.example.com/shown?code=1&Token=canary"},
		{"SYNCD_NOTIFICATION_URL=EventHub:https://a.servicebus.windows.net/eventhubname/h?tenantId=x&client_secret=canary"},
	} {
		c, values, err := loadConfig("", environ)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range inForce(c, values) {
			if strings.Contains(strings.Join(line[:], " "), "canary") {
				t.Errorf("shown: %v", line)
			}
		}
	}
	for url, want := range map[string]string{
		"redis://u:p@h:1/2?master_name=m&password=p&pool_size=3": "redis://***@h:1/2?master_name=m&password=***&pool_size=3",
		"unix:///run/redis.sock?db=1":                            "unix:///run/redis.sock?db=1",
		"embedded":                                               "embedded",
	} {
		if got := masked("redis_url", url); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
	for _, bad := range []string{
		"SYNCD_REDIS_URL=http://user:canary-password@host", "SYNCD_GRAPH_URL=https://user:canary@host", "SYNCD_GRAPH_URL=http://u:can/canary@host",
		"SYNCD_LOGIN_URL=http://host?access_token=canary", "SYNCD_REDIS_URL=redis://h?sentinel_password=canary",
	} {
		if _, _, err := loadConfig("", []string{bad}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestALimitOfRemovalsHasANumberAsItsShare(t *testing.T) {
	for _, bad := range []string{"5,NaN", "5,Inf", "5,-Inf", "5,1.1", "5,-0.1", "NaN", "-1", "5,", "1,2,3"} {
		if _, err := parseLimit(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, good := range []string{"5", "0", "5,0", "5,1", "20 , 0.5"} {
		if _, err := parseLimit(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestNoWindowIsLongerThanGraphTakes(t *testing.T) {
	for _, days := range [][2]string{{"0", "1811"}, {"1811", "0"}, {"905", "906"}, {"1", "1810"}} {
		c, _, err := loadConfig("", []string{"SYNCD_WINDOW_BEHIND=" + days[0], "SYNCD_WINDOW_AHEAD=" + days[1]})
		if err != nil {
			t.Errorf("%v: %v", days, err)
			continue
		}
		for hour := range 7 * 24 {
			start, end := delta.Window("mailbox", time.Unix(int64(hour)*3600+1, 0), c.WindowBehind, c.WindowAhead)
			if end.Sub(start) > mostDays*day {
				t.Fatalf("%v: from %v to %v, which are %v days", days, start, end, end.Sub(start)/day)
			}
		}
	}
	for _, days := range [][2]string{{"0", "1812"}, {"1811", "1"}, {"1825", "1825"}} {
		_, _, err := loadConfig("", []string{"SYNCD_WINDOW_BEHIND=" + days[0], "SYNCD_WINDOW_AHEAD=" + days[1]})
		if err == nil || !strings.Contains(err.Error(), "window_behind (SYNCD_WINDOW_BEHIND) and window_ahead (SYNCD_WINDOW_AHEAD)") || !strings.Contains(err.Error(), "1811 at most") {
			t.Errorf("%v: %v", days, err)
		}
	}
}

func TestEachNameInTheListOfMailboxesIsLookedAt(t *testing.T) {
	for list, want := range map[string]string{
		"alice": `entry 1: "alice" is no address`, "bob@@example.com": "want one @", "@@": "open @", "a@b@c": "want one @", "a@,@b": "entry 1",
		"a@x.com;b@x.com": "a comma between two", "c@x.com,a@x.com b@x.com": `entry 2: "a@x.com b@x.com"`, "Ada <ada@x.com>": "want no blank",
		"group:": "want group: and the group's directory id", "group:a b": "want group:", "group:../x": "want group:",
		"00000000-0000-0000-0000-00000000000": "is no address",
		"b@x.com,mailto:ada@example.com":      `entry 2: "mailto:ada@example.com" is no address: want no mailto:`, `"bo@example.com"`: "quotes",
		"<ada@example.com>": "brackets", "ada@[192.0.2.1]": "brackets", "smtp:ada@example.com": "is no address",
		"b@x.com, *@example.com": `entry 2: "*@example.com" is no address: want one such as`, "ada@*.example.com": "no pattern", "'bo@example.com'": "no quotes",
	} {
		_, _, err := loadConfig("", []string{"SYNCD_MAILBOXES=" + list})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SYNCD_MAILBOXES") {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
	good := ",,ada+x@example.com, O'Brien@EXAMPLE.com ,ü@bücher.example,a.b.c@x,group:Ab-1,00000001-1111-4222-8333-00000000000A,ada+x@example.com,!#$%&'*+-/=?^_`{|}~@x-1.example,guest_x.org#EXT#@x.onmicrosoft.com,łü.東@例え.jp,.a..@x"
	names, err := configuredMailboxes(good)
	want := []string{"ada+x@example.com", "o'brien@example.com", "ü@bücher.example", "a.b.c@x", "group:ab-1", "00000001-1111-4222-8333-00000000000a",
		"!#$%&'*+-/=?^_`{|}~@x-1.example", "guest_x.org#ext#@x.onmicrosoft.com", "łü.東@例え.jp", ".a..@x"}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("%v, %v", names, err)
	}
	file := filepath.Join(t.TempDir(), "mailboxes")
	if err := os.WriteFile(file, []byte("\ufeffa@example.com\r\n# a comment, with a comma\r\n\r\n  b@example.com  \r\nc\r\nd@example.com, e e@x\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	names, err = configuredMailboxes("@" + file)
	if err == nil || !strings.Contains(err.Error(), `line 5: "c" is no address`) || !strings.Contains(err.Error(), `line 6: "e e@x" is no address`) || strings.Count(err.Error(), "line ") != 2 || len(names) != 5 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestAProxyIsAnAddressAsNetHTTPReadsIt(t *testing.T) {
	for address, want := range map[string]bool{
		"http://proxy:3128": true, "https://u:p%25@proxy": true, "proxy:3128": true, "proxy": true, "10.0.0.1:8080": true, "socks5://proxy:1080": true,
		"http://[::1]:3128": true, "u:p@proxy:3128": true, "http://u:p%zz@proxy:3128": false, "::::x": false, "https://": false, "ftp://proxy": false, "http:// proxy": false,
		"http://proxy:port": false,
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
			t.Setenv("HTTPS_PROXY", "")
			t.Setenv("https_proxy", "")
			t.Setenv(name, address)
			err := (&Config{}).needProxy()
			if (err == nil) != want || err != nil && strings.Contains(err.Error(), "p%zz") {
				t.Errorf("%s=%s: %v", name, address, err)
			}
		}
	}
}

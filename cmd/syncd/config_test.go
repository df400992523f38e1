package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"syncd/simulator"
)

func TestEveryMistakeInTheConfigurationIsReportedAtOnce(t *testing.T) {
	file := t.TempDir() + "/syncd.yaml"
	content := "redis_url: http://x\nwebex_tokn: abc\nlease_ttl: soon\ncloud: [global]\nwindow_ahead: -1\nsweep: every minute\nsweep: '@every 1m'\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := loadConfig(file, []string{"SYNCD_KEYWORD_WEBEX=room", "SYNCD_LISTEN=here", "SYNCD_MAILBOXS=x", "SYNCD_LANGUAGE=Dutch", "HOME=/"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`syncd.yaml line 1: redis_url: want "embedded" or an address`, `syncd.yaml line 2: unknown key "webex_tokn" (did you mean webex_token?)`,
		`line 3: lease_ttl is "soon": want a duration`, `line 4: cloud: want one value`, `line 5: window_ahead is "-1": want a number of days`,
		`line 6: sweep is "every minute": want a cron expression`, `line 7: sweep is set twice`,
		`environment SYNCD_KEYWORD_WEBEX: keyword_webex is "room": want myroom, onetime or space`,
		`environment SYNCD_LISTEN: listen is "here": want host:port`, `environment: unknown variable SYNCD_MAILBOXS (did you mean mailboxes?)`,
		`environment SYNCD_LANGUAGE: language is "Dutch"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestVariablesWinOverTheFileAndTheFileOverDefaults(t *testing.T) {
	file := t.TempDir() + "/syncd.yaml"
	if err := os.WriteFile(file, []byte("location: link\nlog_level: debug\ntenant_id: ~\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := loadConfig(file, []string{"SYNCD_LOG_LEVEL=warn", "SYNCD_LOCATION=", "SYNCD_REDIS_SERVICE_HOST=10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Location != "link" || c.LogLevel.String() != "warn" || c.RedisURL != "embedded" || c.TenantID != "" {
		t.Errorf("%+v", c)
	}
}

func TestReadmeAndExampleNameJustTheSettings(t *testing.T) {
	var want []string
	for _, s := range settings() {
		want = append(want, envName(s.key))
	}
	slices.Sort(want)
	want = append(want, "SYNCD_CONFIG")
	slices.Sort(want)
	for file, pattern := range map[string]string{"../../README.md": "(?m)^\\| `(SYNCD_[A-Z_]+)`", "../../.env.example": "(?m)^#? ?(SYNCD_[A-Z_]+)="} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		var got []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(raw), -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		if !slices.Equal(slices.Compact(got), want) {
			t.Errorf("%s names\n%v\nwant\n%v", file, got, want)
		}
	}
	if raw, err := os.ReadFile("../../syncd.schema.json"); err != nil || string(raw) != string(schema()) {
		t.Errorf("syncd.schema.json is not what `syncd config --schema` prints (%v)", err)
	}
}

func TestTheReadmeHasARowForEveryStateAndReason(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	words := 0
	for file, pattern := range map[string]string{
		"../../delta/reason.go": `Reason += "([a-z-]+)"`, "../../delta/cursor.go": `State += "([a-z]+)"`,
		"../../delta/plan.go": `Action += "([a-z]+)"`, "../../delta/record.go": `RecordState += "([a-z]+)"`,
		"../../recurrence/reason.go": `Reason += "([a-z-]+)"`, "../../subscriptions/subscriptions.go": `Reason += "([a-z-]+)"`,
	} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(raw), -1) {
			words++
			if !regexp.MustCompile("(?m)^\\| .*`" + m[1] + "`").Match(readme) {
				t.Errorf("%s: no row for %s", file, m[1])
			}
		}
	}
	if words < 50 {
		t.Errorf("only %d words were looked for", words)
	}
}

func TestTheReadmeHasARowForEveryRedisKey(t *testing.T) {
	listed := func(file, pattern string) (keys []string) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(raw), -1) {
			for name := range strings.SplitSeq(m[1], ",") {
				keys = append(keys, strings.Trim(name, " `")+" "+m[2])
			}
		}
		slices.Sort(keys)
		return keys
	}
	want := listed("../../redisstore/keys.go", `(?m)^//\t(syncd:\S+(?:, syncd:\S+)*) +(hash|list|zset|string|stream) `)
	got := listed("../../README.md", "(?m)^\\| (`syncd:[^|]+`) \\| (\\w+) \\|")
	if !slices.Equal(got, want) || len(want) < 30 {
		t.Errorf("the README has\n%s\nand keys.go\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestBadInputGivesOneClearErrorAndTheRightExitCode(t *testing.T) {
	t.Parallel()
	bad := func(name string, code int, want string, change func(s *site), args ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, simulator.Options{Seed: 1})
			s.alice().Create(appointment(9, "@webex"))
			change(s)
			if args == nil {
				args = []string{"sweep"}
			}
			got := s.syncd(args...)
			if got.code != code {
				t.Errorf("exit code %d, want %d", got.code, code)
			}
			if !strings.Contains(got.err, want) {
				t.Errorf("standard error does not say %q", want)
			}
			if strings.Contains(got.err, "goroutine ") || strings.Contains(got.err, "panic") {
				t.Error("a stack trace")
			}
			for _, r := range s.world.Requests() {
				if r.Method == "PATCH" || r.Call == "CreateMeeting" {
					t.Errorf("%s was sent", r.Call)
				}
			}
			if err := s.world.CheckAlways(); err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Log(got.err)
			}
		})
	}
	none := func(*site) {}
	set := func(name, value string) func(*site) { return func(s *site) { s.env[name] = value } }
	bad("no command", 2, "expected one of", none, []string{}...)
	bad("unknown command", 2, "unexpected argument", none, "sweeep")
	bad("unknown flag", 2, "unknown flag", none, "sweep", "--dry")
	bad("unknown variable", 2, "SYNCD_SWEP", set("SYNCD_SWEP", "x"))
	bad("a demo of no pace", 2, "--every wants a time above 0", none, "demo", "--every", "0s")
	bad("cron", 2, "cron expression", set("SYNCD_SWEEP", "TZ=0"))
	bad("certificate missing", 2, "client_certificate", set("SYNCD_CLIENT_CERTIFICATE", "/nowhere/app.pem"))
	bad("certificate unset", 2, "client_certificate (SYNCD_CLIENT_CERTIFICATE) is not set", set("SYNCD_CLIENT_CERTIFICATE", ""))
	bad("certificate without key", 2, "want PEM with a certificate and its private key", func(s *site) {
		pem, err := os.ReadFile(s.path("app.pem"))
		s.must(err)
		cert, _, _ := strings.Cut(string(pem), "-----BEGIN PRIVATE")
		s.must(os.WriteFile(s.path("app.pem"), []byte(cert), 0o600))
	})
	bad("both kinds of Webex credentials", 2, "take one of the two", set("SYNCD_WEBEX_TOKEN", "x"))
	bad("half a Service App", 2, "for Webex", set("SYNCD_WEBEX_CLIENT_SECRET", ""))
	bad("CA file", 2, "holds no certificate", func(s *site) { s.env["SYNCD_CA_FILE"] = os.Args[0] })
	bad("key file open to all", 2, "chmod 600", func(s *site) {
		s.env["SYNCD_KEY_FILE"] = s.path("key")
		s.must(os.WriteFile(s.path("key"), []byte("x"), 0o644))
	})
	bad("mailbox without @", 2, "is no address", set("SYNCD_MAILBOXES", "alice"))
	bad("list without @", 2, `lists is "directory,all": entry 2: "all" is no address`, set("SYNCD_LISTS", "directory,all"))
	bad("list of lists missing", 2, `lists is "@/nowhere/lists": open`, set("SYNCD_LISTS", "@/nowhere/lists"))
	bad("directory without the application", 2, "lists (SYNCD_LISTS) asks the directory", func(s *site) {
		s.env["SYNCD_LISTS"], s.env["SYNCD_CLIENT_CERTIFICATE"] = "Directory", ""
	})
	bad("redis unreachable", 1, "redis_url", func(s *site) { s.env["SYNCD_REDIS_URL"] = "unix://" + s.path("none.sock") })
	bad("redis evicts", 2, "noeviction", func(s *site) {
		s.realRedis().CLI("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	})
	bad("token refused", 1, "AADSTS", func(s *site) { s.world.RevokeApp(testClient) })
	bad("Webex refresh token refused", 1, "authorise the Service App again", func(s *site) { s.env["SYNCD_WEBEX_REFRESH_TOKEN"] = "another" })
	bad("HTML for JSON", 1, "not JSON", func(s *site) { s.world.Fault(simulator.Rule{Call: "Delta*", Fault: simulator.HTML(200)}) })
	bad("delta link to a foreign host", 1, "link leads elsewhere", func(s *site) {
		s.world.Fault(simulator.Rule{Call: "DeltaStart", Fault: simulator.ForeignLink()})
	})
	bad("graph address without TLS", 2, "https://", set("SYNCD_GRAPH_URL", "http://127.0.0.1:1"))
}

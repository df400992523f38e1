package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/parser"
	"syncd/redisstore"
	"syncd/schedules"
	"syncd/sweep"
)

// Config is what an operator can set. Each setting is a line of the configuration file and an environment variable; see
// settings.go for their names and meanings.
type Config struct {
	RedisURL          string
	RedisPrefix       string
	TenantID          string
	ClientID          string
	ClientCertificate string
	Cloud             string
	GraphURL          string
	LoginURL          string
	WebexURL          string
	WebexClientID     string
	WebexClientSecret string
	WebexRefreshToken string
	WebexToken        string
	CAFile            string
	Mailboxes         string
	Lists             Lists
	Sweep             schedules.Schedule
	sweepSpec         string
	SweepHinted       *schedules.Schedule // nil for the same as Sweep
	NotificationURL   string              // where Graph sends notifications; "" for none
	HubConnection     string
	HubGroup          string
	HubTransport      string // "websockets" or "amqp"
	HookListen        string
	HookCertificate   string
	GraphBudget       int64 // requests a day; 0 for as many as it takes
	SweepsAtOnce      int   // at most
	WindowBehind      time.Duration
	WindowAhead       time.Duration
	KeywordWebex      delta.Kind
	KeywordMeet       delta.Kind
	Location          string
	Language          string
	Parser            *parser.Parser // nil for the built-in rules alone
	Block             parser.Parts
	LeaseTTL          time.Duration
	StateDir          string
	RemovalLimit      sweep.Limit
	KeyFile           string
	Listen            string
	ListenHosts       []string // in lower case
	LogLevel          zerolog.Level
	LogFormat         string

	set map[string]bool // keys that have a value, even if it could not be read; nil where the file could not be
}

// clouds are Microsoft's national clouds (deployments.md).
var clouds = map[string]struct{ graph, login string }{
	"global": {"https://graph.microsoft.com", "https://login.microsoftonline.com"},
	"usgov":  {"https://graph.microsoft.us", "https://login.microsoftonline.us"},
	"dod":    {"https://dod-graph.microsoft.us", "https://login.microsoftonline.us"},
	"china":  {"https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
}

// complete fills in what follows from other settings.
func (c *Config) complete() {
	cloud := clouds[c.Cloud]
	if c.GraphURL == "" {
		c.GraphURL = cloud.graph
	}
	if c.LoginURL == "" {
		c.LoginURL = cloud.login
	}
	if c.StateDir == "" {
		c.StateDir = defaultStateDir()
	}
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.StateDir, "key")
	}
}

// defaultStateDir is systemd's folder for the unit, else the one that the XDG rules give.
func defaultStateDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "syncd")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "."
	}
	return filepath.Join(home, ".local", "state", "syncd")
}

// both names a setting in the file and in the environment.
func both(key string) string { return key + " (" + envName(key) + ")" }

func envName(key string) string { return envPrefix + strings.ToUpper(key) }

const envPrefix = "SYNCD_"

// The functions below read one value each. Their errors say what would be right; the caller says where the value stands.

func parseHTTPS(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", errors.New("want an address that begins with https://")
	}
	return strings.TrimSuffix(s, "/"), nil
}

func parseRedisURL(s string) (string, error) {
	if s == "embedded" {
		return s, nil
	}
	return s, redisstore.CheckURL(s)
}

// parseTenant takes a directory id, or one of the tenant's domains: it becomes part of an address.
func parseTenant(s string) (string, error) {
	if s == "." || s == ".." || strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "", errors.New("want the tenant's directory id, such as 72f988bf-0000-0000-0000-2d7cd011db47, or a domain of it")
	}
	switch strings.ToLower(s) {
	case "common", "organizations", "consumers":
		return "", fmt.Errorf("%q is no tenant: want the directory id of yours, or a domain of it", s)
	}
	return s, nil
}

func parseDays(s string) (time.Duration, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > mostDays {
		return 0, fmt.Errorf("want a number of days from 0 to %d", mostDays)
	}
	return time.Duration(n) * day, nil
}

func parseBudget(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, errors.New("want a number of requests a day, such as 5000000")
	}
	return n, nil
}

func parseAtOnce(s string) (int, error) {
	const most = 4096
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("want a number of mailboxes from 1 to %d, such as 512", most)
	}
	return n, nil
}

func parseKind(s string) (delta.Kind, error) {
	switch k := delta.Kind(s); k {
	case delta.MyRoom, delta.OneTime, delta.Space:
		return k, nil
	}
	return "", errors.New("want myroom, onetime or space")
}

func parseLeaseTTL(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < time.Second {
		return 0, errors.New("want a duration of at least 1s, such as 30s")
	}
	return d, nil
}

func parseLimit(s string) (sweep.Limit, error) {
	count, share, both := strings.Cut(s, ",")
	var l sweep.Limit
	var err1, err2 error
	l.Count, err1 = strconv.Atoi(strings.TrimSpace(count))
	if both {
		l.Share, err2 = strconv.ParseFloat(strings.TrimSpace(share), 64)
	}
	if err1 != nil || err2 != nil || l.Count < 0 || !(l.Share >= 0 && l.Share <= 1) { // not a number is neither
		return sweep.Limit{}, errors.New("want a count, or a count and a share from 0 to 1, such as 20,0.5")
	}
	return l, nil
}

// parseRules reads and checks a file of rules for join links.
func parseRules(path string) (*parser.Parser, error) {
	const most = 1 << 20
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("want a file of rules: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(file, most+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("want a file of rules: %w", err)
	}
	if len(raw) > most {
		return nil, errors.New("want a file of rules of 1 MB at most")
	}
	p, err := parser.New(parser.RuleFile{Name: path, Text: string(raw)})
	if err != nil {
		return nil, fmt.Errorf("\n%w", err)
	}
	return p, nil
}

func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, w := range words {
			if s == w {
				return s, nil
			}
		}
		return "", fmt.Errorf("want %s", strings.Join(words, ", "))
	}
}

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"syncd/delta"
	"syncd/parser"
	"syncd/schedules"
	"syncd/sweep"
)

// setting is one line of the configuration.
type setting struct {
	key      string // in the file; SYNCD_ and capitals in the environment
	fallback string // default; "" for none
	doc      string // for the README, the schema and `syncd config`
	secret   bool   // never shown
	enum     []string
	set      func(c *Config, value string) error
}

// settings is the whole configuration. README, .env.example and the schema are held against it by a test.
func settings() []setting {
	words := []string{"myroom", "onetime", "space"}
	return []setting{
		{key: "redis_url", fallback: "embedded", secret: true,
			doc: "`embedded`, or `redis://`, `rediss://`, `unix://`; several hosts as `?addr=` make a cluster, `?master_name=` a Sentinel (whose own password is `sentinel_password=`)",
			set: into(func(c *Config) *string { return &c.RedisURL }, parseRedisURL)},
		{key: "redis_prefix", fallback: "syncd:", doc: "what the names of all Redis keys begin with",
			set: into(func(c *Config) *string { return &c.RedisPrefix }, text)},
		{key: "tenant_id", doc: "directory id of the Entra tenant", set: into(func(c *Config) *string { return &c.TenantID }, parseTenant)},
		{key: "client_id", doc: "id of the Entra application", set: into(func(c *Config) *string { return &c.ClientID }, text)},
		{key: "client_certificate", doc: "PEM file with certificate and private key; read again when it changes. Empty: only mailboxes whose owners signed in are served (`syncd login`)",
			set: into(func(c *Config) *string { return &c.ClientCertificate }, text)},
		{key: "cloud", fallback: "global", enum: []string{"global", "usgov", "dod", "china"}, doc: "Microsoft's cloud",
			set: into(func(c *Config) *string { return &c.Cloud }, oneOf("global", "usgov", "dod", "china"))},
		{key: "graph_url", doc: "overrides the cloud's Graph address; `/v1.0` is added",
			set: into(func(c *Config) *string { return &c.GraphURL }, parseHTTPS)},
		{key: "login_url", doc: "overrides the cloud's login address",
			set: into(func(c *Config) *string { return &c.LoginURL }, parseHTTPS)},
		{key: "webex_url", fallback: "https://webexapis.com/v1", doc: "Webex API root",
			set: into(func(c *Config) *string { return &c.WebexURL }, parseHTTPS)},
		{key: "webex_client_id", doc: "Service App: client id", set: into(func(c *Config) *string { return &c.WebexClientID }, text)},
		{key: "webex_client_secret", secret: true, doc: "Service App: client secret",
			set: into(func(c *Config) *string { return &c.WebexClientSecret }, text)},
		{key: "webex_refresh_token", secret: true, doc: "Service App: first refresh token; the rotated one is kept encrypted",
			set: into(func(c *Config) *string { return &c.WebexRefreshToken }, text)},
		{key: "webex_token", secret: true, doc: "a fixed access token instead of a Service App",
			set: into(func(c *Config) *string { return &c.WebexToken }, text)},
		{key: "ca_file", doc: "PEM file with further trusted roots, for both vendors and Redis",
			set: into(func(c *Config) *string { return &c.CAFile }, text)},
		{key: "mailboxes", doc: "addresses, or directory ids, separated by commas, or `@FILE` with one a line; `group:ID` enrols a directory group's members, also who joins later",
			set: into(func(c *Config) *string { return &c.Mailboxes }, parseMailboxes)},
		{key: "lists", doc: "distribution lists, which are neither invited at Webex nor taken into spaces: addresses separated by commas, or `@FILE` with one a line; `directory` among them asks Entra for the groups among new guests, which takes `GroupMember.Read.All`",
			set: into(func(c *Config) *Lists { return &c.Lists }, parseLists)},
		{key: "sweep", fallback: "@every 1m", doc: "cron expression or `@every 1m`: how often an ordinary mailbox is swept", set: setSweep},
		{key: "sweep_hinted", doc: "likewise, while hints of its changes come, such as `@every 15m`; empty: no less often than the others", set: setSweepHinted},
		{key: "notification_url", doc: "where Microsoft Graph sends word of changes: `EventHub:https://NAMESPACE.servicebus.windows.net/eventhubname/HUB?tenantId=DOMAIN`, or the https address of a webhook; empty: nowhere",
			set: into(func(c *Config) *string { return &c.NotificationURL }, parseNotificationURL)},
		{key: "eventhub_connection", secret: true, doc: "connection string of that event hub, with the right to listen; empty: the Entra application reads it, as an Azure Event Hubs Data Receiver",
			set: into(func(c *Config) *string { return &c.HubConnection }, parseHubConnection)},
		{key: "eventhub_group", fallback: "$Default", doc: "consumer group by which it is read",
			set: into(func(c *Config) *string { return &c.HubGroup }, text)},
		{key: "eventhub_transport", fallback: "websockets", enum: []string{"websockets", "amqp"}, doc: "`websockets` on port 443, also through `HTTPS_PROXY`, or `amqp` on port 5671",
			set: into(func(c *Config) *string { return &c.HubTransport }, oneOf("websockets", "amqp"))},
		{key: "webhook_listen", doc: "address on which syncd itself is that webhook, such as `:8443`; empty: it is not",
			set: into(func(c *Config) *string { return &c.HookListen }, address)},
		{key: "webhook_certificate", doc: "PEM file with certificate and private key of the webhook, read again when it changes; empty: plain HTTP, for a proxy that ends TLS in front of it",
			set: into(func(c *Config) *string { return &c.HookCertificate }, text)},
		{key: "graph_budget", doc: "requests to Microsoft Graph a day (UTC), over all daemons; where they do not suffice intervals stretch. Empty: as many as it takes",
			set: into(func(c *Config) *int64 { return &c.GraphBudget }, parseBudget)},
		{key: "sweeps_at_once", fallback: "512", doc: "how many mailboxes one daemon sweeps at a time at most. It begins with 64, takes more while mailboxes wait and that brings something, and fewer when Graph throttles or processor time or memory run out",
			set: into(func(c *Config) *int { return &c.SweepsAtOnce }, parseAtOnce)},
		{key: "window_behind", fallback: "1", doc: "days of the calendar that are served, before today; with those after it 1,811 at most",
			set: into(func(c *Config) *time.Duration { return &c.WindowBehind }, parseDays)},
		{key: "window_ahead", fallback: "180", doc: "and after today",
			set: into(func(c *Config) *time.Duration { return &c.WindowAhead }, parseDays)},
		{key: "keyword_webex", fallback: "myroom", enum: words, doc: "what a bare `@webex` means: `myroom`, `onetime` or `space`",
			set: into(func(c *Config) *delta.Kind { return &c.KeywordWebex }, parseKind)},
		{key: "keyword_meet", fallback: "space", enum: words, doc: "what a bare `@meet` means",
			set: into(func(c *Config) *delta.Kind { return &c.KeywordMeet }, parseKind)},
		{key: "location", fallback: "keep", enum: []string{"keep", "link"}, doc: "`keep` leaves the location as typed, `link` appends the join link to it",
			set: into(func(c *Config) *string { return &c.Location }, oneOf("keep", "link"))},
		{key: "language", doc: "locale of the join details for all (`nl-NL` or `nl_NL`); empty: each organiser's mailbox language",
			set: into(func(c *Config) *string { return &c.Language }, locale)},
		{key: "parser_rules", doc: "file with rules of one's own for join links, which come before the built-in ones; `parser/services/README.md` tells their form",
			set: into(func(c *Config) **parser.Parser { return &c.Parser }, parseRules)},
		{key: "block_parts", fallback: "more,password,mobile,phone,video,video-ip,help", set: setParts,
			doc: "parts of the join details besides link and number, which are always there: `more` (heading), `password`, `mobile` (numbers to tap), `phone`, `video` (SIP address), `video-ip`, `lync`, `help`; or `none`"},
		{key: "block_header", doc: "text above the join details, or `@FILE`, a YAML file with a line `locale: text` for each language and `default: text` for the others; at most 1,024 characters, line breaks count, `<b>`, `<i>`, `<br>` and `<a href=\"https://…\">` are understood",
			set: setNotes("block_header", func(p *parser.Parts) *parser.Notes { return &p.Header })},
		{key: "block_footer", doc: "likewise, below them",
			set: setNotes("block_footer", func(p *parser.Parts) *parser.Notes { return &p.Footer })},
		{key: "block_call_in", doc: "https address of your site's page of global call-in numbers, shown with `phone`",
			set: setPage(func(p *parser.Parts) *string { return &p.CallIn })},
		{key: "block_restrictions", doc: "https address of a page on toll-free restrictions, likewise",
			set: setPage(func(p *parser.Parts) *string { return &p.Restrictions })},
		{key: "lease_ttl", fallback: "30s", doc: "lease of a mailbox",
			set: into(func(c *Config) *time.Duration { return &c.LeaseTTL }, parseLeaseTTL)},
		{key: "state_dir", doc: "folder for the key file and the embedded store; default `~/.local/state/syncd`, or systemd's `STATE_DIRECTORY`",
			set: into(func(c *Config) *string { return &c.StateDir }, text)},
		{key: "removal_limit", fallback: "20,0.5", doc: "vanished events in one sweep of one mailbox before they are held: a count, or a count and a share that must both be exceeded",
			set: into(func(c *Config) *sweep.Limit { return &c.RemovalLimit }, parseLimit)},
		{key: "key_file", doc: "key for encryption and keyed hashes, made on first start, mode 0600; default in the state folder. Daemons that share a Redis share it",
			set: into(func(c *Config) *string { return &c.KeyFile }, text)},
		{key: "listen", fallback: "127.0.0.1:8990", doc: "address of the operator's HTTP: pages, `/healthz`, `/readyz`, `/metrics`, API",
			set: into(func(c *Config) *string { return &c.Listen }, address)},
		{key: "listen_hosts", doc: "names by which that may be called, besides IP addresses, `localhost`, the machine's own name and the host of `SYNCD_LISTEN`: of a reverse proxy in front of it, say; separated by commas",
			set: into(func(c *Config) *[]string { return &c.ListenHosts }, parseHosts)},
		{key: "log_level", fallback: "info", enum: []string{"debug", "info", "warn", "error"}, doc: "`debug`, `info`, `warn` or `error`", set: setLogLevel},
		{key: "log_format", enum: []string{"json", "console"}, doc: "`json` or `console`; default by whether standard error is a terminal",
			set: into(func(c *Config) *string { return &c.LogFormat }, oneOf("json", "console"))},
	}
}

// into makes a setter out of where a value belongs and how it is read.
func into[T any](field func(*Config) *T, read func(string) (T, error)) func(*Config, string) error {
	return func(c *Config, value string) error {
		v, err := read(value)
		if err == nil {
			*field(c) = v
		}
		return err
	}
}

func text(s string) (string, error) { return s, nil }

func setSweep(c *Config, value string) error {
	schedule, err := schedules.Parse(value)
	if err != nil {
		return errors.New("want a cron expression of five fields, or @every 1m")
	}
	c.Sweep, c.sweepSpec = schedule, value
	return nil
}

func setLogLevel(c *Config, value string) error {
	if _, err := oneOf("debug", "info", "warn", "error")(value); err != nil {
		return err
	}
	level, err := zerolog.ParseLevel(value)
	c.LogLevel = level
	return err
}

func address(s string) (string, error) {
	if _, _, err := net.SplitHostPort(s); err != nil {
		return "", errors.New("want host:port, such as 127.0.0.1:8990")
	}
	return s, nil
}

func locale(s string) (string, error) {
	language, _, _ := strings.Cut(strings.ReplaceAll(s, "-", "_"), "_")
	if len(language) < 2 || len(language) > 3 || strings.ToLower(language) != language {
		return "", errors.New("want a locale such as nl-NL")
	}
	_, err := parser.WordsFor(s)
	return s, err
}

// fromFile gives a value that begins with '@' and names a file, which is how secrets are handed over by containers and systemd.
// The list of mailboxes has a form of its own for that.
func (s setting) fromFile(value string) (string, error) {
	path, ok := strings.CutPrefix(value, "@")
	if !ok || !s.secret {
		return value, nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("cannot read the file it names: %w", err)
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
	if text == "" {
		return "", errors.New("the file it names is empty")
	}
	return text, nil
}

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"testing"
	"time"

	"syncd/simulator"
)

// certificateFor makes a PEM that is valid for a time, with its own key or another's.
func certificateFor(t *testing.T, from, to time.Time, ownKey bool) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if !ownKey {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
}

// installs gives the site another certificate, which Entra knows.
func (s *site) installs(pem []byte) {
	s.t.Helper()
	s.must(s.world.RegisterApp(testClient, pem))
	s.must(os.WriteFile(s.path("app.pem"), pem, 0o600))
}

func TestTheDoctorNamesEachTroubleAndWhatToDo(t *testing.T) {
	t.Parallel()
	rests := []string{"permission to find mailboxes", "permission for mailbox settings", "permission for calendars", "permission for groups", "mailbox scope", "test event"}
	ill := func(name string, options simulator.Options, change func(*site), judge func(*site, checkup)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, options)
			change(s)
			judge(s, s.doctor("--mailbox", "alice@example.com"))
			for _, e := range s.alice().Events() {
				t.Errorf("event %s was left", e.ID)
			}
			if err := s.world.CheckAlways(); err != nil {
				t.Error(err)
			}
		})
	}
	fails := func(name string, change func(*site), check, text string, others ...string) {
		ill(name, simulator.Options{}, change, func(_ *site, c checkup) { c.fails(check, text, others...) })
	}
	set := func(key, value string) func(*site) { return func(s *site) { s.env[key] = value } }

	late := func(d time.Duration) simulator.Options {
		return simulator.Options{Now: func() time.Time { return time.Now().Add(d) }}
	}
	ill("clock behind", late(10*time.Minute), func(*site) {}, func(_ *site, c checkup) {
		c.fails("clock", "behind the login address's", "token")
		c.want("token", checkFailed, "set the clock")
		if c.Checks[0].Check != "clock" {
			c.t.Error("the clock does not come first")
		}
	})
	ill("clock ahead", late(-10*time.Minute), func(*site) {}, func(_ *site, c checkup) { c.fails("clock", "ahead of the login address's", "token") })
	ill("clock a little off", late(90*time.Second), func(*site) {}, func(_ *site, c checkup) { c.want("clock", checkOK, "agrees with") })
	fails("state folder open to all", func(s *site) {
		s.must(os.Mkdir(s.path("state"), 0o700))
		s.must(os.Chmod(s.path("state"), 0o777))
	}, "state folder", "chmod 700")
	fails("state folder is a file", func(s *site) {
		s.must(os.WriteFile(s.path("file"), nil, 0o600))
		s.env["SYNCD_STATE_DIR"], s.env["SYNCD_KEY_FILE"] = s.path("file"), s.path("key")
		s.realRedis()
	}, "state folder", "is no folder", "webex token", "sign-ins")
	fails("key file open to all", func(s *site) {
		s.env["SYNCD_KEY_FILE"] = s.path("key")
		s.must(os.WriteFile(s.path("key"), []byte("x"), 0o644))
	}, "key file", "chmod 600")
	fails("redis down", func(s *site) { s.env["SYNCD_REDIS_URL"] = "unix://" + s.path("none.sock") }, "redis", "start it")
	fails("redis evicts", func(s *site) { s.realRedis().CLI("CONFIG", "SET", "maxmemory-policy", "allkeys-lru") }, "redis", "CONFIG SET maxmemory-policy noeviction")
	fails("certificate missing", set("SYNCD_CLIENT_CERTIFICATE", "/nowhere/app.pem"), "certificate", "no such file")
	ill("certificate unset", simulator.Options{}, func(s *site) { delete(s.env, "SYNCD_CLIENT_CERTIFICATE") }, func(_ *site, c checkup) {
		c.fails("certificate", "syncd login")
		c.want("sign-ins", checkSkipped, "no mailbox is served")
		c.want("mailbox scope", checkSkipped, "people's tokens")
	})
	fails("certificate expired", func(s *site) {
		s.installs(certificateFor(t, time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour), true))
	}, "certificate", "expired on")
	fails("another certificate's key", func(s *site) {
		s.installs(certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(400*24*time.Hour), false))
	}, "certificate", "belongs to another certificate", "token")
	ill("certificate ends soon", simulator.Options{}, func(s *site) {
		s.installs(certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(10*24*time.Hour+time.Hour), true))
	}, func(s *site, c checkup) {
		if c.want("certificate", checkOK, "in 10 days"); c.code != 0 || c.find("certificate").Do == "" {
			c.t.Errorf("%s", c.raw)
		}
	})
	ill("certificate good for a year", simulator.Options{}, func(s *site) {
		s.installs(certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(365*24*time.Hour), true))
	}, func(s *site, c checkup) {
		if c.find("certificate").Do != "" {
			c.t.Errorf("%s", c.raw)
		}
	})
	ill("certificate not uploaded", simulator.Options{}, func(s *site) {
		s.must(os.WriteFile(s.path("app.pem"), certificateFor(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), true), 0o600))
	}, func(_ *site, c checkup) {
		c.fails("token", "upload the public half")
		c.want("sign-ins", checkSkipped, "served by the application")
		c.want("mailbox scope", checkSkipped, "needs the application, which has no token")
	})
	fails("unknown tenant", set("SYNCD_TENANT_ID", "another"), "token", "SYNCD_TENANT_ID")
	fails("mailbox unknown", func(s *site) { s.alice().Vanish() }, "permission to find mailboxes", "not in the directory", rests...)
	fails("users cannot be read", func(s *site) { s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read") },
		"permission to find mailboxes", "User.Read.All")
	fails("settings cannot be read", func(s *site) { s.world.GrantApp(testClient, "Calendars.ReadWrite", "User.Read.All") },
		"permission for mailbox settings", "grant MailboxSettings.Read")
	fails("calendars cannot be read", func(s *site) { s.world.GrantApp(testClient, "MailboxSettings.Read", "User.Read.All") },
		"permission for calendars", "grant Calendars.ReadWrite", "test event")
	fails("calendars cannot be written", func(s *site) { s.world.GrantApp(testClient, "Calendars.Read", "MailboxSettings.Read", "User.Read.All") },
		"test event", "not just Calendars.Read")
	fails("mailbox outside the scope", func(s *site) { s.alice().Deny() }, "permission for calendars", "outside the application's scope", rests...)
	ill("granted in Exchange", simulator.Options{}, func(s *site) {
		s.world.GrantApp(testClient, "User.Read.All")
		s.world.GrantInExchange(testClient, "Calendars.ReadWrite", "MailboxSettings.Read")
	}, func(s *site, c checkup) {
		c.want("permission for calendars", checkOK, "Exchange grants it")
		c.want("test event", checkOK, "made, patched and removed")
		if c.code != 0 {
			c.t.Errorf("%s", c.raw)
		}
	})
	fails("group cannot be read", func(s *site) {
		s.env["SYNCD_MAILBOXES"] += ",group:" + s.world.AddGroup("alice@example.com")
		s.world.GrantApp(testClient, "Calendars.ReadWrite", "MailboxSettings.Read", "User.Read.All")
	}, "permission for groups", "GroupMember.Read.All")
	fails("distribution lists cannot be read", func(s *site) {
		s.env["SYNCD_LISTS"] = "directory"
		s.world.Fault(simulator.Rule{Call: "ListGroups", Fault: simulator.Refuse(403, "Authorization_RequestDenied", "")})
	}, "permission for groups", "GroupMember.Read.All")
	fails("no such group", func(s *site) { s.env["SYNCD_MAILBOXES"] += ",group:99999999-0000-4000-8000-000000000000" }, "permission for groups", "there is no group")
	fails("Webex refuses the refresh token", set("SYNCD_WEBEX_REFRESH_TOKEN", "another"), "webex token", "Control Hub", "webex refresh token")
	fails("a fixed Webex token is dead", func(s *site) {
		for _, name := range []string{"CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"} {
			delete(s.env, "SYNCD_WEBEX_"+name)
		}
		s.env["SYNCD_WEBEX_TOKEN"] = "dead"
	}, "webex token", "SYNCD_WEBEX_TOKEN")
	fails("Webex scope for writing", func(s *site) { s.world.WithholdScope("meeting:admin_schedule_write") }, "webex scopes", "missing: meeting:admin_schedule_write")
	fails("Webex scopes for spaces, which are asked for", func(s *site) {
		s.world.WithholdSpaces(true)
		s.env["SYNCD_KEYWORD_MEET"] = "space"
	}, "webex scopes", "spark:rooms_write")
	ill("Webex scopes for spaces, which are not asked for", simulator.Options{}, func(s *site) { s.world.WithholdSpaces(true) }, func(s *site, c checkup) {
		if c.want("webex scopes", checkOK, "spark:rooms_write"); c.code != 0 {
			c.t.Errorf("%s", c.raw)
		}
	})
	fails("a fixed Webex token lacks a scope", func(s *site) {
		for _, name := range []string{"CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"} {
			delete(s.env, "SYNCD_WEBEX_"+name)
		}
		s.env["SYNCD_WEBEX_TOKEN"] = s.world.WebexToken("fixed")
		s.world.WithholdScope("meeting:admin_schedule_read")
	}, "webex scopes", "missing: meeting:admin_schedule_read", "webex host")
	fails("Webex does not know the host", func(s *site) { s.world.RemoveWebexUser("alice@example.com") }, "webex host", "Webex account")
	ill("Webex refresh token is old", simulator.Options{}, func(s *site) {
		redis := s.realRedis()
		s.sweep()
		redis.CLI("HSET", "syncd:webex:refresh", "expires", time.Now().Add(20*24*time.Hour).UTC().Format(time.RFC3339))
	}, func(s *site, c checkup) {
		c.want("webex refresh token", checkOK, "70 days old")
		c.want("webex refresh token", checkOK, "was not: look at the log")
	})
	ill("nothing answers", simulator.Options{}, func(s *site) { s.world.Fault(simulator.Rule{Fault: simulator.Lose()}) }, func(s *site, c checkup) {
		c.want("token", checkFailed, "HTTPS_PROXY")
		c.want("webex token", checkFailed, "HTTPS_PROXY")
		c.want("clock", checkSkipped, "no vendor answered")
	})
}

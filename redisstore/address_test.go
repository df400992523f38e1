package redisstore

import (
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"syncd/redisstore/redistest"
)

func TestAnAddressThatCannotWorkIsToldByWhatIsWrongAndNeverRepeated(t *testing.T) {
	for address, want := range map[string]string{
		"http://canary@h":                           "begins with redis://",
		"http://canary:%zz@h":                       "begins with redis://",
		"redis://u:can/ary@h:6379":                  "written as %XX",
		"redis://u:12/canary@h:6379":                "written as %XX",
		"redis://u:12?canary@h:6379":                "written as %XX",
		"redis://u:12?addr=canary@h:6379":           "want HOST:PORT",
		"redis://h/canary":                          "want a database number",
		"redis://h/0/canary":                        "want a database number",
		"redis://h/-1":                              "want a database number",
		"redis://h/?db=canary":                      "want a database number",
		"redis://h?nonsense=canary":                 "unknown option: nonsense",
		"redis://h?password=canary":                 "unknown option: password",
		"redis://h?pool_size=canary":                "option pool_size: want a number",
		"redis://h?dial_timeout=canary":             "option dial_timeout: want a duration",
		"redis://h?pool_fifo=canary":                "option pool_fifo: want a boolean",
		"redis://h:99999":                           "port from 1 to 65535",
		"redis://h:0":                               "port from 1 to 65535",
		"redis://h?addr=":                           "want HOST:PORT",
		"redis://h?addr=h2":                         "want HOST:PORT",
		"redis://h?addr=h2:70000":                   "addr: want a port from 1 to 65535",
		"redis://h/1?addr=h2:1":                     "no database but 0",
		"redis://h?addr=h2:1&canary1=1":             "written as %XX",
		"redis://h?master_name=":                    "master_name is empty",
		"redis://h/canary?master_name=m":            "want a database number",
		"redis://h?master_name=m&nonsense=canary":   "unknown option: nonsense",
		"redis://h?sentinel_password=canary":        "unknown option: sentinel_password",
		"redis://h?master_name=m&addr=canary":       "want HOST:PORT",
		"unix://":                                   "want the socket's path",
		"unix://run/redis.sock":                     "want three slashes",
		"unix:///redis.sock?addr=h:1":               "go with redis://",
		"unix:///redis.sock?nonsense=canary":        "unknown option: nonsense",
		"unix:///redis.sock?master_name=m&password": "go with redis://",
	} {
		err := CheckURL(address)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	for _, good := range []string{
		"redis://", "redis://h", "redis://h:1", "redis://:p%40@h:1/0", "rediss://u:p@h/3?protocol=3", "redis://[::1]:7/", "unix:///run/redis.sock?db=2",
		"unix://u:p@/run/redis.sock", "redis://h1?addr=h2:1&addr=h3:2", "redis://h1/0?addr=h2:1", "redis://h?master_name=m&password=p&username=u", "redis://h:1/2?master_name=m&addr=h2:3",
	} {
		if err := CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestAPasswordInTheAddressOfSentinelsIsThatOfTheirRedis(t *testing.T) {
	for address, want := range map[string][4]string{
		"redis://u:p@h?master_name=m":                                                {"u", "p", "", ""},
		"redis://:p@h?master_name=m&sentinel_password=s%26":                          {"", "p", "", "s&"},
		"redis://h?master_name=m&sentinel_username=su&sentinel_password=s":           {"", "", "su", "s"},
		"redis://su:s@h?master_name=m&username=u&password=p":                         {"u", "p", "su", "s"},
		"redis://:s@h?master_name=m&password=p":                                      {"", "p", "", "s"},
		"redis://u:p@h/1?master_name=m&addr=h2:1&sentinel_username=su&client_name=x": {"u", "p", "su", ""},
	} {
		a, err := readAddress(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		o := a.sentinel
		if got := [4]string{o.Username, o.Password, o.SentinelUsername, o.SentinelPassword}; got != want || o.MasterName != "m" {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	sentinel := redistest.StartSentinel(t)
	place, err := url.Parse(sentinel.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, told := range []struct {
		who   string
		words []string
	}{
		{place.Host, []string{"SENTINEL", "SET", "main", "auth-pass", "the redis' own"}},
		{sentinel.Replica.Addr, []string{"CONFIG", "SET", "masterauth", "the redis' own"}},
		{sentinel.Master.Addr, []string{"CONFIG", "SET", "requirepass", "the redis' own"}},
	} {
		host, port, _ := net.SplitHostPort(told.who)
		redistest.CLI(t, append([]string{"-h", host, "-p", port}, told.words...)...)
	}
	place.User = url.UserPassword("", "the redis' own")
	s, err := Open(t.Context(), Options{URL: place.String(), LeaseTTL: time.Second, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

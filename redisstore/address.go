package redisstore

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// address is a Redis address that was read: one of its members is there.
type address struct {
	single   *redis.Options
	cluster  *redis.ClusterOptions
	sentinel *redis.FailoverOptions
}

// CheckURL says what is wrong with the address of a Redis, as far as that can be told without asking it. Of the address itself the
// error has the names of options at most: any other part of a mistyped one may be of its password.
func CheckURL(raw string) error {
	_, err := readAddress(raw)
	return err
}

// readAddress reads redis://, rediss:// and unix://, with the options of go-redis.
func readAddress(raw string) (a address, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		scheme, _, _ := strings.Cut(raw, "://")
		if !redisScheme(scheme) {
			return a, errScheme
		}
		return a, errMistyped
	}
	if !redisScheme(u.Scheme) {
		return a, errScheme
	}
	query := u.Query()
	if err := checkHosts(u, query["addr"]); err != nil {
		return a, err
	}
	switch {
	case query.Has("master_name"):
		if query.Get("master_name") == "" {
			return a, errors.New("master_name is empty: want the name of the master that the Sentinels watch")
		}
		a.sentinel, err = readSentinel(*u)
	case query.Has("addr"):
		if strings.Trim(u.Path, "/") != "" && strings.Trim(u.Path, "/") != "0" {
			return a, errors.New("a cluster has no database but 0: leave out what follows the port")
		}
		a.cluster, err = redis.ParseClusterURL(raw)
	default:
		a.single, err = redis.ParseURL(raw)
	}
	if err != nil {
		return address{}, explained(err, u)
	}
	if a.single != nil && a.single.DB < 0 || a.sentinel != nil && a.sentinel.DB < 0 {
		return address{}, errDatabase
	}
	return a, nil
}

// readSentinel reads the address of Sentinels. User and password in it are those of the Redis that they watch, as in every other address;
// the Sentinels' own are the options sentinel_username and sentinel_password. go-redis has it the other way round, with username and
// password as options; who writes these gets that.
func readSentinel(u url.URL) (*redis.FailoverOptions, error) {
	query := u.Query()
	user, password := query.Get("sentinel_username"), query.Get("sentinel_password")
	turned := !query.Has("username") && !query.Has("password")
	query.Del("sentinel_username")
	query.Del("sentinel_password")
	u.RawQuery = query.Encode()
	o, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return nil, err
	}
	if turned {
		o.Username, o.Password = o.SentinelUsername, o.SentinelPassword
		o.SentinelUsername, o.SentinelPassword = "", ""
	}
	o.SentinelUsername, o.SentinelPassword = cmp.Or(user, o.SentinelUsername), cmp.Or(password, o.SentinelPassword)
	return o, nil
}

var (
	errScheme   = errors.New(`want "embedded" or an address that begins with redis://, rediss:// or unix://`)
	errMistyped = errors.New("it is no address: want redis://HOST:PORT/DATABASE; a password's special characters are written as %XX")
	errDatabase = errors.New("after the host and port want a database number such as /0, or nothing; a password's special characters are written as %XX")
)

func redisScheme(s string) bool { return s == "redis" || s == "rediss" || s == "unix" }

// checkHosts looks at what go-redis finds out no sooner than when it dials.
func checkHosts(u *url.URL, more []string) error {
	if u.Scheme == "unix" {
		switch {
		case len(more) > 0 || u.Query().Has("master_name"):
			return errors.New("addr and master_name go with redis:// or rediss://")
		case strings.TrimSpace(u.Path) == "":
			return errors.New("want the socket's path: unix:///run/redis/redis.sock")
		case u.Host != "":
			return errors.New("want three slashes: unix:///run/redis/redis.sock")
		}
		return nil
	}
	const ports = "want a port from 1 to 65535"
	if u.Port() != "" && !isPort(u.Port()) {
		return errors.New(ports)
	}
	for _, addr := range more {
		host, port, err := net.SplitHostPort(addr)
		switch {
		case err != nil || host == "" || port == "" || strings.Contains(host, "@"):
			return errors.New("addr: want HOST:PORT of one more server in each")
		case !isPort(port):
			return errors.New("addr: " + ports)
		}
	}
	return nil
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535
}

// What go-redis says of an address, as far as it is repeated.
var (
	noDatabase = regexp.MustCompile(`^redis: invalid (database number|URL path)`)
	noNumber   = regexp.MustCompile(`^redis: invalid (\w+) (number|duration|boolean)`)
	noOption   = regexp.MustCompile(`^redis: unexpected option: ([a-zA-Z_, ]+)$`)
)

// explained is go-redis's error in words that repeat no value.
func explained(err error, u *url.URL) error {
	if strings.Contains(u.Path+u.RawQuery, "@") && u.User == nil {
		return errMistyped // what stands there was to be before the host, and is a piece of a password
	}
	said := err.Error()
	if noDatabase.MatchString(said) {
		return errDatabase
	}
	if m := noNumber.FindStringSubmatch(said); m != nil {
		return fmt.Errorf("option %s: want a %s", m[1], m[2])
	}
	if m := noOption.FindStringSubmatch(said); m != nil {
		return fmt.Errorf("unknown option: %s", m[1])
	}
	return errMistyped
}

func connect(o Options) (redis.UniversalClient, error) {
	a, err := readAddress(o.URL)
	if err != nil {
		return nil, err
	}
	switch {
	case a.sentinel != nil:
		opts := a.sentinel
		opts.TLSConfig = withRoots(opts.TLSConfig, o.Roots)
		opts.Protocol = cmp.Or(opts.Protocol, plainProtocol)
		opts.ReplicaOnly = false // what a replica says may be old
		// Each dial asks the Sentinels, who are dialled too: tries of tries would take half a minute to say that nobody is there.
		opts.DialerRetries = cmp.Or(opts.DialerRetries, 1)
		opts.ContextTimeoutEnabled = true
		return redis.NewFailoverClient(opts), nil
	case a.cluster != nil:
		opts := a.cluster
		opts.TLSConfig, opts.MaintNotificationsConfig = withRoots(opts.TLSConfig, o.Roots), quiet()
		opts.Protocol = cmp.Or(opts.Protocol, plainProtocol)
		opts.ReadOnly, opts.RouteByLatency, opts.RouteRandomly = false, false, false // likewise
		opts.ContextTimeoutEnabled = true
		// A master that does not answer does not say who took its place; the others have to be asked.
		opts.ClusterStateReloadInterval = time.Second
		return redis.NewClusterClient(opts), nil
	}
	opts := a.single
	opts.TLSConfig, opts.MaintNotificationsConfig = withRoots(opts.TLSConfig, o.Roots), quiet()
	opts.Protocol = cmp.Or(opts.Protocol, plainProtocol)
	opts.ContextTimeoutEnabled = true
	return redis.NewClient(opts), nil
}

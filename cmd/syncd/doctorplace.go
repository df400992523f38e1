package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"syncd/graph"
	"syncd/redisstore"
	"syncd/vault"
)

// Checks of this machine: folder, key, Redis, certificate.

// stateFolder looks whether files can be kept, and nobody else puts any there.
func (d *doctor) stateFolder(context.Context) finding {
	dir := d.config.StateDir
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(dir, 0o700); err == nil {
			info, err = os.Stat(dir)
		}
	}
	const make = "make it, owned by the user who runs syncd, mode 0700; or set SYNCD_STATE_DIR"
	switch {
	case err != nil:
		return failed(err, make)
	case !info.IsDir():
		return failed(fmt.Errorf("%s is no folder", dir), make)
	case info.Mode().Perm()&0o022 != 0:
		return failed(fmt.Errorf("others may write into %s (mode %04o)", dir, info.Mode().Perm()), "chmod 700 "+dir)
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return failed(fmt.Errorf("nothing can be written there: %w", err), "give it to the user who runs syncd")
	}
	return ok("%s, mode %04o", dir, info.Mode().Perm())
}

// keyFile reads the key, or makes it, as every command does that needs it, and sees that Redis belongs to it.
func (d *doctor) keyFile(ctx context.Context) finding {
	path := d.config.KeyFile
	_, missing := os.Stat(path)
	var key *vault.Key
	var err error
	switch {
	case d.store != nil:
		key, err = d.config.keyOf(ctx, d.store, false)
	case missing != nil:
		return skipped("%s is not there; it is made when Redis does not belong to another key", path)
	default:
		key, err = vault.Open(path)
	}
	switch {
	case errors.Is(err, errOtherKey):
		return failed(err, "copy the key file of the other daemons to "+path)
	case errors.Is(err, errOtherTenant):
		return failed(err, "write the tenant as the other daemons do")
	case err != nil:
		return failed(err, "chmod 600 it, or bring back the file that was there: without it syncd does not know its own marks")
	}
	d.key = key
	if missing != nil {
		return ok("%s was made now", path).but("keep a copy of it in a safe place; daemons that share a Redis share it")
	}
	return ok("%s", path)
}

// oldestRedis is the first that replicates what scripts do and not the scripts; before, none may ask for the time and then write.
const oldestRedis = 5

// redis connects as the daemon does.
func (d *doctor) redis(ctx context.Context) finding {
	store, err := d.openStore(d.config, d.log, false, false)
	var policy *redisstore.PolicyError
	switch {
	case errors.As(err, &policy):
		return failed(err, "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf")
	case errors.Is(err, redisstore.ErrDown):
		return failed(err, "start it, or correct "+both("redis_url"))
	case err != nil:
		return failed(err, "correct "+both("redis_url"))
	}
	d.store = store
	facts, err := store.Facts(ctx)
	if err != nil {
		return failed(err, "look at the server's log")
	}
	if facts.Embedded {
		return ok("embedded: good for one daemon and some 10,000 mailboxes")
	}
	about := facts.Name + " " + facts.Version
	if major, _, _ := strings.Cut(facts.Version, "."); facts.Version != "" {
		if n, err := strconv.Atoi(major); err == nil && n < oldestRedis && facts.Name == "redis" {
			return failed(fmt.Errorf("%s is too old", about), fmt.Sprintf("take %d.0 or later", oldestRedis))
		}
	}
	if facts.Policy == "" {
		return ok("%s", about).but("it does not tell its maxmemory-policy: see that it is noeviction")
	}
	return ok("%s, maxmemory-policy %s", about, facts.Policy)
}

// certificate looks at the file as it is.
func (d *doctor) certificate(ctx context.Context) finding {
	if d.config.ClientCertificate == "" {
		if known, err := d.signedIn(ctx); err != nil || len(known) > 0 {
			return skipped("%s is not set: only those who signed in are served", both("client_certificate"))
		}
		return failed(fmt.Errorf("%s is not set, and nobody has signed in", both("client_certificate")),
			"make one (README, From the demo to a real tenant, step 1), or let people sign in with `syncd login`")
	}
	cert, err := graph.Certificate(d.config.ClientCertificate)
	if err != nil {
		return failed(err, "put certificate and private key into that one file, readable by the user who runs syncd")
	}
	left, ends := time.Until(cert.NotAfter), cert.NotAfter.Format(time.DateOnly)
	switch {
	case left <= 0:
		return failed(fmt.Errorf("it expired on %s", ends), renewCertificate)
	case time.Now().Before(cert.NotBefore):
		return failed(fmt.Errorf("it is valid only from %s on", cert.NotBefore.Format(time.DateOnly)), "look at the clock, or "+renewCertificate)
	case left < renewalAlarm:
		return ok("expires on %s, in %d days", ends, int(left.Hours()/24)).but(renewCertificate)
	}
	return ok("fits its key, expires on %s", ends)
}

// signedIn lists whose owners have signed in: id → address.
func (d *doctor) signedIn(ctx context.Context) (map[string]string, error) {
	if d.store == nil || d.key == nil {
		return nil, errors.New("not known")
	}
	known, _, err := signIns(d.config, d.key, d.store, true).Known(ctx)
	return known, err
}

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"syncd/graph"
)

// What is wrong with a configuration as a whole, as far as that can be known without the network. Of a value that could not be read
// enough has been said.

const (
	day = 24 * time.Hour
	// mostDays is the longest window that Graph takes (event-delta.md).
	mostDays = 1825
	// gridDays is by how much a window may be longer than what it has to cover, since it begins and ends on a weekly grid (delta.Window).
	gridDays = 14
)

// contradictions are settings that cannot stand beside each other.
func (c *Config) contradictions() error {
	var errs []error
	app := 0
	for _, key := range serviceApp {
		if c.set[key] {
			app++
		}
	}
	switch {
	case c.set["webex_token"] && app > 0:
		errs = append(errs, fmt.Errorf("%s is set, and so is a Service App: take one of the two", both("webex_token")))
	case app > 0 && app < len(serviceApp):
		errs = append(errs, errWebexMissing())
	}
	if days := c.WindowBehind + c.WindowAhead; days > (mostDays-gridDays)*day {
		errs = append(errs, fmt.Errorf("%s and %s are %d days together: want %d at most, since Graph takes %d, and a window begins and ends on a weekly grid",
			both("window_behind"), both("window_ahead"), days/day, mostDays-gridDays, mostDays))
	}
	return errors.Join(append(errs, c.hintContradictions())...)
}

var serviceApp = []string{"webex_client_id", "webex_client_secret", "webex_refresh_token"}

func errWebexMissing() error {
	return fmt.Errorf("for Webex %s, %s and %s of a Service App are needed, or %s",
		both("webex_client_id"), both("webex_client_secret"), both("webex_refresh_token"), both("webex_token"))
}

// need is what a command cannot do without.
type need func(*Config) error

// The needs of the commands. A file is looked at here, before anything is written; it may be another one by the time it is read.
var (
	toReach  = []need{(*Config).needRoots} // Redis
	toSignIn = []need{(*Config).needEntra, (*Config).needRoots, (*Config).needProxy, (*Config).needKey}
	toCheck  = []need{(*Config).needEntra, (*Config).needWebex, (*Config).needRoots, (*Config).needProxy} // what else is wrong the doctor says
	toSweep  = []need{(*Config).needEntra, (*Config).needWebex, (*Config).needRoots, (*Config).needProxy, (*Config).needCertificate, (*Config).needKey}
	toServe  = append([]need{(*Config).needHook}, toSweep...)
)

// lacks reports that nobody set a key.
func (c *Config) lacks(key string) bool { return c.set != nil && !c.set[key] }

// needEntra wants what anybody's sign-in takes. A certificate need not be there, where people sign in themselves.
func (c *Config) needEntra() error {
	var errs []error
	if c.lacks("tenant_id") {
		errs = append(errs, fmt.Errorf("%s is not set: the Entra tenant's directory id", both("tenant_id")))
	}
	if c.lacks("client_id") {
		errs = append(errs, fmt.Errorf("%s is not set: the Entra application's id", both("client_id")))
	}
	if c.Lists.Directory && c.lacks("client_certificate") {
		errs = append(errs, fmt.Errorf("%s asks the directory, which takes the application: set %s, or name the lists", both("lists"), both("client_certificate")))
	}
	return errors.Join(errs...)
}

func (c *Config) needWebex() error {
	if c.lacks("webex_token") && c.lacks(serviceApp[0]) && c.lacks(serviceApp[1]) && c.lacks(serviceApp[2]) {
		return errWebexMissing() // a part of it is a contradiction
	}
	return nil
}

func (c *Config) needRoots() error {
	_, err := roots(c)
	return err
}

// needProxy wants an address where HTTPS_PROXY says anything: net/http passes over what it cannot read, and everything would go out
// directly.
func (c *Config) needProxy() error {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy"} {
		if value := os.Getenv(name); value != "" {
			if !strings.Contains(value, "://") {
				value = "http://" + value
			}
			if !isProxy(value) {
				return fmt.Errorf("%s is no address of a proxy: want http://host:port, and %%25 for a %% in its password", name)
			}
			return nil // the other one is not looked at
		}
	}
	return nil
}

func isProxy(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// needCertificate reads the certificate. Where there is none, somebody must have signed in, which Redis tells later; nobody has where
// there is nothing yet at all.
func (c *Config) needCertificate() error {
	if c.ClientCertificate != "" {
		_, err := graph.Certificate(c.ClientCertificate)
		return err
	}
	nothingYet := c.lacks("tenant_id") || c.lacks("client_id") || c.RedisURL == "embedded" && emptyFolder(c.StateDir)
	if c.lacks("client_certificate") && nothingYet && emptyFolder(filepath.Join(c.StateDir, "signins")) {
		return errNoCertificate()
	}
	return nil
}

func errNoCertificate() error {
	return fmt.Errorf("%s is not set: a PEM file with the application's certificate and private key; or let people sign in with `syncd login`", both("client_certificate"))
}

func emptyFolder(path string) bool {
	entries, err := os.ReadDir(path)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

// needKey reads the key file, if there is one.
func (c *Config) needKey() error {
	_, err := openKey(c.KeyFile, true)
	return err
}

// needHook reads the webhook's certificate.
func (c *Config) needHook() error {
	if c.HookCertificate == "" {
		return nil
	}
	_, err := c.hookCertificate()
	return err
}

func (c *Config) hookCertificate() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.HookCertificate, c.HookCertificate)
	if err != nil {
		return nil, fmt.Errorf("%s: want PEM with a certificate and its private key: %w", both("webhook_certificate"), err)
	}
	return &pair, nil
}

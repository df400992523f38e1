package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"syncd/graph"
	"syncd/redisstore"
	"syncd/webex"
)

// What stops working on a day that is known unless an operator acts: certificates, and the Webex refresh token. The log, /readyz and
// `syncd status` say so a month before.

// renewalAlarm is how long before its end a certificate, or an unused Webex refresh token, is worth a word.
const renewalAlarm = 30 * 24 * time.Hour

const renewCertificate = "make a new one, upload its public half in Entra, then replace the file: no restart is needed"

// expiring says what ends soon.
func expiring(ctx context.Context, c *Config, store *redisstore.Store) (warnings []string) {
	if warning, _ := webexTrouble(ctx, c, store); warning != "" {
		warnings = append(warnings, warning)
	}
	return append(warnings, c.certificatesExpiring()...)
}

// certificatesExpiring looks at the files as they are now. One that cannot be read is whose trouble needs it.
func (c *Config) certificatesExpiring() (warnings []string) {
	if c.ClientCertificate != "" {
		if cert, err := graph.Certificate(c.ClientCertificate); err == nil {
			warnings = append(warnings, ending(both("client_certificate"), cert, "no mailbox is served", renewCertificate)...)
		}
	}
	if c.HookCertificate != "" {
		if pair, err := c.hookCertificate(); err == nil {
			warnings = append(warnings, ending(both("webhook_certificate"), pair.Leaf, "Graph sends no notifications", "replace the file, no restart is needed")...)
		}
	}
	return warnings
}

// certificatesBroken says which of the files, that could be read when the daemon started, cannot be any more. Other processes need not
// have access to them.
func (c *Config) certificatesBroken() (warnings []string) {
	if c.ClientCertificate != "" {
		if _, err := graph.Certificate(c.ClientCertificate); err != nil {
			warnings = append(warnings, fmt.Sprintf("%v; no mailbox is served once the token in hand is over, within the hour: put the file right, no restart is needed", err))
		}
	}
	if c.HookCertificate != "" {
		if _, err := c.hookCertificate(); err != nil {
			warnings = append(warnings, fmt.Sprintf("%v; Graph sends no notifications meanwhile: put the file right, no restart is needed", err))
		}
	}
	return warnings
}

// ending says of a certificate that ends soon, or has ended, what does not work then, and what to do.
func ending(what string, cert *x509.Certificate, then, do string) []string {
	left, day := time.Until(cert.NotAfter), cert.NotAfter.Format(time.DateOnly)
	switch {
	case left >= renewalAlarm:
		return nil
	case left <= 0:
		return []string{fmt.Sprintf("%s: the certificate expired on %s, and %s with it: %s", what, day, then, do)}
	}
	return []string{fmt.Sprintf("%s: the certificate expires on %s (%d days), and %s after that: %s", what, day, int(left.Hours()/24), then, do)}
}

// watchCredentials keeps the Service App's tokens alive, also where nobody needs them, and raises the alarm in the log once a day.
func (d *daemon) watchCredentials(ctx context.Context) {
	const look, again = time.Hour, 24 * time.Hour
	app, isApp := d.tokens.(*webex.ServiceApp)
	var told time.Time
	for {
		if isApp {
			d.keepWebexTokens(ctx)
			if _, err := app.Token(ctx, ""); err != nil && ctx.Err() == nil {
				d.log.Error().Err(err).Msg("no Webex token")
			}
		}
		if time.Since(told) >= again && d.raise(ctx) {
			told = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
	}
}

// raise logs what operators have to know, if anything.
func (d *daemon) raise(ctx context.Context) bool {
	said := append(alarms(ctx, d.config, d.store), d.config.certificatesBroken()...)
	for _, one := range said {
		d.log.Error().Msg(one)
	}
	return len(said) > 0
}

// alarms says what ends soon, and whether Webex is at its end already.
func alarms(ctx context.Context, c *Config, store *redisstore.Store) []string {
	said := expiring(ctx, c, store)
	if _, err := webexTrouble(ctx, c, store); errors.Is(err, errWebexRefused) {
		said = append(said, err.Error())
	}
	return said
}

// Warnings is what /readyz says although work can be done.
func (d *daemon) Warnings(ctx context.Context) []string {
	return append(expiring(ctx, d.config, d.store), d.config.certificatesBroken()...)
}

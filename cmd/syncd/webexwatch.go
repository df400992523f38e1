package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/redisstore"
	"syncd/webex"
)

// refreshAlarm is how many days before it dies an unused Webex refresh token is worth a word. It is renewed each week, so nobody sees
// this unless something is wrong.
const refreshAlarm = 30 * 24 * time.Hour

// errWebexRefused says that nothing works at Webex until an operator acts.
var errWebexRefused = errors.New("credentials: Webex refuses the refresh token: authorise the Service App again in Control Hub and configure its new webex_refresh_token")

// webexTrouble says what is wrong with the Service App's tokens: err that nothing works, warning that soon nothing will.
func webexTrouble(ctx context.Context, c *Config, store *redisstore.Store) (warning string, err error) {
	if c.WebexToken != "" {
		return "", nil
	}
	refresh, err := store.WebexRefresh(ctx)
	switch left := time.Until(refresh.Expires); {
	case err != nil:
		return "", err
	case refresh.Refused:
		return "", errWebexRefused
	case !refresh.Expires.IsZero() && left < refreshAlarm:
		return fmt.Sprintf("credentials: the Webex refresh token dies on %s (%d days) and was not renewed: see the log, or authorise the Service App again",
			refresh.Expires.Format(time.DateOnly), max(0, int(left.Hours()/24))), nil
	}
	return "", nil
}

// watchWebex keeps the Service App's tokens alive, also where nobody needs them, and raises the alarm in the log once a day.
func (d *daemon) watchWebex(ctx context.Context) {
	app, ok := d.tokens.(*webex.ServiceApp)
	if !ok {
		return
	}
	const look, again = time.Hour, 24 * time.Hour
	var told time.Time
	for {
		if _, err := app.Token(ctx, ""); err != nil && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("no Webex token")
		}
		if warning, err := webexTrouble(ctx, d.config, d.store); (warning != "" || errors.Is(err, errWebexRefused)) && time.Since(told) >= again {
			told = time.Now()
			d.log.Error().AnErr("error", err).Msg(warning)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(look):
		}
	}
}

// Warnings is what /readyz and the log say although work can be done.
func (d *daemon) Warnings(ctx context.Context) []string {
	if warning, _ := webexTrouble(ctx, d.config, d.store); warning != "" {
		return []string{warning}
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"syncd/redisstore"
	"syncd/webex"
)

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
	case !refresh.Expires.IsZero() && left <= 0:
		return fmt.Sprintf("credentials: the Webex refresh token died on %s: authorise the Service App again", refresh.Expires.Format(time.DateOnly)), nil
	case !refresh.Expires.IsZero() && left < renewalAlarm: // it is renewed each week: something is wrong
		return fmt.Sprintf("credentials: the Webex refresh token dies on %s (%d days) and was not renewed: see the log, or authorise the Service App again",
			refresh.Expires.Format(time.DateOnly), int(left.Hours()/24)), nil
	}
	return "", nil
}

// keepWebexTokens has the Service App's tokens stand in Redis and in this machine's folder: either may be lost.
func (e *engine) keepWebexTokens(ctx context.Context) {
	app, ok := e.tokens.(*webex.ServiceApp)
	if !ok {
		return
	}
	if err := app.Keep(ctx); err != nil && ctx.Err() == nil {
		e.log.Warn().Err(err).Msg("the Webex token is not kept twice")
	}
}

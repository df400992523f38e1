package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/rest"
	"syncd/webex"
)

// Checks at Webex: token, its age, its scopes.

const (
	reauthorise = "authorise the Service App again in Control Hub → Apps → Service Apps, and configure its new refresh token"
	refreshLife = 90 * 24 * time.Hour // of a Service App's refresh token (Service Apps)
)

func (d *doctor) webex() {
	var tokens rest.Tokens
	var client *webex.Client
	d.check("webex token", func(ctx context.Context) (f finding) {
		tokens, client, f = d.webexToken(ctx)
		return f
	})
	d.check("webex refresh token", func(ctx context.Context) finding { return d.refreshToken(ctx, client != nil) })
	d.check("webex scopes", func(ctx context.Context) finding {
		if client == nil {
			return skipped("no token")
		}
		return d.webexScopes(ctx, tokens, client)
	})
	d.check("webex host", func(ctx context.Context) finding {
		if client == nil {
			return skipped("no token")
		}
		return d.webexHost(ctx, client)
	})
}

// webexToken gets a token and shows it to Webex. client is nil where there is none.
func (d *doctor) webexToken(ctx context.Context) (tokens rest.Tokens, client *webex.Client, f finding) {
	fixed := d.config.WebexToken != ""
	if !fixed && (d.key == nil || d.store == nil) {
		return nil, nil, skipped("a refresh may give another refresh token, which only Redis and the key file can keep")
	}
	tokens = webexTokens(d.config, d.key, d.store, d.transport(), d.log, false)
	client, err := webex.New(d.config.WebexURL, d.transport(), tokens)
	if err != nil {
		return nil, nil, failed(err, "correct "+both("webex_url"))
	}
	do := reauthorise
	if fixed {
		do = "configure another token in " + both("webex_token")
	}
	if _, err := tokens.Token(ctx, ""); err != nil {
		return nil, nil, failed(err, adviceOn(err, do))
	}
	_, err = client.Allowed(ctx, "spark:people_read", "")
	switch {
	case err == nil, errors.Is(err, delta.ErrAccess): // a scope is a matter of its own
		return tokens, client, ok("Webex takes it")
	case errors.Is(err, delta.ErrCredentials):
		return nil, nil, failed(err, do)
	}
	return nil, nil, failed(err, adviceOn(err, "look at Webex's status page"))
}

// refreshToken looks how long the Service App's refresh token lives.
func (d *doctor) refreshToken(ctx context.Context, have bool) finding {
	switch {
	case d.config.WebexToken != "":
		return skipped("a fixed token is configured, which nobody renews")
	case d.store == nil:
		return skipped("needs Redis")
	}
	refresh, err := d.store.WebexRefresh(ctx)
	left := time.Until(refresh.Expires)
	switch {
	case err != nil:
		return failed(err, "see redis")
	case refresh.Refused && !have:
		return failed(errors.New("refused by Webex"), reauthorise)
	case refresh.Expires.IsZero():
		return skipped("its age is not known yet")
	case left <= 0:
		return failed(fmt.Errorf("it died on %s", refresh.Expires.Format(time.DateOnly)), reauthorise)
	}
	f := ok("%d days old, lives until %s unless it is renewed", max(0, int((refreshLife-left).Hours()/24)), refresh.Expires.Format(time.DateOnly))
	if left < renewalAlarm {
		return f.but("it is renewed each week, and was not: look at the log, or " + reauthorise)
	}
	return f
}

// webexScopes compares what the token has with what is needed: by the words that came with it, or else by asking.
func (d *doctor) webexScopes(ctx context.Context, tokens rest.Tokens, client *webex.Client) finding {
	spaces := d.config.KeywordWebex == delta.Space || d.config.KeywordMeet == delta.Space
	var missing, unknown []string
	have, known := []string(nil), false
	if app, isApp := tokens.(*webex.ServiceApp); isApp {
		var err error
		if have, known, err = app.Scopes(ctx); err != nil {
			return failed(err, "see redis")
		}
	}
	for _, scope := range slices.Concat(webex.MeetingScopes(), webex.SpaceScopes()) {
		if known {
			if !slices.Contains(have, scope) {
				missing = append(missing, scope)
			}
			continue
		}
		asked, err := client.Allowed(ctx, scope, d.host)
		switch {
		case !asked, err != nil && !errors.Is(err, delta.ErrAccess):
			unknown = append(unknown, scope)
		case err != nil:
			missing = append(missing, scope)
		}
	}
	const add = "add them to the Service App on the developer portal, then have it authorised again in Control Hub"
	onlySpaces := !slices.ContainsFunc(missing, func(s string) bool { return slices.Contains(webex.MeetingScopes(), s) })
	switch {
	case len(missing) > 0 && (spaces || !onlySpaces):
		return failed(fmt.Errorf("missing: %s", strings.Join(missing, " ")), add)
	case len(missing) > 0:
		return ok("all for meetings; @webex:space and @meet:space give no space").but("for spaces " + add + ": " + strings.Join(missing, " "))
	case len(unknown) > 0:
		return ok("nothing is missing as far as can be told without writing").but("see yourself that it has " + strings.Join(unknown, " "))
	}
	return ok("all that meetings and spaces need")
}

// webexHost asks as the subject's host, which takes an administrator's word for the Webex site too.
func (d *doctor) webexHost(ctx context.Context, client *webex.Client) finding {
	if d.host == "" {
		return skipped("no mailbox was found to ask for")
	}
	_, err := client.Allowed(ctx, "meeting:admin_schedule_read", d.host)
	switch {
	case err == nil:
		return ok("%s is known, and its meetings can be listed", d.host)
	case errors.Is(err, delta.ErrGone), errors.Is(err, delta.ErrRefused):
		return failed(err, "give "+d.host+" a Webex account with that address on this site")
	case errors.Is(err, delta.ErrAccess):
		return failed(err, "whoever authorises the Service App has to be full administrator, and administrator of the Webex site")
	}
	return failed(err, adviceOn(err, "look at Webex's status page"))
}

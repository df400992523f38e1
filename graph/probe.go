package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// What `syncd doctor` asks. None of these change anything.

// Readable asks whether events of the calendar can be read, and reads none of their texts.
func (c *Calendar) Readable(ctx context.Context) error {
	err := c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.url(url.Values{"$select": {"id"}, "$top": {"1"}}, events), Header: prefer(immutable),
		Decode: rest.JSON(&struct{}{}),
	})
	if err != nil {
		return fmt.Errorf("reading the calendar: %w", err)
	}
	return nil
}

// SettingsReadable asks whether the mailbox's settings can be read.
func (c *Calendar) SettingsReadable(ctx context.Context) error {
	err := c.do(ctx, rest.Call{Method: http.MethodGet, URL: c.url(nil, "mailboxSettings"), Header: prefer(immutable), Decode: rest.JSON(&struct{}{})})
	if err != nil {
		return fmt.Errorf("reading the mailbox's settings: %w", err)
	}
	return nil
}

// GroupReadable asks whether the members of a directory group can be read.
func (c *Client) GroupReadable(ctx context.Context, group string) error {
	query := url.Values{"$select": {"id"}, "$top": {"1"}}
	err := c.rest.Do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.rest.URL(query, "groups", group, "transitiveMembers", "microsoft.graph.user"),
		Scope: directory, Decode: rest.JSON(&struct{}{}),
	})
	if err != nil {
		return fmt.Errorf("reading the members of group %s: %w", group, err)
	}
	return nil
}

// Roles are the application permissions that a token names: those that were granted in Entra, and not those that Exchange gives
// (access-token-claims-reference.md). known is false for a token that cannot be read; Microsoft does not promise that any can.
func Roles(token string) (roles []string, known bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims struct {
		Audience any      `json:"aud"`
		Roles    []string `json:"roles"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Audience == nil {
		return nil, false
	}
	return claims.Roles, true
}

// Mailbox finds out whose calendar it is, as whoever serves it.
func (c *Calendar) Mailbox(ctx context.Context) (m delta.Mailbox, host string, err error) {
	answer, err := c.profile(ctx, userFields)
	if err != nil {
		return m, "", fmt.Errorf("looking up the mailbox: %w", err)
	}
	return delta.Mailbox{ID: answer.ID, Address: c.box.Address}, answer.primary(), nil
}

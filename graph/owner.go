package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"syncd/delta"
	"syncd/rest"
)

// A mailbox is served with its owner's own token where he has signed in, and with the application's elsewhere. What MSAL keeps of
// an owner is stored as it is, sealed, one entry for each: its cache holds his refresh token in clear.

// scopes are what an owner is asked for. MSAL adds offline_access, without which there is no refresh token.
func (c Credential) scopes() []string {
	root := strings.TrimSuffix(c.GraphURL, "/") + "/"
	return []string{root + "Calendars.ReadWrite", root + "MailboxSettings.Read", root + "User.Read"}
}

// owners makes MSAL's client for people, who need no certificate of ours.
func (c Credential) owners(store cache.ExportReplace) (public.Client, error) {
	client, err := public.New(c.ClientID, public.WithAuthority(c.authority()), public.WithHTTPClient(c.http()),
		public.WithInstanceDiscovery(microsoftLogin(c.LoginURL)), public.WithCache(store))
	if err != nil {
		return public.Client{}, fmt.Errorf("login_url or tenant_id: %w", err)
	}
	return client, nil
}

// memoryCache is MSAL's cache of one owner while it is in use. It is used by one goroutine.
type memoryCache struct {
	raw     []byte
	changed bool
}

// Replace implements [cache.ExportReplace].
func (m *memoryCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	if m.raw == nil {
		return nil
	}
	return c.Unmarshal(m.raw)
}

// Export implements [cache.ExportReplace].
func (m *memoryCache) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) error {
	raw, err := c.Marshal()
	if err == nil {
		m.raw, m.changed = raw, true
	}
	return err
}

// SignIns is where sign-ins are kept. Each has a version, which tells whether somebody else was faster.
type SignIns interface {
	LoadSignIn(ctx context.Context, id string) (cache []byte, version string, err error) // nil for none
	// RenewSignIn replaces that version, and does nothing where another one is kept by now.
	RenewSignIn(ctx context.Context, id string, cache []byte, version string) error
}

// OwnerTokens are the tokens of one mailbox's owner. It implements [rest.Tokens].
type OwnerTokens struct {
	*rest.Keeper
	credential Credential
	id         string
	kept       SignIns
}

// NewOwnerTokens makes a source of tokens for the owner with a directory id. The credential's certificate is not used.
func NewOwnerTokens(c Credential, id string, kept SignIns) *OwnerTokens {
	t := &OwnerTokens{credential: c, id: id, kept: kept}
	t.Keeper = rest.NewKeeper(t.renew, c.Warn)
	return t
}

// renew gets a token from what is kept, or by the refresh token in it. Refreshing does not end older refresh tokens
// (refresh-tokens.md), so that nothing is lost where several daemons do it at once, or where the new one cannot be stored.
func (t *OwnerTokens) renew(ctx context.Context, refused string) (rest.Token, error) {
	raw, version, err := t.kept.LoadSignIn(ctx, t.id)
	if err != nil {
		return rest.Token{}, fmt.Errorf("%w: reading the sign-in: %w", delta.ErrTrouble, err)
	}
	if raw == nil {
		return rest.Token{}, fmt.Errorf("%w: it was taken back, or the key file is another", delta.ErrSignIn)
	}
	if refused != "" {
		raw = withoutAccessTokens(raw)
	}
	memory := &memoryCache{raw: raw}
	client, err := t.credential.owners(memory)
	if err != nil {
		return rest.Token{}, fmt.Errorf("%w: %w", delta.ErrCredentials, err)
	}
	account, err := t.account(ctx, client)
	if err != nil {
		return rest.Token{}, err
	}
	result, err := client.AcquireTokenSilent(ctx, t.credential.scopes(), public.WithSilentAccount(account))
	if err != nil {
		return rest.Token{}, ownerError(ctx, err)
	}
	if memory.changed {
		if err := t.kept.RenewSignIn(ctx, t.id, memory.raw, version); err != nil && t.credential.Warn != nil {
			t.credential.Warn(err) // the older refresh token lives for weeks
		}
	}
	return rest.Token{Value: result.AccessToken, Renew: result.ExpiresOn.Add(-early), Expires: result.ExpiresOn}, nil
}

// account finds the owner in MSAL's cache.
func (t *OwnerTokens) account(ctx context.Context, client public.Client) (public.Account, error) {
	accounts, err := client.Accounts(ctx)
	if err == nil {
		for _, a := range accounts {
			if strings.EqualFold(a.LocalAccountID, t.id) {
				return a, nil
			}
		}
	}
	return public.Account{}, fmt.Errorf("%w: what was kept of the sign-in is of no use", delta.ErrSignedOut)
}

// withoutAccessTokens leaves only what a new token can be got with: MSAL gives what it has for as long as it lives, also when Graph
// does not take it. The members are those that all MSALs share.
func withoutAccessTokens(raw []byte) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return raw
	}
	delete(all, "AccessToken")
	out, err := json.Marshal(all)
	if err != nil {
		return raw
	}
	return out
}

// ownerError tells a person who has to sign in again from an application that is refused and from an outage
// (reference-error-codes.md; resolve-auth-errors.md).
func ownerError(ctx context.Context, err error) error {
	e := tokenError(ctx, err)
	switch said := oauthError(err); {
	case said.Error == "invalid_grant", said.Error == "interaction_required", unanswerable(err):
		return fmt.Errorf("%w: %w", delta.ErrSignedOut, e)
	}
	return e
}

// unanswerable reports errors that MSAL has words for and no type: no refresh token is there, or not all that was asked for was
// consented to.
func unanswerable(err error) bool {
	return err.Error() == "no token found" || strings.Contains(err.Error(), "declined scopes")
}

// Owned gives the calendar of a mailbox whose owner has signed in. Nothing is asked as the application.
func (c *Client) Owned(m delta.Mailbox, owner *OwnerTokens) *Calendar {
	return &Calendar{client: c, box: m, owner: owner}
}

// send sends a call as whoever serves the mailbox.
func (c *Calendar) send(ctx context.Context, call rest.Call) error {
	if c.owner != nil {
		call.Tokens = c.owner
	}
	return c.owners(c.client.rest.Do(ctx, call))
}

// owners says of a refusal whom it concerns: an owner's token that Graph does not take is his trouble alone.
func (c *Calendar) owners(err error) error {
	if c.owner != nil && errors.Is(err, delta.ErrCredentials) && errors.As(err, new(*rest.Error)) {
		return fmt.Errorf("%w: %w", delta.ErrSignedOut, err)
	}
	return err
}

// profile reads members of the owner's entry in the directory. He himself may read his own only (user-get.md).
func (c *Calendar) profile(ctx context.Context, fields string) (userJSON, error) {
	if c.owner == nil {
		return c.client.profile(ctx, nil, fields, "users", c.box.Key())
	}
	answer, err := c.client.profile(ctx, c.owner, fields, "me")
	return answer, c.owners(err)
}

// Nobody are the tokens of an application without a certificate: mailboxes whose owners did not sign in cannot be served.
type Nobody struct{}

// Token implements [rest.Tokens].
func (Nobody) Token(context.Context, string) (string, error) { return "", delta.ErrSignIn }

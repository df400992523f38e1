package webex

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// FixedToken is an access token that an operator configured.
type FixedToken string

// Token implements [rest.Tokens].
func (t FixedToken) Token(_ context.Context, refused string) (string, error) {
	if refused != "" {
		return "", fmt.Errorf("%w: webex_token is not accepted any more", delta.ErrCredentials)
	}
	return string(t), nil
}

// Vault keeps the tokens of a Service App over restarts, encrypted.
type Vault interface {
	// LoadToken gives what was stored last; nil if there is nothing.
	LoadToken(ctx context.Context) ([]byte, error)
	// StoreToken has stored its argument for good when it returns.
	StoreToken(ctx context.Context, tokens []byte) error
}

// ServiceApp gets tokens by refresh. Each refresh may give a new refresh token, and the old one may then be dead: what comes back
// is stored before it is used (Service Apps; Integrations, "Using the Refresh Token").
type ServiceApp struct {
	root, id, secret, refresh string
	http                      *http.Client
	vault                     Vault

	mu     sync.Mutex // also makes one refresh of many
	tokens grant      // guarded by mu
	loaded bool       // guarded by mu
}

// grant is what Webex gave last. It is stored as JSON, encrypted.
type grant struct {
	Access         string    `json:"access"`
	Refresh        string    `json:"refresh"`
	Obtained       time.Time `json:"obtained"`
	Expires        time.Time `json:"expires"`
	RefreshExpires time.Time `json:"refresh_expires"`
	// Seed names the configured refresh token that all this came from. When an operator configures another, it wins.
	Seed string `json:"seed"`
}

// NewServiceApp makes a token source from what the developer portal gave: client id, secret and first refresh token.
func NewServiceApp(root, id, secret, refresh string, transport http.RoundTripper, vault Vault) *ServiceApp {
	return &ServiceApp{
		root: strings.TrimSuffix(root, "/"), id: id, secret: secret, refresh: refresh,
		http: rest.HTTP(transport, 1<<20), vault: vault,
	}
}

// Token implements [rest.Tokens].
func (s *ServiceApp) Token(ctx context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return "", err
	}
	now := time.Now()
	if t := s.tokens; t.Access != "" && t.Access != refused && now.Before(t.Expires) && now.Before(halfLife(t)) {
		return t.Access, nil
	}
	if err := s.renew(ctx); err != nil {
		if t := s.tokens; t.Access != "" && t.Access != refused && now.Before(t.Expires) && !errors.Is(err, delta.ErrCredentials) {
			return t.Access, nil // the old one is good for days yet
		}
		return "", err
	}
	return s.tokens.Access, nil
}

func halfLife(t grant) time.Time { return t.Obtained.Add(t.Expires.Sub(t.Obtained) / 2) }

// RefreshExpires is when the refresh token dies if it is not used; zero while unknown.
func (s *ServiceApp) RefreshExpires() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens.RefreshExpires
}

// load takes over what another process stored, or begins with what the operator configured.
func (s *ServiceApp) load(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	raw, err := s.vault.LoadToken(ctx)
	if err != nil {
		return fmt.Errorf("reading the stored Webex token: %w", err)
	}
	sum := sha256.Sum256([]byte(s.refresh))
	seed := hex.EncodeToString(sum[:8])
	if json.Unmarshal(raw, &s.tokens) != nil || s.tokens.Seed != seed {
		s.tokens = grant{Refresh: s.refresh, Seed: seed}
	}
	s.loaded = true
	return nil
}

// renew gets new tokens and stores them before anybody uses them.
func (s *ServiceApp) renew(ctx context.Context) error {
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {s.id}, "client_secret": {s.secret}, "refresh_token": {s.tokens.Refresh},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.root+"/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("webex_url: %w", rest.Cause(err))
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		return fmt.Errorf("%w: refreshing the Webex token: %w", delta.ErrTrouble, rest.Cause(err))
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: Webex answered %d to the refresh token: authorise the Service App again and configure webex_refresh_token",
			delta.ErrCredentials, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%w: Webex answered %d to the refresh token", delta.ErrTrouble, response.StatusCode)
	}
	return s.take(ctx, response.Body)
}

func (s *ServiceApp) take(ctx context.Context, body io.Reader) error {
	var answer struct {
		Access         string `json:"access_token"`
		Expires        int64  `json:"expires_in"`
		Refresh        string `json:"refresh_token"`
		RefreshExpires int64  `json:"refresh_token_expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&answer); err != nil || answer.Access == "" {
		return fmt.Errorf("%w: Webex's answer to the refresh token cannot be read", delta.ErrTrouble)
	}
	now := time.Now()
	fresh := grant{
		Access: answer.Access, Refresh: answer.Refresh, Seed: s.tokens.Seed, Obtained: now,
		Expires: now.Add(time.Duration(answer.Expires) * time.Second),
	}
	if fresh.Refresh == "" {
		fresh.Refresh = s.tokens.Refresh
	}
	if answer.RefreshExpires > 0 {
		fresh.RefreshExpires = now.Add(time.Duration(answer.RefreshExpires) * time.Second)
	}
	raw, err := json.Marshal(fresh)
	if err != nil {
		return fmt.Errorf("encoding tokens: %w", err)
	}
	// If we crash here the old refresh token may be dead: nothing was lost that could have been kept.
	s.tokens = fresh
	if err := s.vault.StoreToken(ctx, raw); err != nil {
		return fmt.Errorf("storing the Webex token: %w", err)
	}
	return nil
}

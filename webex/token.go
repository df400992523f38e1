package webex

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
	keeper                    *rest.Keeper // one renewal of many

	mu      sync.Mutex
	tokens  grant  // guarded by mu
	unsaved []byte // guarded by mu; tokens that could not be stored yet
	begun   bool   // guarded by mu; a token was given out
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

// NewServiceApp makes a token source from what the developer portal gave: client id, secret and first refresh token. warn, which may
// be nil, is told of a refresh that fails while the old token still works.
func NewServiceApp(root, id, secret, refresh string, transport http.RoundTripper, vault Vault, warn func(error)) *ServiceApp {
	s := &ServiceApp{
		root: strings.TrimSuffix(root, "/"), id: id, secret: secret, refresh: refresh,
		http: rest.HTTP(transport, 1<<20), vault: vault,
	}
	s.keeper = rest.NewKeeper(s.renew, warn)
	return s
}

// Token implements [rest.Tokens].
func (s *ServiceApp) Token(ctx context.Context, refused string) (string, error) {
	return s.keeper.Token(ctx, refused)
}

// renewing is how long before a token's end a new one is asked for: half its life.
func (g grant) renewing() time.Time { return g.Obtained.Add(g.Expires.Sub(g.Obtained) / 2) }

func (g grant) token() rest.Token {
	return rest.Token{Value: g.Access, Renew: g.renewing(), Expires: g.Expires}
}

// RefreshExpires is when the refresh token dies if it is not used; zero while unknown.
func (s *ServiceApp) RefreshExpires() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens.RefreshExpires
}

// renew gives a token other than refused: one that another process stored meanwhile, or else a new one.
func (s *ServiceApp) renew(ctx context.Context, refused string) (rest.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsaved != nil {
		if err := s.save(ctx); err != nil {
			return rest.Token{}, err
		}
	} else if err := s.load(ctx); err != nil {
		return rest.Token{}, err
	}
	now, t := time.Now(), s.tokens
	works := t.Access != "" && t.Access != refused && now.Before(t.Expires)
	if works && (now.Before(t.renewing()) || !s.begun) { // one that is due, too: the keeper falls back on it
		s.begun = true
		return t.token(), nil
	}
	if err := s.ask(ctx); err != nil {
		return rest.Token{}, err
	}
	s.begun = true
	return s.tokens.token(), nil
}

// load takes over what was stored last, by whichever process, or begins with what the operator configured.
func (s *ServiceApp) load(ctx context.Context) error {
	raw, err := s.vault.LoadToken(ctx)
	if err != nil {
		return fmt.Errorf("reading the stored Webex token: %w", err)
	}
	sum := sha256.Sum256([]byte(s.refresh))
	seed := hex.EncodeToString(sum[:8])
	var stored grant
	switch {
	case json.Unmarshal(raw, &stored) == nil && stored.Seed == seed:
		s.tokens = stored
	case s.tokens.Seed == "":
		s.tokens = grant{Refresh: s.refresh, Seed: seed}
	}
	return nil
}

// ask gets new tokens and stores them before anybody uses them.
func (s *ServiceApp) ask(ctx context.Context) error {
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
		err := fmt.Errorf("%w: Webex answered %d to the refresh token", delta.ErrTrouble, response.StatusCode)
		if after := rest.RetryAfter(response.Header.Get("Retry-After"), time.Now()); after > 0 {
			return &delta.LaterError{At: time.Now().Add(after), Err: err}
		}
		return err
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
	s.tokens, s.unsaved = fresh, raw
	return s.save(ctx)
}

// save stores the tokens, also for a caller that is about to leave.
func (s *ServiceApp) save(ctx context.Context) error {
	if err := s.vault.StoreToken(context.WithoutCancel(ctx), s.unsaved); err != nil {
		return fmt.Errorf("storing the Webex token: %w", err)
	}
	s.unsaved = nil
	return nil
}

package webex

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"syncd/delta"
	"syncd/rest"
)

// A Service App's access token lives for 14 days, its refresh token for 90, and each refresh renews both. The answer may hold
// another refresh token, and the old one may then be dead: what comes back is stored, sealed, before anybody uses it (Service Apps;
// Integrations, "Using the Refresh Token"). Of many daemons one refreshes, at half-life; the others find what it stored.

// Vault keeps the tokens of a Service App over restarts, encrypted, for all daemons.
type Vault interface {
	// LoadTokens gives what was stored last, by whomever, and where an older copy of it is about, that too; the later one first.
	LoadTokens(ctx context.Context) ([][]byte, error)
	// KeepToken sees that one of these stands wherever tokens are kept, unless there is a later one. shared says that other daemons had not
	// had it.
	KeepToken(ctx context.Context, tokens []byte) (shared bool, err error)
	// StoreToken has stored its argument for good when it returns.
	StoreToken(ctx context.Context, tokens []byte) error
	// LockToken keeps other daemons from refreshing, for some seconds at most. ok is false where another is at it.
	LockToken(ctx context.Context, most time.Duration) (unlock func(), ok bool, err error)
	// NoteToken tells operators when the refresh token dies, and whether Webex refuses it.
	NoteToken(ctx context.Context, expires time.Time, refused bool) error
}

// ServiceApp gets tokens by refresh. It implements [rest.Tokens].
type ServiceApp struct {
	*rest.Keeper
	root, id, secret, refresh string
	http                      *http.Client
	vault                     Vault
	// Used by one goroutine at a time, as the keeper renews:
	unsaved []byte // of a refresh that could not be stored
	begun   bool   // a token was given out
}

// grant is what Webex gave last. It is stored as JSON, encrypted.
type grant struct {
	Access         string    `json:"access"`
	Refresh        string    `json:"refresh"`
	Obtained       time.Time `json:"obtained"`
	Expires        time.Time `json:"expires"`
	RefreshExpires time.Time `json:"refresh_expires"`
	Scope          string    `json:"scope,omitempty"` // as Webex named it; "" where it did not
	// Seed names the configured refresh token that all this came from. When an operator configures another, it wins.
	Seed string `json:"seed"`
}

// NewServiceApp makes a token source from what the developer portal gave: client id, secret and first refresh token. warn, which
// may be nil, is told of a refresh that failed while the old access token works still.
func NewServiceApp(root, id, secret, refresh string, transport http.RoundTripper, vault Vault, warn func(error)) *ServiceApp {
	s := &ServiceApp{
		root: strings.TrimSuffix(root, "/"), id: id, secret: secret, refresh: refresh,
		http: rest.HTTP(transport, 1<<20), vault: vault,
	}
	s.Keeper = rest.NewKeeper(s.renew, warn)
	return s
}

// Token implements [rest.Tokens]. While Webex refuses the refresh tokens that there are, and the keeper asks seldomer and seldomer, another
// machine may have stored a token that works.
func (s *ServiceApp) Token(ctx context.Context, refused string) (string, error) {
	token, err := s.Keeper.Token(ctx, refused)
	if errors.Is(err, delta.ErrCredentials) {
		if g, _, failed := s.pick(ctx, nil); failed == nil && g.works(refused) {
			return g.Access, nil
		}
	}
	return token, err
}

const (
	// refreshing is how long one daemon may be at a refresh.
	refreshing = 30 * time.Second
	// refreshLook is how often the others look whether it is done, and how long they use a token that works before they look again.
	refreshLook = 500 * time.Millisecond
)

func halfLife(g grant) time.Time { return g.Obtained.Add(g.Expires.Sub(g.Obtained) / 2) }

func (g grant) token() rest.Token {
	return rest.Token{Value: g.Access, Renew: halfLife(g), Expires: g.Expires}
}

// works reports whether an access token can be used: it is not the refused one, and lives.
func (g grant) works(refused string) bool {
	return g.Access != "" && g.Access != refused && time.Now().Before(g.Expires)
}

// renew gets a token other than the refused one: what another daemon stored, or new ones.
func (s *ServiceApp) renew(ctx context.Context, refused string) (token rest.Token, err error) {
	defer func() { s.begun = s.begun || err == nil }()
	if err := s.save(ctx); err != nil {
		return rest.Token{}, err
	}
	for {
		g, err := s.load(ctx)
		if err != nil {
			return rest.Token{}, err
		}
		if g.works(refused) && (time.Now().Before(halfLife(g)) || !s.begun) {
			return g.token(), nil // one that is due is better than none: the keeper falls back on it where the refresh fails
		}
		unlock, ok, err := s.vault.LockToken(ctx, refreshing)
		if err != nil {
			return rest.Token{}, fmt.Errorf("%w: taking the turn to refresh the Webex token: %w", delta.ErrTrouble, err)
		}
		if ok {
			g, err := s.locked(ctx, refused)
			unlock()
			return g.token(), err
		}
		if g.works(refused) {
			token := g.token()
			token.Renew = time.Now().Add(refreshLook)
			return token, nil
		}
		if err := rest.Wait(ctx, refreshLook); err != nil {
			return rest.Token{}, err
		}
	}
}

// locked refreshes while no other daemon does.
func (s *ServiceApp) locked(ctx context.Context, refused string) (grant, error) {
	// A refresh that has begun is brought to its end: its answer may hold the only refresh token that lives.
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshing*2/3)
	defer cancel()
	g, fresh, err := s.exchange(ctx, within, refused)
	if err != nil || fresh.Access == "" {
		return g, err
	}
	fresh.Seed, fresh.Refresh = g.Seed, cmp.Or(fresh.Refresh, g.Refresh)
	fresh.Scope = cmp.Or(fresh.Scope, g.Scope)
	if fresh.RefreshExpires.IsZero() {
		fresh.RefreshExpires = g.RefreshExpires
	}
	// If we crash here the old refresh token may be dead: nothing was lost that could have been kept.
	if s.unsaved, err = json.Marshal(fresh); err != nil {
		return grant{}, fmt.Errorf("encoding tokens: %w", err)
	}
	if err := s.save(within); err != nil {
		return grant{}, err
	}
	_ = s.vault.NoteToken(within, fresh.RefreshExpires, false) // the token is there all the same
	return fresh, nil
}

// exchange gives a grant and what it was exchanged for; nothing where it is good as it is. One whose refresh token Webex does not take
// may be older than it should be, in a store that came from a backup, say: the other copies, the configured token, and what another
// daemon stored meanwhile, may live.
func (s *ServiceApp) exchange(ctx, within context.Context, refused string) (g, fresh grant, err error) {
	var dead []string
	var expires time.Time
	refusal := delta.ErrCredentials
	for {
		if g, err = s.load(ctx, dead...); err != nil || g.works(refused) && time.Now().Before(halfLife(g)) {
			return g, grant{}, err
		}
		if g.Refresh == "" {
			err := fmt.Errorf("%w: authorise the Service App again and configure webex_refresh_token", refusal)
			return grant{}, grant{}, errors.Join(err, s.vault.NoteToken(ctx, expires, true))
		}
		if fresh, err = s.ask(within, g.Refresh); !errors.Is(err, delta.ErrCredentials) {
			return g, fresh, err
		}
		dead, refusal = append(dead, g.Refresh), err
		if g.RefreshExpires.After(expires) {
			expires = g.RefreshExpires
		}
	}
}

// save stores what a refresh gave. Until that is done nobody uses it, and no other refresh is tried.
func (s *ServiceApp) save(ctx context.Context) error {
	if s.unsaved == nil {
		return nil
	}
	if err := s.vault.StoreToken(ctx, s.unsaved); err != nil {
		return fmt.Errorf("%w: storing the Webex token: %w", delta.ErrTrouble, err)
	}
	s.unsaved = nil
	return nil
}

// load reads what is stored, and has it stand in all places; or begins with what the operator configured. Refresh tokens that are dead
// are left out; without any that may live the grant has none.
func (s *ServiceApp) load(ctx context.Context, dead ...string) (grant, error) {
	g, raw, err := s.pick(ctx, dead)
	if raw != nil {
		_ = s.keep(ctx, g, raw) // it can be used all the same, and Keep tells
	}
	return g, err
}

// pick is the first of what is stored that is good for something.
func (s *ServiceApp) pick(ctx context.Context, dead []string) (g grant, raw []byte, err error) {
	copies, err := s.vault.LoadTokens(ctx)
	if err != nil {
		return grant{}, nil, fmt.Errorf("%w: reading the stored Webex token: %w", delta.ErrTrouble, err)
	}
	sum := sha256.Sum256([]byte(s.refresh))
	seed := hex.EncodeToString(sum[:8])
	for _, raw := range copies {
		var g grant
		if json.Unmarshal(raw, &g) == nil && g.Seed == seed && !slices.Contains(dead, g.Refresh) {
			return g, raw, nil
		}
	}
	if slices.Contains(dead, s.refresh) {
		return grant{}, nil, nil
	}
	return grant{Refresh: s.refresh, Seed: seed}, nil, nil
}

// keep has a stored grant stand in all places. Where others had not had it they may have been refused with an older one.
func (s *ServiceApp) keep(ctx context.Context, g grant, raw []byte) error {
	shared, err := s.vault.KeepToken(ctx, raw)
	if shared {
		err = errors.Join(err, s.vault.NoteToken(ctx, g.RefreshExpires, false))
	}
	return err
}

// Keep has the tokens stand in all places: what another machine stored in this machine's folder, and what this one has in a store that was
// emptied.
func (s *ServiceApp) Keep(ctx context.Context) error {
	g, raw, err := s.pick(ctx, nil)
	if raw != nil {
		err = s.keep(ctx, g, raw)
	}
	if err != nil {
		return fmt.Errorf("keeping the Webex token: %w", err)
	}
	return nil
}

// ask refreshes once.
func (s *ServiceApp) ask(ctx context.Context, refresh string) (grant, error) {
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {s.id}, "client_secret": {s.secret}, "refresh_token": {refresh},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.root+"/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, fmt.Errorf("webex_url: %w", rest.Cause(err))
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		return grant{}, fmt.Errorf("%w: refreshing the Webex token: %w", delta.ErrTrouble, rest.Cause(err))
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusUnauthorized:
		return grant{}, fmt.Errorf("%w: Webex answered %d to the refresh token", delta.ErrCredentials, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		err := fmt.Errorf("%w: Webex answered %d to the refresh token", delta.ErrTrouble, response.StatusCode)
		if after := rest.RetryAfter(response.Header.Get("Retry-After"), time.Now()); after > 0 {
			return grant{}, &delta.LaterError{At: time.Now().Add(after), Err: err}
		}
		return grant{}, err
	}
	return readGrant(response.Body)
}

func readGrant(body io.Reader) (grant, error) {
	var answer struct {
		Access         string `json:"access_token"`
		Expires        int64  `json:"expires_in"`
		Refresh        string `json:"refresh_token"`
		RefreshExpires int64  `json:"refresh_token_expires_in"`
		Scope          string `json:"scope"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 1<<20)).Decode(&answer); err != nil || answer.Access == "" {
		return grant{}, fmt.Errorf("%w: Webex's answer to the refresh token cannot be read", delta.ErrTrouble)
	}
	const unsaid, most = time.Hour, 366 * 24 * time.Hour // what is not said may be short, and numbers may be too large for a time
	lives := func(seconds int64) time.Duration {
		return time.Duration(min(seconds, int64(most/time.Second))) * time.Second
	}
	now := time.Now()
	g := grant{Access: answer.Access, Refresh: answer.Refresh, Scope: answer.Scope, Obtained: now, Expires: now.Add(unsaid)}
	if answer.Expires > 0 {
		g.Expires = now.Add(lives(answer.Expires))
	}
	if answer.RefreshExpires > 0 {
		g.RefreshExpires = now.Add(lives(answer.RefreshExpires))
	}
	return g, nil
}

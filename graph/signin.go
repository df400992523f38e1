package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"syncd/delta"
	"syncd/rest"
)

// SignIn is one person's sign-in with a device code, under way (v2-oauth2-device-code.md).
type SignIn struct {
	Message string    // what the person has to do, in Entra's words
	Expires time.Time // of the code

	credential Credential
	memory     *memoryCache
	code       public.DeviceCode
}

// Person is somebody who signed in.
type Person struct {
	ID        string   // in the directory
	Addresses []string // the primary one first, in lower case
	Cache     []byte   // MSAL's, with the refresh token: a secret
}

// Is reports whether a name is one of the person's.
func (p Person) Is(name string) bool {
	return strings.EqualFold(name, p.ID) || slices.Contains(p.Addresses, strings.ToLower(name))
}

var (
	// ErrDeclined: the person, or the tenant's rules, said no.
	ErrDeclined = errors.New("the sign-in was declined")
	// ErrCodeExpired: nobody signed in while the code could be used.
	ErrCodeExpired = errors.New("the code has expired, and nobody signed in with it")
	// ErrNotPublic: the application lets no device sign people in.
	ErrNotPublic = errors.New("the Entra application allows no device code: switch on Authentication → Allow public client flows")
)

// BeginSignIn asks for a device code. The credential's certificate is not used.
func BeginSignIn(ctx context.Context, c Credential) (*SignIn, error) {
	s := &SignIn{credential: c, memory: &memoryCache{}}
	client, err := c.owners(s.memory)
	if err != nil {
		return nil, err
	}
	if s.code, err = client.AcquireTokenByDeviceCode(ctx, c.scopes()); err != nil {
		return nil, signInError(ctx, err)
	}
	s.Message, s.Expires = s.code.Result.Message, s.code.Result.ExpiresOn
	if s.Message == "" {
		s.Message = fmt.Sprintf("To sign in, open %s and enter the code %s.", s.code.Result.VerificationURL, s.code.Result.UserCode)
	}
	return s, nil
}

// Await waits until somebody signed in, and asks Graph who that is. MSAL asks at intervals of up to 5 s; an outage meanwhile is waited for.
func (s *SignIn) Await(ctx context.Context) (Person, error) {
	for {
		result, err := s.code.AuthenticationResult(ctx)
		if err == nil {
			return s.identify(ctx, result)
		}
		if ctx.Err() == nil && !time.Now().Before(s.Expires) {
			return Person{}, ErrCodeExpired
		}
		if err = signInError(ctx, err); !errors.Is(err, delta.ErrTrouble) {
			return Person{}, err
		}
		wait := time.Second
		var later *delta.LaterError
		if errors.As(err, &later) {
			wait = max(wait, time.Until(later.At))
		}
		if err := rest.Wait(ctx, min(wait, time.Until(s.Expires))); err != nil {
			return Person{}, err
		}
	}
}

// identify asks Graph whose token this is: what it says counts, and Entra's answer has to agree.
func (s *SignIn) identify(ctx context.Context, result public.AuthResult) (Person, error) {
	client, err := New(s.credential.GraphURL, s.credential.Transport, bearer(result.AccessToken))
	if err != nil {
		return Person{}, err
	}
	me, err := client.profile(ctx, nil, userFields+",proxyAddresses", "me")
	if err != nil {
		return Person{}, fmt.Errorf("asking who signed in: %w", err)
	}
	if !strings.EqualFold(me.ID, result.Account.LocalAccountID) || !strings.EqualFold(me.ID, result.IDToken.Oid) {
		return Person{}, fmt.Errorf("%w: the login address and Graph do not agree on who signed in", delta.ErrForeign)
	}
	return Person{ID: me.ID, Addresses: me.addresses(), Cache: s.memory.raw}, nil
}

// signInError says what became of a sign-in.
func signInError(ctx context.Context, err error) error {
	if strings.Contains(err.Error(), "declined scopes") {
		return fmt.Errorf("%w: Calendars.ReadWrite, MailboxSettings.Read and User.Read are needed, all of them", ErrDeclined)
	}
	said := oauthError(err)
	switch said.Error {
	case "authorization_declined", "access_denied":
		return fmt.Errorf("%w%s", ErrDeclined, said.words())
	case "expired_token", "bad_verification_code":
		return ErrCodeExpired
	case "invalid_client", "unauthorized_client":
		if slices.Contains(said.Codes, secretMissing) {
			return ErrNotPublic
		}
	}
	return tokenError(ctx, err)
}

// secretMissing is what an application is told that is not a public client (known from practice).
const secretMissing = 7000218

// bearer is a token that is used once, and not renewed.
type bearer string

// Token implements [rest.Tokens].
func (b bearer) Token(_ context.Context, refused string) (string, error) {
	if refused != "" {
		return "", fmt.Errorf("%w: Graph does not take the token", delta.ErrCredentials)
	}
	return string(b), nil
}

package webex

import (
	"context"
	"fmt"

	"syncd/delta"
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

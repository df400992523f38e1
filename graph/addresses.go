package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"syncd/delta"
)

// Addresses are all by which the mailbox's owner may be known elsewhere, in lower case: the primary one first, then the user name,
// then the others (user.md, proxyAddresses).
func (c *Calendar) Addresses(ctx context.Context) ([]string, error) {
	answer, err := c.profile(ctx, userFields+",proxyAddresses")
	if err != nil {
		return nil, fmt.Errorf("looking up the owner's addresses: %w", err)
	}
	if out := answer.addresses(); len(out) > 0 {
		return out, nil
	}
	return nil, fmt.Errorf("%w: the owner of the mailbox has no address", delta.ErrHost)
}

// addresses are the primary one, the user name and the others, in lower case and each once.
func (u userJSON) addresses() []string {
	all := []string{u.primary(), strings.ToLower(u.UPN)}
	for _, proxy := range u.Proxies {
		if kind, address, ok := strings.Cut(proxy, ":"); ok && strings.EqualFold(kind, "smtp") {
			all = append(all, strings.ToLower(address))
		}
	}
	var out []string
	for _, address := range all {
		if strings.Contains(address, "@") && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"syncd/delta"
	"syncd/rest"
)

// Addresses are all by which the mailbox's owner may be known elsewhere, in lower case: the primary one first, then the user name,
// then the others (user.md, proxyAddresses).
func (c *Calendar) Addresses(ctx context.Context) ([]string, error) {
	var answer struct {
		userJSON
		Proxies []string `json:"proxyAddresses"`
	}
	err := c.do(ctx, rest.Call{
		Method: http.MethodGet, URL: c.url(url.Values{"$select": {userFields + ",proxyAddresses"}}), Decode: rest.JSON(&answer),
	})
	if err != nil {
		return nil, fmt.Errorf("looking up the owner's addresses: %w", err)
	}
	all := []string{answer.primary(), strings.ToLower(answer.UPN)}
	for _, proxy := range answer.Proxies {
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
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: the owner of the mailbox has no address", delta.ErrHost)
	}
	return out, nil
}

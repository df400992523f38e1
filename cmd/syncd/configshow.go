package main

import (
	"net/url"
	"slices"
	"strings"
)

// What is shown of a configuration.

// inForce lists the settings as they are, secrets masked.
func inForce(c *Config, values map[string]source) [][3]string {
	var out [][3]string
	derived := map[string]string{"graph_url": c.GraphURL, "login_url": c.LoginURL, "state_dir": c.StateDir, "key_file": c.KeyFile}
	for _, s := range settings() {
		v := values[s.key]
		if v.value == "" && derived[s.key] != "" {
			v.value = derived[s.key]
		}
		switch {
		case s.secret && s.key != "redis_url" && v.value != "":
			v.value = mask
		default:
			v.value = masked(s.key, v.value)
		}
		out = append(out, [3]string{s.key, v.value, v.place})
	}
	slices.SortFunc(out, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// mask stands for what is not shown.
const mask = "***"

// masked hides the secrets in a setting that is an address: who signs in, and what its options say of passwords, secrets and tokens.
func masked(key, value string) string {
	scheme, rest, isAddress := strings.Cut(value, "://")
	if !isAddress || !strings.HasSuffix(key, "_url") {
		return value
	}
	u, err := url.Parse(strings.TrimPrefix(value, eventHub))
	if err != nil || u.User == nil && strings.Contains(rest, "@") {
		return scheme + "://" + mask // who knows where in it a password begins and ends
	}
	before, query, _ := strings.Cut(rest, "?")
	if at := strings.LastIndex(before, "@"); at >= 0 {
		before = mask + before[at:]
	}
	if query == "" {
		return scheme + "://" + before
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		if secretName(name) {
			parts[i] = name + "=" + mask
		}
	}
	return scheme + "://" + before + "?" + strings.Join(parts, "&")
}

// secretName tells by its name what is a secret, however that is written.
func secretName(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"password", "secret", "token"}, func(word string) bool { return strings.Contains(name, word) })
}

package delta

import (
	"strings"
	"testing"
)

func TestAClientStateNamesItsMailboxAndCannotBeMadeUp(t *testing.T) {
	master := []byte(strings.Repeat("k", 32))
	ours, err := NewKeys(master, "tenant")
	if err != nil {
		t.Fatal(err)
	}
	const alice, bo = "0E5C4C2C-7f5b-4d7e-9f4a-000000000001", "0e5c4c2c-7f5b-4d7e-9f4a-000000000002"
	state := ours.ClientState(alice)
	if len(state) > longestState || strings.Contains(state, "tenant") {
		t.Errorf("%d characters: %s", len(state), state)
	}
	if m, ok := ours.Subscribed(state); !ok || m != strings.ToLower(alice) {
		t.Errorf("%q, %t", m, ok)
	}
	otherTenant, _ := NewKeys(master, "other")
	otherKey, _ := NewKeys([]byte(strings.Repeat("l", 32)), "tenant")
	_, mac, _ := strings.Cut(state, ".")
	for _, forged := range []string{
		"", ".", "." + mac, alice, alice + ".", bo + "." + mac, state + "A", state[:len(state)-1], strings.ToUpper(state), "NA",
		otherTenant.ClientState(alice), otherKey.ClientState(alice), strings.Repeat("x", 1<<20),
	} {
		if m, ok := ours.Subscribed(forged); ok {
			t.Errorf("%.90q passes for %q", forged, m)
		}
	}
}

func FuzzSubscribed(f *testing.F) {
	keys, err := NewKeys([]byte(strings.Repeat("k", 32)), "tenant")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(keys.ClientState("m"))
	f.Add("m.x")
	f.Fuzz(func(t *testing.T, state string) {
		if m, ok := keys.Subscribed(state); ok && keys.ClientState(m) != state {
			t.Errorf("%q passes for %q", state, m)
		}
	})
}

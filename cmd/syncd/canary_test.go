package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// canary is something that must not be seen, and the forms in which it would still be seen.
type canary struct {
	text  string
	plain []string // in lower case: found whatever the case
	exact []string
}

func newCanary(text string) canary {
	c := canary{text: text}
	quoted, _ := json.Marshal(text) // a string, it cannot fail
	c.plain = []string{
		text, strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(text)), url.QueryEscape(text), url.PathEscape(text), everyByte(text),
		strings.TrimPrefix(fmt.Sprintf("%#v", []byte(text)), "[]byte"),
	}
	for i := range c.plain {
		c.plain[i] = strings.ToLower(c.plain[i])
	}
	// Base64 shows a text in three ways, depending on where in a group of three it begins. The first and the last character
	// also hold bits of what stands beside it.
	for shift := range 3 {
		for _, form := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := form.EncodeToString([]byte(strings.Repeat("x", shift) + text))
			from := (shift*8 + 5) / 6
			to := (shift + len(text)) * 8 / 6
			c.exact = append(c.exact, encoded[from:to])
		}
	}
	return c
}

// everyByte writes each byte with a percent sign.
func everyByte(text string) string {
	var out strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&out, "%%%02x", text[i])
	}
	return out.String()
}

// seenIn tells around what the canary stands in a text; "" for nowhere.
func (c canary) seenIn(text, lower string) string {
	for _, form := range c.plain {
		if at := strings.Index(lower, form); at >= 0 {
			return around(lower, at, len(form))
		}
	}
	for _, form := range c.exact {
		if at := strings.Index(text, form); at >= 0 {
			return around(text, at, len(form))
		}
	}
	return ""
}

func around(text string, at, n int) string {
	const context = 80
	return strings.ToValidUTF8(text[max(at-context, 0):min(at+n+context, len(text))], "?")
}

func TestACanaryIsSeenInEveryFormThatCanBeReadBack(t *testing.T) {
	const text = "Zebra+Quartz/7?äö"
	c := newCanary(text)
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, shown := range map[string]string{
		"plain": text, "capitals": strings.ToUpper("zebra+quartz/7?") + "äö", "JSON": string(quoted), "hex": strings.ToUpper(hex.EncodeToString([]byte(text))),
		"query": url.Values{"subject": {text}}.Encode(), "path": url.PathEscape(text),
		"base64": base64.StdEncoding.EncodeToString([]byte(text)), "base64 within": base64.URLEncoding.EncodeToString([]byte(`{"a":"` + text + `"}`)),
		"base64 one further": base64.StdEncoding.EncodeToString([]byte(`{"ab":"` + text + `"}`)), "bytes": fmt.Sprintf("%v", fmt.Sprintf("%#v", []byte(text))),
	} {
		if c.seenIn("before "+shown+" after", strings.ToLower("before "+shown+" after")) == "" {
			t.Errorf("%s is not seen: %s", name, shown)
		}
	}
	if at := c.seenIn("Zebra and quartz", "zebra and quartz"); at != "" {
		t.Errorf("seen in %q", at)
	}
}

// dump is all that a Redis holds: every key of every type with everything in it.
func dump(t *testing.T, address string) string {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	ctx := context.WithoutCancel(t.Context())
	var out strings.Builder
	keys := client.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		key := keys.Val()
		var value any
		var err error
		switch kind := client.Type(ctx, key).Val(); kind {
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "list":
			value, err = client.LRange(ctx, key, 0, -1).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRangeWithScores(ctx, key, 0, -1).Result()
		case "stream":
			value, err = client.XRange(ctx, key, "-", "+").Result()
		case "none": // a lease that ran out
		default:
			t.Fatalf("key %s is a %s, which this test cannot read", key, kind)
		}
		if err != nil && !errors.Is(err, redis.Nil) { // it ran out in between
			t.Fatal(err)
		}
		fmt.Fprintln(&out, key, value)
	}
	if err := keys.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// files is the content of all files in a folder.
func files(t *testing.T, folder string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		fmt.Fprintf(&out, "%s %s\n", name, raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

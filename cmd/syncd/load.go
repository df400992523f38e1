package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v4"
)

// source is a value with the place where it stands, for error messages.
type source struct {
	value string
	place string
}

// loadConfig reads defaults, the file, and the environment, each over the one before. Everything that is wrong is reported at
// once; what is right is there all the same. What a command needs besides, its needs tell.
func loadConfig(file string, environ []string) (*Config, map[string]source, error) {
	values := map[string]source{}
	for _, s := range settings() {
		values[s.key] = source{s.fallback, byDefault}
	}
	var errs []error
	var unread error
	if file != "" {
		var wrong error
		wrong, unread = readFile(file, values)
		errs = append(errs, unread, wrong)
	}
	errs = append(errs, readEnviron(environ, values))
	c := &Config{}
	for _, s := range settings() {
		v := values[s.key]
		if v.value == "" {
			continue
		}
		value, err := s.fromFile(v.value)
		if err == nil {
			err = s.set(c, value)
		}
		switch {
		case err == nil:
		case s.secret:
			errs = append(errs, fmt.Errorf("%s: %s: %w", v.place, s.key, err))
		default:
			errs = append(errs, fmt.Errorf("%s: %s is %s: %w", v.place, s.key, short(masked(s.key, v.value)), err))
		}
		values[s.key] = source{value, v.place}
	}
	c.complete()
	if unread == nil { // else nobody knows what is set
		c.set = map[string]bool{}
		for key, v := range values {
			c.set[key] = v.place != byDefault
		}
		errs = append(errs, c.contradictions())
	}
	return c, values, errors.Join(errs...)
}

// byDefault is the place of a value that nobody set.
const byDefault = "default"

// short is a value as an error shows it.
func short(value string) string {
	const most = 80
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q…", string(runes[:most]))
	}
	return fmt.Sprintf("%q", value)
}

// readFile reads a flat YAML file: one key a line. It tells what is wrong in it, and apart from that, why it could not be read at all.
func readFile(file string, values map[string]source) (wrong, unread error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := decoder.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil // an empty file
		}
		return nil, fmt.Errorf("configuration file %s: %w", file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration file %s holds more than one document", file)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("configuration file %s: want lines of the form key: value", file)
	}
	var errs []error
	seen := map[string]bool{}
	pairs := doc.Content[0].Content
	for i := 0; i+1 < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		place := fmt.Sprintf("%s line %d", file, key.Line)
		_, known := values[key.Value]
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("%s: unknown key %q%s", place, key.Value, meant(key.Value)))
		case seen[key.Value]:
			errs = append(errs, fmt.Errorf("%s: %s is set twice", place, key.Value))
		case value.Kind != yaml.ScalarNode:
			errs = append(errs, fmt.Errorf("%s: %s: want one value, not a list or a map", place, key.Value))
			values[key.Value] = source{"", place}
		case value.Value != "" && value.Tag != "!!null":
			values[key.Value] = source{value.Value, place}
		}
		seen[key.Value] = true
	}
	return errors.Join(errs...), nil
}

// readEnviron reads the SYNCD_ variables.
func readEnviron(environ []string, values map[string]source) error {
	var errs []error
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		key, ours := strings.CutPrefix(name, envPrefix)
		key = strings.ToLower(key)
		if !ours || key == "config" || putThereByKubernetes(name) {
			continue
		}
		if _, known := values[key]; !known {
			errs = append(errs, fmt.Errorf("environment: unknown variable %s%s", name, meant(key)))
			continue
		}
		if value != "" { // an empty variable is as good as none
			values[key] = source{value, "environment " + name}
		}
	}
	return errors.Join(errs...)
}

// putThereByKubernetes knows the variables that a cluster makes for a service called syncd-something.
func putThereByKubernetes(name string) bool {
	for _, pattern := range []string{"*_SERVICE_HOST", "*_SERVICE_PORT", "*_SERVICE_PORT_*", "*_PORT", "*_PORT_[0-9]*"} {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// meant suggests the key that was probably meant.
func meant(typed string) string {
	typed = strings.ToLower(strings.TrimPrefix(strings.ToLower(typed), strings.ToLower(envPrefix)))
	best, bestCommon := "", 0
	for _, s := range settings() {
		if n := common(typed, s.key); n > bestCommon {
			best, bestCommon = s.key, n
		}
	}
	if bestCommon < 4 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// common is the length of what two words share at their beginnings and ends.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	m := 0
	for m < min(len(a), len(b))-n && a[len(a)-1-m] == b[len(b)-1-m] {
		m++
	}
	return n + m
}

// schema is the JSON schema of the configuration file.
func schema() []byte {
	properties := map[string]any{}
	for _, s := range settings() {
		p := map[string]any{"description": s.doc, "type": []string{"string", "number", "boolean"}}
		if s.fallback != "" {
			p["default"] = s.fallback
		}
		if s.enum != nil {
			delete(p, "type")
			p["enum"] = s.enum
		}
		properties[s.key] = p
	}
	raw, _ := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "syncd configuration",
		"type": "object", "additionalProperties": false, "properties": properties,
	}, "", "  ") // plain data, it cannot fail
	return append(raw, '\n')
}

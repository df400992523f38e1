package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"syncd/parser"
)

// The settings of the join details. What they come to is one parser.Parts.

// setParts switches parts on. Header, footer and pages are settings of their own.
func setParts(c *Config, value string) error {
	if strings.EqualFold(strings.TrimSpace(value), "none") {
		value = ""
	}
	parts, err := parser.ParseParts(value)
	if err != nil {
		return fmt.Errorf("%w, separated by commas; or none", err)
	}
	parts.Header, parts.Footer, parts.CallIn, parts.Restrictions = c.Block.Header, c.Block.Footer, c.Block.CallIn, c.Block.Restrictions
	c.Block = parts
	return nil
}

// setPage takes the address of a page.
func setPage(field func(*parser.Parts) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		var alone parser.Parts
		*field(&alone) = value
		if alone.Check() != nil {
			return errors.New("want a plain address that begins with https://")
		}
		*field(&c.Block) = value
		return nil
	}
}

// setNotes takes a header or footer: one text for all languages, or a file with a text for each.
func setNotes(key string, field func(*parser.Parts) *parser.Notes) func(*Config, string) error {
	return func(c *Config, value string) error {
		texts := map[string]string{"": value}
		if path, ok := strings.CutPrefix(value, "@"); ok {
			var err error
			if texts, err = readNotes(path); err != nil {
				return err
			}
		}
		notes, err := parser.NewNotes(key, texts)
		if err == nil {
			*field(&c.Block) = notes
		}
		return err
	}
}

// readNotes reads a YAML file of lines "locale: text".
func readNotes(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the file it names: %w", err)
	}
	texts := map[string]string{}
	if err := yaml.NewDecoder(bytes.NewReader(raw)).Decode(&texts); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("want lines of the form \"de_DE: text\" and \"default: text\" in the file: %w", err)
	}
	if text, ok := texts["default"]; ok {
		delete(texts, "default")
		texts[""] = text
	}
	return texts, nil
}

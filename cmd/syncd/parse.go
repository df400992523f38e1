package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"syncd/parser"
)

type parseCommand struct {
	All bool `help:"Tell all candidates, best first, and why other links and addresses are none."`
}

// parseInput is one line of `syncd parse`. The id comes back as it was given, whatever it is.
type parseInput struct {
	ID          json.RawMessage `json:"id"`
	Location    string          `json:"location"`
	Body        string          `json:"body"`
	ContentType string          `json:"contentType"`
}

type parseOutput struct {
	ID            json.RawMessage  `json:"id"`
	Keyword       string           `json:"keyword,omitempty"`
	Provider      string           `json:"provider,omitempty"`
	JoinURL       string           `json:"joinUrl,omitempty"`
	MeetingNumber string           `json:"meetingNumber,omitempty"`
	Passcode      string           `json:"passcode,omitempty"`
	SIP           string           `json:"sip,omitempty"`
	Candidates    []parseCandidate `json:"candidates,omitempty"`
	Denied        []parseDenial    `json:"denied,omitempty"`
}

// parseCandidate is what may be joined. Its rank counts first, the lowest best; its place in the text then.
type parseCandidate struct {
	Rule          string   `json:"rule"`
	Rank          int      `json:"rank"`
	Where         string   `json:"where"`
	Offset        int      `json:"offset"`
	Provider      string   `json:"provider,omitempty"`
	JoinURL       string   `json:"joinUrl,omitempty"`
	MeetingNumber string   `json:"meetingNumber,omitempty"`
	Passcode      string   `json:"passcode,omitempty"`
	SIP           string   `json:"sip,omitempty"`
	Undone        []string `json:"undone,omitempty"`
}

// parseDenial is a link or an address that joins nothing.
type parseDenial struct {
	Where  string   `json:"where"`
	Offset int      `json:"offset"`
	URL    string   `json:"url"`
	Undone []string `json:"undone,omitempty"`
	Why    string   `json:"why"`
}

// Run reads JSON lines and writes a line for each.
func (p parseCommand) Run(s *surroundings) error {
	c, _, err := s.load()
	if err != nil {
		return err
	}
	in, out := bufio.NewReaderSize(s.in, 1<<16), bufio.NewWriter(s.out)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for n := 1; ; n++ {
		raw, readErr := in.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return errors.Join(out.Flush(), fmt.Errorf("reading line %d of standard input: %w", n, readErr))
		}
		if n == 1 {
			raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
		}
		if raw = bytes.TrimSpace(raw); len(raw) > 0 {
			line, err := readParseInput(raw)
			if err != nil {
				return errors.Join(out.Flush(), usageError{fmt.Errorf(`line %d of standard input: want a JSON object {"id","location","body","contentType"}: %w`, n, err)})
			}
			if err := lines.Encode(p.answer(c.Parser, line)); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
		}
		if readErr != nil {
			return out.Flush()
		}
	}
}

func readParseInput(raw []byte) (parseInput, error) {
	line := parseInput{ID: json.RawMessage(`""`)}
	err := json.Unmarshal(raw, &line)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return line, fmt.Errorf("%s is a %s, not a string", wrong.Field, wrong.Value)
	case err == nil && raw[0] != '{':
		return line, errors.New("this is null")
	}
	return line, err
}

func (p parseCommand) answer(rules *parser.Parser, line parseInput) parseOutput {
	text := parser.Text{Location: line.Location, Body: line.Body, HTML: strings.EqualFold(line.ContentType, "html")}
	r := rules.Parse(text)
	out := parseOutput{
		ID: line.ID, Keyword: r.Keyword, Provider: r.Provider, JoinURL: r.JoinURL,
		MeetingNumber: r.MeetingNumber, Passcode: r.Passcode, SIP: r.SIP,
	}
	if !p.All {
		return out
	}
	out.Candidates, out.Denied = candidatesIn(rules, text)
	return out
}

// candidatesIn lists all that may be joined, best first, and what joins nothing, in reading order.
func candidatesIn(rules *parser.Parser, text parser.Text) (candidates []parseCandidate, denials []parseDenial) {
	found, denied := rules.Explain(text)
	for _, c := range found {
		candidates = append(candidates, parseCandidate{
			Rule: c.Rule, Rank: c.Rank, Where: c.Where, Offset: c.Offset, Provider: c.Provider, JoinURL: c.URL,
			MeetingNumber: c.MeetingNumber, Passcode: c.Passcode, SIP: c.SIP, Undone: c.Undone,
		})
	}
	for _, d := range denied {
		denials = append(denials, parseDenial(d))
	}
	return candidates, denials
}

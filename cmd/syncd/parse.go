package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"syncd/parser"
)

type parseCommand struct{}

// parseInput is one line of `syncd parse`.
type parseInput struct {
	ID          string `json:"id"`
	Location    string `json:"location"`
	Body        string `json:"body"`
	ContentType string `json:"contentType"`
}

type parseOutput struct {
	ID            string `json:"id"`
	Keyword       string `json:"keyword,omitempty"`
	Provider      string `json:"provider,omitempty"`
	JoinURL       string `json:"joinUrl,omitempty"`
	MeetingNumber string `json:"meetingNumber,omitempty"`
	Passcode      string `json:"passcode,omitempty"`
	SIP           string `json:"sip,omitempty"`
}

// Run reads JSON lines and writes a line for each.
func (parseCommand) Run(s *surroundings) error {
	in, out := json.NewDecoder(bufio.NewReaderSize(s.in, 1<<16)), bufio.NewWriter(s.out)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for n := 1; ; n++ {
		var line parseInput
		err := in.Decode(&line)
		if errors.Is(err, io.EOF) {
			return out.Flush()
		}
		if err != nil {
			return errors.Join(out.Flush(), usageError{fmt.Errorf("value %d on standard input is no JSON object of the form {\"id\",\"location\",\"body\",\"contentType\"}: %w", n, err)})
		}
		r := parser.Parse(parser.Text{Location: line.Location, Body: line.Body, HTML: strings.EqualFold(line.ContentType, "html")})
		err = lines.Encode(parseOutput{line.ID, r.Keyword, r.Provider, r.JoinURL, r.MeetingNumber, r.Passcode, r.SIP})
		if err != nil {
			return fmt.Errorf("writing: %w", err)
		}
	}
}

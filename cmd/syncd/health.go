package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"syncd/rest"
)

type healthCommand struct{}

// Run asks the daemon on this machine whether it can work. It is the container's health check.
func (healthCommand) Run(s *surroundings) error {
	c, _, err := s.load()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return usageError{err}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("asking the daemon: %w", err)
	}
	answer, err := rest.HTTP(&http.Transport{}, 64<<10).Do(request)
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", rest.Cause(err))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("the daemon does not answer: %w", rest.Cause(err))
	}
	said := strings.TrimSpace(string(text))
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon is not ready: %s: %s", answer.Status, said)
	}
	_, err = fmt.Fprintln(s.out, said)
	return err
}

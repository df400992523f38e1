package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"syncd/schedules"
)

// What of the configuration concerns hints.

// checkHints reports what is contradictory about hints.
func (c *Config) checkHints() error {
	var errs []error
	webhook := strings.HasPrefix(c.NotificationURL, "https://")
	if c.SweepHinted != nil && c.NotificationURL == "" {
		errs = append(errs, fmt.Errorf("%s needs %s: without notifications no hints come", both("sweep_hinted"), both("notification_url")))
	}
	if c.HookListen != "" && !webhook {
		errs = append(errs, fmt.Errorf("%s needs the webhook's https address as Graph reaches it in %s", both("webhook_listen"), both("notification_url")))
	}
	if c.HookCertificate != "" && c.HookListen == "" {
		errs = append(errs, fmt.Errorf("%s is set, but %s is not", both("webhook_certificate"), both("webhook_listen")))
	}
	return errors.Join(errs...)
}

func setSweepHinted(c *Config, value string) error {
	schedule, err := schedules.Parse(value)
	if err != nil {
		return errors.New("want a cron expression of five fields, or @every 15m")
	}
	c.SweepHinted = &schedule
	return nil
}

// parseNotificationURL takes the forms of change-notifications-delivery-event-hubs.md and -webhooks.md.
func parseNotificationURL(s string) (string, error) {
	plain, isHub := strings.CutPrefix(s, eventHub)
	u, err := url.Parse(plain)
	good := err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
	if isHub {
		parts := []string{}
		if good {
			parts = strings.Split(strings.Trim(u.Path, "/"), "/")
		}
		good = len(parts) == 2 && parts[1] != "" && (strings.EqualFold(parts[0], "eventhubname") || strings.EqualFold(parts[0], "secrets")) &&
			u.Query().Get("tenantId") != ""
	}
	if !good {
		return "", errors.New("want EventHub:https://NAMESPACE.servicebus.windows.net/eventhubname/HUB?tenantId=DOMAIN, EventHub:https://VAULT.vault.azure.net/secrets/SECRET?tenantId=DOMAIN, or a webhook's https address")
	}
	return s, nil
}

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
	isHub := strings.HasPrefix(c.NotificationURL, eventHub)
	if c.HubConnection != "" && !isHub {
		errs = append(errs, fmt.Errorf("%s needs the event hub in %s", both("eventhub_connection"), both("notification_url")))
	}
	_, named := c.hubPlace()
	if path := connectionParts(c.HubConnection)["entitypath"]; isHub && named == "" && path == "" {
		errs = append(errs, fmt.Errorf("%s names a secret that only Graph reads: %s with EntityPath is needed", both("notification_url"), both("eventhub_connection")))
	} else if isHub && named != "" && path != "" && !strings.EqualFold(named, path) {
		errs = append(errs, fmt.Errorf("%s names the hub %s, and %s another", both("notification_url"), named, both("eventhub_connection")))
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

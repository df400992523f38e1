package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"syncd/schedules"
)

// What of the configuration concerns hints.

// hintContradictions reports what is contradictory about hints. Where notifications are to go is left out of it where that could not
// be read.
func (c *Config) hintContradictions() error {
	var errs []error
	if c.HookCertificate != "" && !c.set["webhook_listen"] {
		errs = append(errs, fmt.Errorf("%s is set, but %s is not", both("webhook_certificate"), both("webhook_listen")))
	}
	if c.set["notification_url"] && c.NotificationURL == "" {
		return errors.Join(errs...)
	}
	webhook := strings.HasPrefix(c.NotificationURL, "https://")
	if c.set["sweep_hinted"] && c.NotificationURL == "" {
		errs = append(errs, fmt.Errorf("%s needs %s: without notifications no hints come", both("sweep_hinted"), both("notification_url")))
	}
	if c.set["webhook_listen"] && !webhook {
		errs = append(errs, fmt.Errorf("%s needs the webhook's https address as Graph reaches it in %s", both("webhook_listen"), both("notification_url")))
	}
	isHub := strings.HasPrefix(c.NotificationURL, eventHub)
	if c.set["eventhub_connection"] && !isHub {
		errs = append(errs, fmt.Errorf("%s needs the event hub in %s", both("eventhub_connection"), both("notification_url")))
	}
	if isHub && !(c.set["eventhub_connection"] && c.HubConnection == "") {
		errs = append(errs, c.hubContradictions())
	}
	return errors.Join(errs...)
}

// hubContradictions tells whether it is known which hub to read.
func (c *Config) hubContradictions() error {
	_, named := c.hubPlace()
	path := connectionParts(c.HubConnection)["entitypath"]
	switch {
	case named == "" && path == "":
		return fmt.Errorf("%s names a secret that only Graph reads: %s with EntityPath is needed", both("notification_url"), both("eventhub_connection"))
	case named != "" && path != "" && !strings.EqualFold(named, path):
		return fmt.Errorf("%s names the hub %s, and %s another", both("notification_url"), named, both("eventhub_connection"))
	}
	return nil
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

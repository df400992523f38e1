package main

import (
	"strings"
	"testing"
)

func TestContradictionsAboutHintsAreReported(t *testing.T) {
	for want, environ := range map[string][]string{
		"sweep_hinted (SYNCD_SWEEP_HINTED) needs notification_url":        {"SYNCD_SWEEP_HINTED=@every 1h"},
		"sweep_hinted is \"soon\": want a cron expression":                {"SYNCD_SWEEP_HINTED=soon"},
		"webhook_listen (SYNCD_WEBHOOK_LISTEN) needs the webhook's":       {"SYNCD_WEBHOOK_LISTEN=:1", "SYNCD_NOTIFICATION_URL=EventHub:https://a.servicebus.windows.net/eventhubname/h?tenantId=x"},
		"needs the event hub in notification_url":                         {"SYNCD_EVENTHUB_CONNECTION=Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k"},
		"names a secret that only Graph reads":                            {"SYNCD_NOTIFICATION_URL=EventHub:https://a.vault.azure.net/secrets/s?tenantId=x"},
		"names the hub h, and eventhub_connection":                        {"SYNCD_NOTIFICATION_URL=EventHub:https://a.servicebus.windows.net/eventhubname/h?tenantId=x", "SYNCD_EVENTHUB_CONNECTION=Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k;EntityPath=other"},
		"SYNCD_EVENTHUB_CONNECTION: eventhub_connection: UseDevelopment":  {"SYNCD_EVENTHUB_CONNECTION=Endpoint=sb://elsewhere.example.com;SharedAccessKeyName=n;SharedAccessKey=canary;UseDevelopmentEmulator=true"},
		"eventhub_connection: want Endpoint=sb://":                        {"SYNCD_EVENTHUB_CONNECTION=canary"},
		"webhook_certificate (SYNCD_WEBHOOK_CERTIFICATE) is set, but":     {"SYNCD_WEBHOOK_CERTIFICATE=x"},
		"notification_url is \"http://a\": want EventHub:":                {"SYNCD_NOTIFICATION_URL=http://a"},
		"notification_url is \"EventHub:https://a\": want EventHub:":      {"SYNCD_NOTIFICATION_URL=EventHub:https://a"},
		"notification_url is \"EventHub:https://a/eventhubname/h\": want": {"SYNCD_NOTIFICATION_URL=EventHub:https://a/eventhubname/h"},
	} {
		if _, _, err := loadConfig("", environ); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", environ, err, want)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
	for _, good := range []string{
		"https://hooks.example.com/graph?x=1", "EventHub:https://a.servicebus.windows.net/eventhubname/h?tenantId=example.com",
	} {
		if _, _, err := loadConfig("", []string{"SYNCD_NOTIFICATION_URL=" + good, "SYNCD_SWEEP_HINTED=@every 1h"}); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"syncd/delta"
	"syncd/hints"
	"syncd/schedules"
	"syncd/sweep"
)

// metrics is what /metrics shows. Labels hold words of our own only: no address, no subject, no id.
type metrics struct {
	registry  *prometheus.Registry
	sweeps    *prometheus.CounterVec // by result: "ok", or the reason
	decisions *prometheus.CounterVec // by action and reason
	took      prometheus.Histogram
	late      prometheus.Histogram
	hints     prometheus.Counter
	notices   *prometheus.CounterVec // notifications, by where they came from and what they were
	subscript *prometheus.CounterVec // requests about subscriptions, by kind and result
}

// newMetrics makes the metrics of a daemon.
func newMetrics(d *daemon) *metrics {
	m := &metrics{
		registry:  prometheus.NewRegistry(),
		sweeps:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "syncd_sweeps_total", Help: "Sweeps, by result: ok, or the reason for none."}, []string{"result"}),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "syncd_decisions_total", Help: "What was decided about events and carried out, or failed."}, []string{"action", "reason", "result"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "syncd_sweep_seconds", Help: "How long sweeps take.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30, 100}}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "syncd_late_seconds", Help: "How much later than due sweeps begin.",
			Buckets: []float64{.1, .3, 1, 3, 10, 30, 100, 300}}),
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "syncd_notifications_total",
			Help: "Notifications of Microsoft Graph, by source and kind: change, ending, foreign, unreadable."}, []string{"source", "kind"}),
		subscript: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "syncd_subscription_requests_total",
			Help: "Requests about subscriptions, by kind and result: ok, or the reason for none."}, []string{"call", "result"}),
		hints: prometheus.NewCounter(prometheus.CounterOpts{Name: "syncd_hints_total", Help: "Hints read, whoever they name."}),
	}
	count := func(name, help string, value func() float64, labels prometheus.Labels) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	const requests = "Requests sent, by vendor."
	m.registry.MustRegister(m.sweeps, m.decisions, m.took, m.late, m.hints, m.notices, m.subscript,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		count("syncd_requests_total", requests, func() float64 { return float64(d.graph.Requests()) }, prometheus.Labels{"vendor": "graph"}),
		count("syncd_requests_total", requests, func() float64 { return float64(d.webex.Requests()) }, prometheus.Labels{"vendor": "webex"}),
		gauge("syncd_mailboxes", "Mailboxes enrolled, over all daemons.", func() float64 { return float64(len(*d.byID.Load())) }),
		gauge("syncd_overloaded_seconds", "How much later than due all mailboxes are swept, because there is too much to do; 0 where all is well.",
			func() float64 { return d.runner.Late().Seconds() }),
		gauge("syncd_sweeps_running", "Sweeps under way.", func() float64 { running, _, _ := d.runner.Crew(); return float64(running) }),
		gauge("syncd_sweeps_at_once", "How many sweeps there may be at a time.", func() float64 { _, most, _ := d.runner.Crew(); return float64(most) }),
		count("syncd_graph_throttled_total", "Answers by which Graph asked for fewer requests.", func() float64 { return float64(d.throttles.count.Load()) }, nil),
		gauge("syncd_graph_requests_today", "Requests to Graph today (UTC), by all daemons; counted where a budget is set.",
			func() float64 { return float64(d.pace.Load().Spent) }),
	)
	for _, by := range []schedules.Held{schedules.ByMost, schedules.ByVendor, schedules.ByProcessor, schedules.ByMemory, schedules.ByVain} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "syncd_sweeps_held", Help: "1 for what keeps the sweeps at a time from becoming more, though mailboxes wait.",
			ConstLabels: prometheus.Labels{"by": string(by)},
		}, func() float64 {
			if _, _, held := d.runner.Crew(); held == by {
				return 1
			}
			return 0
		}))
	}
	return m
}

// swept counts a sweep.
func (m *metrics) swept(err error, late, took time.Duration) {
	result := "ok"
	if err != nil {
		result = string(sweep.ReasonOf(err))
	}
	m.sweeps.WithLabelValues(result).Inc()
	m.took.Observe(took.Seconds())
	m.late.Observe(late.Seconds())
}

// noticed counts the notifications of a message.
func (m *metrics) noticed(source string, n hints.Notices, unreadable bool) {
	count := func(kind string, n int) {
		if n > 0 {
			m.notices.WithLabelValues(source, kind).Add(float64(n))
		}
	}
	count("change", len(n.Changed)-len(n.Ending))
	count("ending", len(n.Ending))
	count("foreign", n.Foreign)
	if unreadable {
		count("unreadable", 1)
	}
}

// subscribed counts a request about subscriptions.
func (m *metrics) subscribed(call, result string) { m.subscript.WithLabelValues(call, result).Inc() }

// decided counts a decision.
func (m *metrics) decided(d delta.Decision, err error) {
	result := "ok"
	if err != nil {
		result = string(sweep.ReasonOf(err))
	}
	m.decisions.WithLabelValues(string(d.Action), string(d.Reason), result).Inc()
}

// beside serves the metrics, and everything else by another handler.
func (m *metrics) beside(other http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.Handle("/", other)
	return mux
}

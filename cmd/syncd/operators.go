package main

import (
	"context"
	"errors"
	"iter"
	"net"
	"strings"

	"syncd/delta"
	"syncd/pages"
)

// What the daemon shows operators, over HTTP, and does for them.

// site is what there is at SYNCD_LISTEN.
func (d *daemon) site() pages.Site {
	names := d.config.ListenHosts
	if host, _, err := net.SplitHostPort(d.config.Listen); err == nil {
		names = append([]string{host}, names...)
	}
	return pages.Site{Title: "syncd", Source: d, Journal: &d.journal, Names: names}
}

// mostRows is how many mailboxes the page shows: it is made anew every two seconds while somebody looks at it.
const mostRows = 1000

// Rows implements [pages.Source].
func (d *daemon) Rows(ctx context.Context, name string) (rows []pages.Row, more int, err error) {
	mailboxes, more, err := d.onPage(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	views, err := d.store.Views(ctx, mailboxes, false)
	if err != nil {
		return nil, 0, err
	}
	for _, v := range views {
		rows = append(rows, pages.Row{
			Mailbox: v.Mailbox.Address, State: string(v.Cursor.State), Reason: string(v.Cursor.Reason), Swept: v.Cursor.SweptAt,
			Changed: v.Cursor.ChangedAt, Generation: v.Cursor.Generation, WindowStart: v.Cursor.WindowStart,
			WindowEnd: v.Cursor.WindowEnd, Retrying: v.Retrying, Held: len(v.Held), Link: v.Cursor.Link,
		})
	}
	return rows, more, nil
}

// onPage are the mailboxes that the page shows, the first ones by address, and how many more there are. Where there are many it is those
// that were enrolled when the daemon read the list last.
func (d *daemon) onPage(ctx context.Context, name string) (mailboxes []delta.Mailbox, more int, err error) {
	if name = strings.TrimSpace(name); name != "" {
		enrolled, err := d.store.Mailboxes(ctx)
		if err == nil {
			mailboxes, err = enrolledAs(ctx, d.store, enrolled, []string{name})
		}
		return mailboxes, 0, err
	}
	if mailboxes = *d.listed.Load(); len(mailboxes) <= mostRows {
		mailboxes, err = d.store.Mailboxes(ctx)
	}
	most := min(mostRows, len(mailboxes))
	return mailboxes[:most], len(mailboxes) - most, err
}

// List implements [pages.Source].
func (d *daemon) List(ctx context.Context, list pages.List, names []string) iter.Seq2[any, error] {
	s := listing{d.config, d.store}
	switch list {
	case pages.Status:
		return anything(s.status(ctx, names))
	case pages.Cursors:
		return anything(s.cursors(ctx, names))
	default:
		return anything(s.mailboxes(ctx))
	}
}

// Resync implements [pages.Source]. It is what `syncd resync` does.
func (d *daemon) Resync(ctx context.Context, names []string, accept bool) ([]pages.Request, error) {
	if err := d.writable(ctx); err != nil { // else whatever fails first is told, which says less
		return nil, err
	}
	enrolled, err := d.store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	mailboxes, err := enrolledAs(ctx, d.store, enrolled, names)
	if err != nil {
		return nil, err
	}
	asked, err := wanted{all: len(names) == 0, accept: accept}.ask(ctx, d.store, mailboxes)
	line := d.log.Info().Int("mailboxes", len(asked)).Bool("accept_removals", accept)
	if len(asked) == 1 {
		line = line.Str("mailbox", asked[0].Mailbox)
	}
	line.Msg("a resync was asked for over HTTP")
	return asked, err
}

// parseHosts reads names of this machine, or of a proxy in front of it.
func parseHosts(value string) (hosts []string, err error) {
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
		if name == "" || strings.ContainsAny(name, ":/@*[] \t") {
			return nil, errors.New("want names separated by commas, such as syncd.example.com, without https:// and port")
		}
		hosts = append(hosts, name)
	}
	return hosts, nil
}

package pages

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

// forms is the page and its forms. What changes something is a POST, answered by a redirect to the page, which says what was asked for;
// what cannot be taken back is asked about first.
type forms struct {
	Site
	templates *template.Template
}

// mostForm is how long a form may be.
const mostForm = 16 << 10

func (f forms) page(w http.ResponseWriter, r *http.Request) {
	name := r.FormValue("mailbox")
	rows, more, err := f.Source.Rows(r.Context(), name)
	missing := errors.As(err, new(NotEnrolled))
	if err != nil && !missing {
		f.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if missing {
		status = http.StatusNotFound
	}
	f.show(w, r, status, "page.html", map[string]any{
		"Title": f.Title, "Name": name, "Missing": missing, "Rows": rows, "More": more, "All": len(rows) + more,
		"Lines": f.Journal.Latest(), "Asked": f.Journal.latestAsked(), "Now": time.Now(),
	})
}

// wish is what a form asks for.
type wish struct {
	all     bool
	mailbox string
	accept  bool
	held    int // removals that were shown, where they are to be accepted
}

// wishOf reads a form. Of what changes something the body counts, not the address.
func wishOf(r *http.Request) (wish, error) {
	if err := r.ParseForm(); err != nil {
		return wish{}, errors.New("the form cannot be read")
	}
	form := r.Form
	if r.Method == http.MethodPost {
		form = r.PostForm
	}
	one := wish{all: form.Get("all") != "", mailbox: form.Get("mailbox"), accept: form.Get("accept") != ""}
	one.held, _ = strconv.Atoi(form.Get("held")) // 0 is asked about again
	if one.all == (one.mailbox != "") || one.all && one.accept || len(form["mailbox"]) > 1 {
		return one, errors.New("want one mailbox, or all of them")
	}
	return one, nil
}

// confirm asks before all mailboxes are resynced, or removals carried out.
func (f forms) confirm(w http.ResponseWriter, r *http.Request) {
	want, err := wishOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.ask(w, r, http.StatusOK, want)
}

func (f forms) ask(w http.ResponseWriter, r *http.Request, status int, want wish) {
	rows, more, err := f.Source.Rows(r.Context(), want.mailbox)
	if err != nil || len(rows) == 0 {
		f.fail(w, r, err)
		return
	}
	f.show(w, r, status, "confirm.html", map[string]any{
		"Title": f.Title, "All": want.all, "Accept": want.accept, "Mailbox": rows[0].Mailbox, "Mailboxes": len(rows) + more,
		"Held": rows[0].Held, "Changed": status == http.StatusConflict,
	})
}

func (f forms) resync(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	want, err := wishOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var names []string
	if !want.all {
		names = []string{want.mailbox}
	}
	if want.accept {
		rows, _, err := f.Source.Rows(r.Context(), want.mailbox)
		if err != nil {
			f.fail(w, r, err)
			return
		}
		if len(rows) != 1 || want.held == 0 || rows[0].Held != want.held { // not what somebody said yes to
			f.ask(w, r, http.StatusConflict, want)
			return
		}
	}
	requests, err := f.Source.Resync(r.Context(), names, want.accept)
	f.Journal.ask(requests, want.accept, time.Now())
	if err != nil {
		f.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/#asked", http.StatusSeeOther)
}

func (f forms) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case err == nil:
		fail(w, r, http.StatusNotFound, errors.New("no mailbox is enrolled"))
	case statusOf(err) == http.StatusNotFound:
		fail(w, r, http.StatusNotFound, err)
	default:
		fail(w, r, http.StatusServiceUnavailable, fmt.Errorf("the store does not answer: %w", err))
	}
}

// show sends a page, once it is made as a whole.
func (f forms) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var out bytes.Buffer
	if err := f.templates.ExecuteTemplate(&out, name, data); err != nil {
		fail(w, r, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return now.Sub(t).Round(time.Second).String() + " ago"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format(time.DateOnly)
}

func clock(t time.Time) string { return t.Format(time.TimeOnly) }

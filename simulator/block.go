package simulator

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// What people do to join blocks by hand. The block is what the audit found a client to have added, whatever it looks like.

// DeleteBlock is a person selecting the join block and deleting it.
func (m *Mailbox) DeleteBlock(id string) error {
	from, to, err := m.blockAt(id)
	if err != nil {
		return err
	}
	return m.Edit(id, func(d *Draft) { d.Body = cutWords(body{d.HTML, d.Body}, from, to) })
}

// AlterBlock is a person overtyping one word of the join block.
func (m *Mailbox) AlterBlock(id string, word int, with string) error {
	from, to, err := m.blockAt(id)
	if err != nil {
		return err
	}
	if word < 0 || word >= to-from {
		m.w.mu.Lock()
		defer m.w.mu.Unlock()
		return m.misusedBy(fmt.Errorf("the block of %q has %d words", id, to-from))
	}
	return m.Edit(id, func(d *Draft) { d.Body = replaceWord(body{d.HTML, d.Body}, from+word, with) })
}

// PasteBody is a person pasting the whole text of another appointment, join block included, below the own one.
func (m *Mailbox) PasteBody(id, from string) error {
	source, ok := m.Event(from)
	if !ok {
		m.w.mu.Lock()
		defer m.w.mu.Unlock()
		return m.misused("paste from", from)
	}
	pasted := body{source.HTML, source.Body}
	if err := m.Edit(id, func(d *Draft) {
		text := inner(pasted)
		if !d.HTML {
			text = asText(pasted)
		}
		d.Body = beforeEnd(d.Body, text)
	}); err != nil {
		return err
	}
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	r, _ := m.stamp.ref(id)
	theirs, _ := m.stamp.ref(from)
	words := slices.Clone(m.words(r))
	const few = 3 // words that the person may have typed too
	for _, run := range notTyped(m.words(theirs)) {
		if len(run) > few {
			disown(words, run)
		}
	}
	hrefs := m.hrefs(r)
	s := m.emancipate(r)
	s.hrefs = hrefs
	s.tended, s.words = true, words
	return nil
}

// Block is the text that a client has added to an event; "" when there is none.
func (m *Mailbox) Block(id string) string {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	r, ok := m.stamp.ref(id)
	if !ok {
		return ""
	}
	return strings.Join(blockOf(m.words(r)), " ")
}

// blockAt finds the words of the block among those of the body.
func (m *Mailbox) blockAt(id string) (from, to int, err error) {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	r, ok := m.stamp.ref(id)
	if !ok {
		return 0, 0, m.misused("block of", id)
	}
	words := m.words(r)
	from = slices.IndexFunc(words, func(w word) bool { return w.owner == block })
	if from < 0 {
		return 0, 0, m.misusedBy(fmt.Errorf("event %q has no block", id))
	}
	return from, from + len(blockOf(words)), nil
}

// notTyped are the runs of words of which the person typed none: blocks, and pieces of damaged ones.
func notTyped(words []word) (runs [][]string) {
	open := false
	for _, w := range words {
		switch {
		case w.owner == typed:
			open = false
		case open:
			runs[len(runs)-1] = append(runs[len(runs)-1], w.text)
		default:
			runs, open = append(runs, []string{w.text}), true
		}
	}
	return runs
}

// disown makes words nobody's where they are a run that came along with a paste, once or more often, and not a client's own block.
func disown(words []word, run []string) {
	for at := 0; len(run) > 0; at++ {
		next := indexOf(texts(words[at:]), run)
		if next < 0 {
			return
		}
		at += next
		for i := at; i < at+len(run); i++ {
			if words[i].owner != block {
				words[i].owner = grey
			}
		}
	}
}

// inner is the content of the body element.
func inner(b body) string {
	if !b.html {
		return "<div>" + strings.ReplaceAll(html.EscapeString(b.content), "\n", "<br>") + "</div>"
	}
	lower := strings.ToLower(b.content)
	if i := strings.Index(lower, "<body"); i >= 0 {
		i += strings.IndexByte(lower[i:], '>') + 1
		if j := strings.LastIndex(lower, "</body"); j >= i {
			return "<div>" + b.content[i:j] + "</div>"
		}
	}
	return "<div>" + b.content + "</div>"
}

// cutWords takes the visible words from..to out of a body, with the elements that held nothing else.
func cutWords(b body, from, to int) string {
	n := 0
	return eachWord(b, func(w string) (string, bool) {
		n++
		return w, n <= from || n > to
	})
}

// replaceWord overtypes one visible word.
func replaceWord(b body, at int, with string) string {
	n := -1
	return eachWord(b, func(w string) (string, bool) {
		if n++; n == at {
			return html.EscapeString(with), true
		}
		return w, true
	})
}

// eachWord copies a body, asking edit about each visible word (as it is written, entities and all). A word that runs over several
// tags is asked about once, at its beginning. Elements that open and close while words are being dropped go too.
func eachWord(b body, edit func(string) (string, bool)) string {
	if !b.html {
		return eachTextWord(b.content, edit)
	}
	e := editor{edit: edit, keep: true, hidden: newNesting()}
	z := html.NewTokenizer(strings.NewReader(b.content))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		raw := string(z.Raw())
		switch kind {
		case html.TextToken:
			if e.hidden.now() {
				e.out = append(e.out, raw)
			} else {
				e.text(raw)
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			e.tag(raw, z, kind)
		default:
			e.out = append(e.out, raw)
		}
	}
	return strings.Join(e.out, "")
}

type editor struct {
	edit   func(string) (string, bool)
	out    []string
	hidden *nesting
	inWord bool
	keep   bool     // the word under way stays
	opened []opened // elements opened since words began to be dropped
}

type opened struct {
	name string
	at   int // in out
}

func (e *editor) text(raw string) {
	for raw != "" {
		at, size := gap(raw)
		if at == 0 {
			if e.keep || len(e.out) == 0 {
				e.out = append(e.out, raw[:size])
			}
			raw, e.inWord = raw[size:], false
			continue
		}
		word := raw[:at]
		raw = raw[at:]
		if !e.inWord {
			was := e.keep
			word, e.keep = e.edit(word)
			if was && !e.keep {
				e.opened = nil
			}
		}
		if e.keep {
			e.out = append(e.out, word)
		}
		e.inWord = true
	}
}

// gap finds the first white space in text as it is written, or its end.
func gap(raw string) (at, size int) {
	at, size = len(raw), 0
	if i := strings.IndexFunc(raw, unicode.IsSpace); i >= 0 {
		at = i
		_, size = utf8.DecodeRuneInString(raw[i:])
	}
	for _, entity := range []string{"&nbsp;", "&#160;"} {
		if i := strings.Index(raw[:min(len(raw), at+len(entity))], entity); i >= 0 && i < at {
			at, size = i, len(entity)
		}
	}
	return at, size
}

func (e *editor) tag(raw string, z *html.Tokenizer, kind html.TokenType) {
	tag, more := z.TagName()
	name := string(tag)
	if breaks[name] {
		e.inWord = false
	}
	e.out = append(e.out, raw)
	if kind == html.EndTagToken {
		e.hidden.close(name)
		if n := len(e.opened); n > 0 && e.opened[n-1].name == name && !e.keep {
			e.out = e.out[:e.opened[n-1].at]
			e.opened = e.opened[:n-1]
		}
		return
	}
	if !voids[name] {
		e.hidden.open(name, unseen[name] || more && concealed(z))
		if !e.keep {
			e.opened = append(e.opened, opened{name, len(e.out) - 1})
		}
	}
}

func eachTextWord(text string, edit func(string) (string, bool)) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		var words []string
		for _, w := range strings.Fields(line) {
			if w, keep := edit(w); keep {
				words = append(words, w)
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}

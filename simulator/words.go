package simulator

import (
	"fmt"
	"slices"
	"strings"
)

// word is one visible word of a body, and whose it is.
type word struct {
	text  string
	owner owner
}

type owner byte

const (
	typed owner = iota // by a person: has to stay
	grey               // came along with a copy, or is left of a block that a person altered: may stay or go
	block              // was added by the client in one piece
)

func texts(words []word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text
	}
	return all
}

func only(words []word, o owner) []string {
	var some []string
	for _, w := range words {
		if w.owner == o {
			some = append(some, w.text)
		}
	}
	return some
}

func own(words []word) []string     { return only(words, typed) }
func blockOf(words []word) []string { return only(words, block) }

func hasGrey(words []word) bool {
	return slices.ContainsFunc(words, func(w word) bool { return w.owner == grey })
}

// classify tells whose the words are after a person's edit: what stayed in place keeps its owner, what is new was typed. A block
// that was moved as a whole is still the block; pieces of a damaged one are nobody's.
func classify(before []word, now []string) []word {
	old := texts(before)
	p, s := common(old, now)
	words := slices.Clone(before[:p])
	gap := now[p : len(now)-s]
	was := blockOf(before)
	moved := indexOf(gap, was)
	inside := p > 0 && len(old)-s < len(old) && before[p-1].owner == block && before[len(old)-s].owner == block
	for i, text := range gap {
		w := word{text: text}
		switch {
		case len(was) > 0 && moved >= 0 && i >= moved && i < moved+len(was):
			w.owner = block
		case inside, len(was) > 0 && partOf(gap, i, was):
			w.owner = grey
		}
		words = append(words, w)
	}
	words = append(words, before[len(old)-s:]...)
	if len(blockOf(words)) != len(was) {
		for i := range words {
			if words[i].owner == block {
				words[i].owner = grey
			}
		}
	}
	return words
}

// partOf tells whether the word at i stands in a run of at least three words that the block has too.
func partOf(gap []string, i int, was []string) bool {
	for from := max(0, i-2); from <= i && from+3 <= len(gap); from++ {
		if indexOf(was, gap[from:from+3]) >= 0 {
			return true
		}
	}
	return false
}

// reclassify tells whose the words are after the client's write: all that was typed is there in its order, what is nobody's may
// be gone, and at most one run of words is new: the block. It is false when that is not so.
func reclassify(before []word, now []string) ([]word, bool) {
	kept := slices.DeleteFunc(slices.Clone(before), func(w word) bool { return w.owner == block })
	if words, ok := inserted(kept, now); ok {
		return words, true
	}
	bare := slices.DeleteFunc(slices.Clone(kept), func(w word) bool { return w.owner == grey })
	if words, ok := inserted(bare, now); ok {
		return words, true
	}
	return threaded(kept, now)
}

// inserted is now as base with one run of words put in.
func inserted(base []word, now []string) ([]word, bool) {
	p, s := common(texts(base), now)
	if p+s < len(base) || len(now) < len(base) {
		return nil, false
	}
	words := slices.Clone(base[:p])
	for _, text := range now[p : len(now)-s] {
		words = append(words, word{text, block})
	}
	return append(words, base[len(base)-s:]...), true
}

// threaded is now as base with one run put in and some of the words that are nobody's left out.
func threaded(base []word, now []string) ([]word, bool) {
	var head, tail []word
	i, j := 0, 0
	for i < len(base) && j < len(now) {
		if base[i].text == now[j] {
			head = append(head, base[i])
			j++
		} else if base[i].owner != grey {
			break
		}
		i++
	}
	k, l := len(base), len(now)
	for k > i && l > j {
		if base[k-1].text == now[l-1] {
			tail = append(tail, base[k-1])
			l--
		} else if base[k-1].owner != grey {
			break
		}
		k--
	}
	if len(own(base[i:k])) > 0 {
		return nil, false
	}
	for _, text := range now[j:l] {
		head = append(head, word{text, block})
	}
	slices.Reverse(tail)
	return append(head, tail...), true
}

// common counts the words that two texts begin and end with alike, the end not reaching into the beginning.
func common(a, b []string) (prefix, suffix int) {
	n := min(len(a), len(b))
	for prefix < n && a[prefix] == b[prefix] {
		prefix++
	}
	for suffix < n-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
		suffix++
	}
	return prefix, suffix
}

// indexOf finds a run of words.
func indexOf(words, run []string) int {
	if len(run) == 0 {
		return -1
	}
	for i := 0; i+len(run) <= len(words); i++ {
		if words[i] == run[0] && slices.Equal(words[i:i+len(run)], run) {
			return i
		}
	}
	return -1
}

// firstDifference says where two texts part.
func firstDifference(want, have []string) string {
	p, _ := common(want, have)
	show := func(words []string) string {
		return fmt.Sprintf("%q", strings.Join(words[min(p, len(words)):min(p+6, len(words))], " "))
	}
	return fmt.Sprintf("after %d words the person had %s, now there is %s", p, show(want), show(have))
}

//go:build race

package sweep_test

// thin leaves most rows of the long tables out. The race detector makes everything some ten times slower and looks for something that
// each row shows as well as the next; `make soak` goes through all of them without it.
const thin = 32

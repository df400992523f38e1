//go:build !race

package sweep_test

// thin leaves no rows of the long tables out.
const thin = 1

//go:build !race

package main

// thin leaves no kill out.
const thin = 1

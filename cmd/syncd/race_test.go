//go:build race

package main

// thin leaves all but every eighth kill out under the race detector, where a process takes a second to start. `make soak` has them all.
const thin = 8

//go:build race

package main

// thin leaves all but every sixteenth kill, and all but every sixteenth process that is no daemon, without the race detector, with which one takes a second to
// start. `make soak` has all kills.
const thin = 16

// Command syncd turns appointments with @webex in their location into Webex meetings, from inside the organisation's own
// network. See the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"syncd/redisstore"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // some of the work failed
	exitUsage  = 2 // the command line or the configuration is wrong
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// collectAt is how far the heap grows before it is collected, in hundredths of what lives. A sweep throws nearly all away that it
// takes, and what lives is small, so that Go's own 100 costs a tenth of the processor time and saves little memory.
const collectAt = 400

// commandLine is what can be typed. Each command's struct has a Run method next to what it does.
type commandLine struct {
	ConfigFile string `name:"config" short:"c" env:"SYNCD_CONFIG" placeholder:"FILE" help:"Configuration file (YAML)."`

	Run       runCommand       `cmd:"" help:"Serve the enrolled mailboxes until told to stop."`
	Demo      demoCommand      `cmd:"" help:"Show it at work on a simulated Microsoft 365 and Webex. Needs nothing."`
	Sweep     sweepCommand     `cmd:"" help:"Sweep the enrolled mailboxes once."`
	Resync    resyncCommand    `cmd:"" help:"Ask for a full round of mailboxes and a search for orphaned meetings."`
	Mailboxes mailboxesCommand `cmd:"" help:"List what is enrolled."`
	Status    statusCommand    `cmd:"" help:"Show how the mailboxes are, and why."`
	Cursors   cursorsCommand   `cmd:"" help:"Show how far each mailbox was followed."`
	Explain   explainCommand   `cmd:"" help:"Tell why one event is as it is."`
	Enroll    enrollCommand    `cmd:"" help:"Enroll mailboxes."`
	Unenroll  unenrollCommand  `cmd:"" help:"Serve mailboxes no longer."`
	Login     loginCommand     `cmd:"" help:"Sign one person in with a code, for his own mailbox."`
	Doctor    doctorCommand    `cmd:"" help:"Check everything that has to be right, and tell what to do about what is not."`
	Parse     parseCommand     `cmd:"" help:"Find keyword and join details in events, JSON lines in and out."`
	Config    configCommand    `cmd:"" help:"Show the configuration in force, secrets masked."`
	Health    healthCommand    `cmd:"" help:"Ask the daemon on this machine whether it can work."`
	Version   versionCommand   `cmd:"" help:"Show the version."`

	Subscriptions subscriptionsCommand `cmd:"" help:"List the Graph subscriptions that give hints."`
}

// surroundings are what a command has besides its arguments.
type surroundings struct {
	ctx     context.Context
	file    string // configuration file; "" for none
	environ []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	log     io.Writer // where log lines go in place of err; nil for there
}

// usageError is the operator's to mend: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errSomeFailed ends a command whose report has said what failed.
var errSomeFailed = errors.New("some of it failed")

// run runs one command and gives its exit code.
func run(args, environ []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	var line commandLine
	exited := -1
	parser, err := kong.New(&line,
		kong.Name("syncd"), kong.Description("Webex meetings for @webex in Microsoft 365 calendars, without inbound HTTPS."),
		kong.Writers(out, errOut), kong.Exit(func(code int) { exited = code }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(errOut, "syncd:", err)
		return exitUsage
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help was shown
	}
	if err != nil {
		fmt.Fprintf(errOut, "syncd: %v\nTry syncd --help.\n", err)
		return exitUsage
	}
	err = command.Run(&surroundings{ctx: ctx, file: line.ConfigFile, environ: environ, in: in, out: out, err: errOut})
	return exitCode(err, errOut)
}

func exitCode(err error, errOut io.Writer) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errSomeFailed):
		return exitFailed
	}
	fmt.Fprintln(errOut, "syncd:", err)
	if operators(err) {
		return exitUsage
	}
	return exitFailed
}

// operators reports whether an error is the operator's to mend.
func operators(err error) bool {
	var usage usageError
	var policy *redisstore.PolicyError
	var busy *redisstore.BusyError
	return errors.As(err, &usage) || errors.As(err, &policy) || errors.As(err, &busy)
}

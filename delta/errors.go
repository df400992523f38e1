package delta

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of failure that the sweep tells apart. Adapters wrap them; nobody else reads a status code.
var (
	// ErrCursorExpired: the delta link is of no use any more; a full round is due.
	ErrCursorExpired = errors.New("delta link expired")
	// ErrGone: the vendor itself says that the event or meeting does not exist.
	ErrGone = errors.New("gone")
	// ErrConflict: the event changed since it was read.
	ErrConflict = errors.New("changed in between")
	// ErrMailbox: there is no such mailbox, or it has no calendar.
	ErrMailbox = errors.New("no such mailbox")
	// ErrAccess: the mailbox is closed to the application.
	ErrAccess = errors.New("access denied")
	// ErrSignIn: nobody is signed in for the mailbox, and the application does not serve it.
	ErrSignIn = fmt.Errorf("%w: nobody is signed in", ErrAccess)
	// ErrSignedOut: its owner's sign-in is refused; he has to sign in again.
	ErrSignedOut = fmt.Errorf("%w any more", ErrSignIn)
	// ErrThrottled: too many requests; not carried out.
	ErrThrottled = errors.New("throttled")
	// ErrQuota: so many meetings were made today that no more can be.
	ErrQuota = errors.New("daily number of new Webex meetings is used up")
	// ErrTrouble: the vendor has trouble of its own.
	ErrTrouble = errors.New("vendor has trouble")
	// ErrLoop: a round of changes leads in circles.
	ErrLoop = errors.New("round of changes does not end")
	// ErrRefused: the request was understood and will never succeed as it is.
	ErrRefused = errors.New("refused")
	// ErrHost: Webex does not know the organiser, or gives him no Personal Room.
	ErrHost = errors.New("organiser not known to Webex")
	// ErrNoRoom: his Personal Room is switched off, or he may not have one.
	ErrNoRoom = fmt.Errorf("%w: no Personal Room", ErrHost)
	// ErrCredentials: the application's own credentials are refused; nothing works until an operator acts.
	ErrCredentials = errors.New("credentials refused")
	// ErrApplication: most mailboxes refuse at once.
	ErrApplication = errors.New("application refused")
	// ErrLists: the directory does not tell which guests are distribution lists.
	ErrLists = errors.New("distribution lists are not known")
	// ErrUnclear: the answer got lost or cannot be read; the request may have been carried out.
	ErrUnclear = errors.New("answer lost")
	// ErrForeign: a link or redirect led to another host or another mailbox, and was not followed.
	ErrForeign = errors.New("link leads elsewhere")
	// ErrStoredLink: it was the link in the store. Somebody changed it, or Graph's address in the configuration.
	ErrStoredLink = errors.New("the stored delta link cannot be followed, and is forgotten")
	// ErrNewer: a later version of syncd wrote this; it is left alone.
	ErrNewer = errors.New("written by a later version of syncd")
	// ErrLeased: another daemon has the mailbox's lease.
	ErrLeased = errors.New("leased to another daemon")
	// ErrWithdrawing: everything is being taken out of the mailbox; it is not served meanwhile.
	ErrWithdrawing = errors.New("mailbox is being withdrawn")
	// ErrLeaseLost: the lease passed, or may have passed, to another daemon.
	ErrLeaseLost = errors.New("lease lost")
)

// LaterError says that a vendor wants to be asked again no sooner than At.
type LaterError struct {
	At  time.Time
	Err error
}

func (e *LaterError) Error() string { return e.Err.Error() }
func (e *LaterError) Unwrap() error { return e.Err }

//go:build linux && (amd64 || arm64)

package sock

import "syscall"

const (
	// tcpNotsentLowat is TCP_NOTSENT_LOWAT of <linux/tcp.h>, which package
	// syscall does not have.
	tcpNotsentLowat = 25

	// maxUnsent is about how many bytes the system keeps for a connection that
	// its peer has no room for yet: two of the longest calls, so that the next
	// one is there when the peer has taken one.
	maxUnsent = 128 << 10
)

// wrote counts bytes that the system took and, once they are more than a few
// small replies, bounds what it keeps unsent. Left alone it takes megabytes,
// and then the poller tells of room only when a third of them has gone: a peer
// that reads steadily and slowly would look as if it stood still for all that
// time, and be cut off. With the bound it tells when half of maxUnsent has
// gone. It bounds the system's memory for slow peers, too.
//
// It must come before the first wait: with megabytes unsent, that one would
// last until nearly all of them have gone.
func (o *writeOp) wrote(fd uintptr, n int) {
	o.n += n
	if o.bounded {
		return
	}
	if o.total += int32(n); o.total >= maxUnsent {
		o.bounded = true
		// A system that knows no such bound goes on as before.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotsentLowat, maxUnsent)
	}
}

package resp

import (
	"math"
	"strconv"
)

// ScanCursor is where a SCAN over several shards stands: it goes through one
// after the other. To the client it is one number, as SCAN's is: the shard's
// cursor times the number of shards, and the shard. A client must not go on with
// it after that number has changed, any more than a server's survives its
// restart.
type ScanCursor struct {
	Shard  int
	Cursor uint64 // the shard's own
}

// ParseScanCursor reads a client's cursor; false if it is no number.
func ParseScanCursor(text []byte, shards int) (ScanCursor, bool) {
	n, ok := unsigned(text)
	if !ok {
		return ScanCursor{}, false
	}
	count := uint64(shards)
	return ScanCursor{int(n % count), n / count}, true
}

// AppendScan writes the SCAN that asks the cursor's shard: the client's, whose
// arguments stand in b, with the shard's own cursor.
func (c ScanCursor) AppendScan(dst, b []byte, args []Span) []byte {
	dst = AppendArray(dst, len(args))
	for i, a := range args {
		if i == 1 {
			var digits [20]byte
			dst = AppendBulk(dst, strconv.AppendUint(digits[:0], c.Cursor, 10))
			continue
		}
		dst = AppendBulk(dst, a.Of(b))
	}
	return dst
}

// JoinScan writes a shard's reply to that SCAN with the client's next cursor. A
// shard that is through is followed by the next one, and only the last one's end
// is 0. An error passes as it is. The problem is a reply that is none to SCAN, or
// a cursor beyond what fits beside the shard's number.
func (c ScanCursor) JoinScan(dst, reply []byte, shards int) ([]byte, *Problem) {
	if IsError(reply) {
		return append(dst, reply...), nil
	}
	n, at, p := arrayHead(reply)
	if p != nil || n != 2 {
		return dst, errJoin
	}
	end, p := WalkReply(reply[at:])
	if p != nil || reply[at] != '$' {
		return dst, errJoin
	}
	bulk := reply[at : at+end]
	var w Walker
	w.Start(len(bulk))
	if _, p := w.Walk(bulk); p != nil || w.Count() < 1 {
		return dst, errJoin
	}
	next, ok := unsigned(bulk[w.Head().End+2 : len(bulk)-2])
	if !ok || next > math.MaxUint64/uint64(shards)-1 {
		return dst, errJoin
	}
	shard := c.Shard
	if next == 0 {
		shard = (shard + 1) % shards // 0 with a cursor of 0 is the end
	}
	var digits [20]byte
	dst = AppendArray(dst, 2)
	dst = AppendBulk(dst, strconv.AppendUint(digits[:0], next*uint64(shards)+uint64(shard), 10))
	return append(dst, reply[at+end:]...), nil
}

// unsigned reads a decimal number up to 64 bits.
func unsigned(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		digit := uint64(c - '0')
		if digit > 9 || n > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(b) > 0
}

package thrift

import (
	"math"
	"strconv"
	"time"
)

// clientTimeout is the field of THeader in which clients say how many
// milliseconds they wait for the reply, as fbthrift has it.
const clientTimeout = "client_timeout"

// infoTimeout is how long a caller waits, in nanoseconds, as the fields say; 0 if
// they do not. What is no number is not ok.
func infoTimeout(info []byte) (ns int64, ok bool) {
	v, there := InfoValue(info, clientTimeout)
	if !there {
		return 0, true
	}
	ms := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' || ms > math.MaxInt32 {
			return 0, false
		}
		ms = 10*ms + int64(c-'0')
	}
	return ms * int64(time.Millisecond), len(v) > 0
}

// appendTimed appends the fields with the time that is left instead of what they
// say of it. It is rounded up: 0 would be no limit.
func appendTimed(dst, info []byte, left int64) []byte {
	dst = AppendInfoWithout(dst, info, clientTimeout)
	var number [20]byte
	ms := (left + int64(time.Millisecond) - 1) / int64(time.Millisecond)
	return AppendInfo(dst, clientTimeout, strconv.AppendInt(number[:0], ms, 10))
}

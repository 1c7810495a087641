package resp

import (
	"bytes"
	"strconv"
)

// OnError is what becomes of an MGET of which a shard's part failed.
type OnError uint8

// The policies.
const (
	// FailWhole: the first error is the reply, as of one server.
	FailWhole OnError = iota
	// NullMissing: the keys of failed parts have no value; the error is the reply
	// only if all parts failed. For caches.
	NullMissing
)

// errJoin: a shard answered something that its command does not.
var errJoin = &Problem{text: "shards gave replies that do not make one"}

// Join makes one reply of those to all parts, in their order, each whole and
// without attributes; a part without a reply has an error of ours. An error is
// the first one's. Of a command that writes, it also says how many shards did
// their part, since that is not undone. The problem is a reply that is none to
// such a command; dst is then as it was.
func (s *Splitter) Join(dst []byte, v Version, replies [][]byte, on OnError) ([]byte, *Problem) {
	bad, failed := failures(replies)
	array := s.row.Name == "mget" // the others have one reply for all their keys
	if failed == len(replies) || failed > 0 && (on == FailWhole || !array) {
		return appendFailure(dst, replies, bad, failed, s.row.Writes()), nil
	}
	switch {
	case array:
		return s.joinArrays(dst, v, replies)
	case s.row.Keys.Step == 2: // MSET
		return joinSame(dst, replies)
	}
	return joinSum(dst, replies)
}

// failures is the first error among replies and how many there are.
func failures(replies [][]byte) (first, n int) {
	for i := len(replies) - 1; i >= 0; i-- {
		if IsError(replies[i]) {
			first = i
			n++
		}
	}
	return first, n
}

func appendFailure(dst []byte, replies [][]byte, bad, failed int, writes bool) []byte {
	done := len(replies) - failed
	if !writes || done == 0 {
		return append(dst, replies[bad]...)
	}
	dst = append(dst, '-')
	dst = appendText(dst, ErrorText(replies[bad]))
	dst = append(dst, " (sidecar: "...)
	dst = strconv.AppendInt(dst, int64(done), 10)
	dst = append(dst, " of "...)
	dst = strconv.AppendInt(dst, int64(len(replies)), 10)
	return append(dst, " shards did their part)\r\n"...)
}

// joinArrays puts the elements of all parts into the command's order.
func (s *Splitter) joinArrays(dst []byte, v Version, replies [][]byte) ([]byte, *Problem) {
	was := len(dst)
	for i := range s.parts {
		p := &s.parts[i]
		if IsError(replies[i]) {
			continue
		}
		n, next, problem := arrayHead(replies[i])
		if problem != nil || n != p.Keys {
			return dst, errJoin
		}
		p.at = next
	}
	dst = AppendArray(dst, len(s.part))
	for _, part := range s.part {
		p, reply := &s.parts[part], replies[part]
		if IsError(reply) {
			dst = AppendNull(dst, v)
			continue
		}
		n, problem := WalkReply(reply[p.at:])
		if problem != nil {
			return dst[:was], errJoin
		}
		dst = append(dst, reply[p.at:p.at+n]...)
		p.at += n
	}
	return dst, nil
}

// JoinFan makes one reply of those of all shards to one command. FanCursor and
// FanAnyKey ask one shard at a time, and have nothing to join.
func JoinFan(dst []byte, f Fan, writes bool, replies [][]byte) ([]byte, *Problem) {
	if bad, failed := failures(replies); failed > 0 {
		return appendFailure(dst, replies, bad, failed, writes), nil
	}
	switch f {
	case FanSame:
		return joinSame(dst, replies)
	case FanSum:
		return joinSum(dst, replies)
	case FanConcat:
		return joinConcat(dst, replies)
	case FanAll:
		return joinColumns(dst, replies, 1, func(a, b int64) int64 { return min(a, b) })
	case FanSumPairs:
		return joinColumns(dst, replies, 2, func(a, b int64) int64 { return a + b })
	}
	return dst, errJoin
}

// joinSame is the reply that all gave.
func joinSame(dst []byte, replies [][]byte) ([]byte, *Problem) {
	for _, r := range replies {
		if !bytes.Equal(r, replies[0]) {
			return dst, errJoin
		}
	}
	if len(replies) == 0 {
		return dst, errJoin
	}
	return append(dst, replies[0]...), nil
}

func joinSum(dst []byte, replies [][]byte) ([]byte, *Problem) {
	var sum int64
	for _, r := range replies {
		n, ok := integer(r)
		if !ok {
			return dst, errJoin
		}
		sum += n
	}
	return AppendInt(dst, sum), nil
}

func joinConcat(dst []byte, replies [][]byte) ([]byte, *Problem) {
	total := 0
	for _, r := range replies {
		n, _, p := arrayHead(r)
		if p != nil {
			return dst, errJoin
		}
		total += n
	}
	dst = AppendArray(dst, total)
	for _, r := range replies {
		_, next, _ := arrayHead(r)
		dst = append(dst, r[next:]...)
	}
	return dst, nil
}

// joinColumns joins the integers that stand at the same place of each array, at
// the end of every width elements; the others are the first array's.
func joinColumns(dst []byte, replies [][]byte, width int, join func(a, b int64) int64) ([]byte, *Problem) {
	was := len(dst)
	at := make([]int, len(replies)) // rare commands of tools: they may allocate
	elements := 0
	for i, r := range replies {
		n, next, p := arrayHead(r)
		if p != nil || i > 0 && n != elements {
			return dst, errJoin
		}
		elements, at[i] = n, next
	}
	dst = AppendArray(dst, elements)
	for e := range elements {
		var joined int64
		for i, r := range replies {
			size, p := WalkReply(r[at[i]:])
			if p != nil {
				return dst[:was], errJoin
			}
			element := r[at[i] : at[i]+size]
			at[i] += size
			switch n, ok := integer(element); {
			case e%width != width-1:
				if i == 0 {
					dst = append(dst, element...)
				}
			case !ok:
				return dst[:was], errJoin
			case i == 0:
				joined = n
			default:
				joined = join(joined, n)
			}
		}
		if e%width == width-1 {
			dst = AppendInt(dst, joined)
		}
	}
	return dst, nil
}

// integer reads a reply that is one.
func integer(reply []byte) (int64, bool) {
	if len(reply) < 4 || reply[0] != ':' {
		return 0, false
	}
	return number(reply[1 : len(reply)-2])
}

// arrayHead is how many elements the array has that reply is, and where they
// begin.
func arrayHead(reply []byte) (n, next int, p *Problem) {
	i := bytes.Index(reply, crlf)
	if i < 2 || reply[0] != '*' {
		return 0, 0, errJoin
	}
	count, ok := number(reply[1:i])
	if !ok || count < 0 || count > int64(len(reply)) {
		return 0, 0, errJoin
	}
	return int(count), i + 2, nil
}

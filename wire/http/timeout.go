package http

import (
	"math"
	"strconv"
)

// Ask is a form in which a client says how long it waits for the reply.
type Ask uint8

const (
	// AskNothing: no limit.
	AskNothing Ask = iota
	// AskGRPC is grpc-timeout of gRPC over HTTP/2: 1 to 8 digits and one of
	// H M S m u n.
	AskGRPC
	// AskSeconds is X-Request-Timeout as a decimal number: "2", "0.25".
	AskSeconds
	// AskUnit is X-Request-Timeout with a unit, one of h m s ms us: "250ms".
	AskUnit
	// AskMillis are Envoy's fields: milliseconds, of which 0 is no limit.
	AskMillis
)

const (
	nano   = 1
	micro  = 1000 * nano
	milli  = 1000 * micro
	second = 1000 * milli
	minute = 60 * second
	hour   = 60 * minute
	// maxAskDigits are those of a number before its point, and of those after it.
	maxAskDigits = 12
	// maxAsk is what longer times are taken for, some 31 years: the longest that
	// so many digits tell in milliseconds.
	maxAsk = 999_999_999_999 * milli
)

// AsksTime tells whether a field of that name says how long its client waits.
func (n Name) AsksTime() bool { return n >= GRPCTimeout && n <= EnvoyUpstreamTimeout }

// Forwarded tells whether a field of that name goes on as it came, for all that
// the forwarding rules say: filters may do with it what they like.
func (n Name) Forwarded() bool { return n == Other || n.AsksTime() }

// ReadAsk reads the value of a field that asks for a time, in nanoseconds. A
// time of zero is over already and is told as one nanosecond. False if the value
// has not the field's form.
func ReadAsk(n Name, v []byte) (ns int64, form Ask, ok bool) {
	switch n {
	case GRPCTimeout:
		return readGRPC(v)
	case XRequestTimeout:
		return readDecimal(v)
	case EnvoyExpectedTimeout, EnvoyUpstreamTimeout:
		count, rest, ok := digits(v)
		switch {
		case !ok || len(rest) > 0:
			return 0, AskNothing, false
		case count == 0:
			return 0, AskNothing, true
		}
		return times(count, milli), AskMillis, true
	}
	return 0, AskNothing, false
}

func readGRPC(v []byte) (int64, Ask, bool) {
	count, rest, ok := digits(v)
	if !ok || len(rest) != 1 || len(v) > 9 {
		return 0, AskNothing, false
	}
	var unit int64
	switch rest[0] {
	case 'H':
		unit = hour
	case 'M':
		unit = minute
	case 'S':
		unit = second
	case 'm':
		unit = milli
	case 'u':
		unit = micro
	case 'n':
		unit = nano
	default:
		return 0, AskNothing, false
	}
	return max(1, times(count, unit)), AskGRPC, true
}

func readDecimal(v []byte) (int64, Ask, bool) {
	count, rest, ok := digits(v)
	if !ok {
		return 0, AskNothing, false
	}
	part := 0.0
	if len(rest) > 0 && rest[0] == '.' {
		after := rest[1:]
		n, left, ok := digits(after)
		if !ok {
			return 0, AskNothing, false
		}
		part = float64(n) / math.Pow10(len(after)-len(left))
		rest = left
	}
	unit, form := int64(second), AskUnit
	switch string(rest) {
	case "":
		form = AskSeconds
	case "h":
		unit = hour
	case "m":
		unit = minute
	case "s":
	case "ms":
		unit = milli
	case "us":
		unit = micro
	default:
		return 0, AskNothing, false
	}
	ns := times(count, unit) + int64(math.Round(part*float64(unit)))
	return max(1, min(ns, maxAsk)), form, true
}

// digits is the number that v begins with; false if there is none, or one of
// more than maxAskDigits.
func digits(v []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(v) && v[i] >= '0' && v[i] <= '9'; i++ {
		if i == maxAskDigits {
			return 0, nil, false
		}
		n = n*10 + int64(v[i]-'0')
	}
	return n, v[i:], i > 0
}

func times(n, unit int64) int64 {
	if n > maxAsk/unit {
		return maxAsk
	}
	return n * unit
}

// AppendAsk appends ns nanoseconds, more than 0, in that form. It rounds down,
// but not to zero, which would be over, or no limit at all.
func AppendAsk(out []byte, form Ask, ns int64) []byte {
	switch form {
	case AskGRPC:
		return appendGRPC(out, ns)
	case AskSeconds:
		ms := max(1, ns/milli)
		out = append(strconv.AppendInt(out, ms/1000, 10), '.')
		return append(out, '0'+byte(ms/100%10), '0'+byte(ms/10%10), '0'+byte(ms%10))
	case AskUnit:
		return append(strconv.AppendInt(out, max(1, ns/milli), 10), "ms"...)
	case AskMillis:
		return strconv.AppendInt(out, max(1, ns/milli), 10)
	}
	return out
}

// appendGRPC takes the finest unit of which eight digits are enough.
func appendGRPC(out []byte, ns int64) []byte {
	const most = 99_999_999
	units := [...]struct {
		ns   int64
		name byte
	}{{nano, 'n'}, {micro, 'u'}, {milli, 'm'}, {second, 'S'}, {minute, 'M'}, {hour, 'H'}}
	for _, u := range units {
		if ns/u.ns <= most {
			return append(strconv.AppendInt(out, ns/u.ns, 10), u.name)
		}
	}
	return append(strconv.AppendInt(out, most, 10), 'H')
}

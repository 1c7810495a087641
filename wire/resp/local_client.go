package resp

import (
	"strconv"
	"time"
)

// client answers CLIENT's subcommands that concern the client alone.
func (c *clientState) client(dst []byte, sub string, q localQuery) []byte {
	switch sub {
	case "setname":
		return c.setName(dst, q)
	case "getname":
		if c.name == "" {
			return AppendNull(dst, c.version)
		}
		return AppendBulk(dst, c.name)
	case "setinfo":
		return c.setInfo(dst, q)
	case "id":
		return AppendInt(dst, c.id)
	case "info":
		return AppendVerbatim(dst, c.version, c.line(nil, q))
	case "list":
		return c.list(dst, q)
	case "reply":
		return c.setReplies(dst, q)
	case "no-evict":
		return onOff(dst, q, okReply) // nobody is evicted here
	case "no-touch":
		return onOff(dst, q, "-ERR sidecar: CLIENT NO-TOUCH is refused: "+whyShared+"\r\n")
	case "tracking":
		return onOff(dst, q, "-ERR sidecar: CLIENT TRACKING is refused: "+whyTracking+"\r\n")
	case "trackinginfo":
		return c.trackingInfo(dst)
	case "getredir":
		return AppendInt(dst, -1)
	case "caching":
		return append(dst, "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled\r\n"...)
	default:
		return appendHelp(dst, "client")
	}
}

const whyTracking = "connections of a server are shared, so it cannot tell which client has read a key"

func (c *clientState) setName(dst []byte, q localQuery) []byte {
	name := q.arg(2)
	if !isPlain(name) {
		return append(dst, badName...)
	}
	if len(name) > keptText {
		return appendTooLong(dst, "client name")
	}
	c.name = string(name)
	return append(dst, okReply...)
}

// keptText is how many bytes of a name or version are kept of a client; Redis has
// no limit, and a client could make each connection cost megabytes.
const keptText = 1024

func appendTooLong(dst []byte, what string) []byte {
	dst = append(dst, "-ERR sidecar: too_large "...)
	dst = append(dst, what...)
	return append(dst, " has more than 1024 bytes\r\n"...)
}

func (c *clientState) setInfo(dst []byte, q localQuery) []byte {
	var to *string
	switch {
	case q.is(2, "lib-name"):
		to = &c.libName
	case q.is(2, "lib-ver"):
		to = &c.libVer
	default:
		dst = append(dst, "-ERR Unrecognized option '"...)
		return append(appendText(dst, shown(q.arg(2), shownText)), "'\r\n"...)
	}
	value := q.arg(3)
	if !isPlain(value) {
		dst = append(dst, "-ERR "...)
		return append(appendText(dst, q.arg(2)), " cannot contain spaces, newlines or special characters.\r\n"...)
	}
	if len(value) > keptText {
		return appendTooLong(dst, "library name or version")
	}
	*to = string(value)
	return append(dst, okReply...)
}

// setReplies: only ON is answered.
func (c *clientState) setReplies(dst []byte, q localQuery) []byte {
	switch {
	case q.is(2, "on"):
		c.replies, c.mute = repliesOn, false
		return append(dst, okReply...)
	case q.is(2, "off"):
		c.replies, c.mute = repliesOff, true
	case q.is(2, "skip"):
		if c.replies != repliesOff {
			c.replies = skipNext
		}
		c.mute = true
	default:
		return append(dst, syntaxError...)
	}
	return dst
}

// onOff answers ON as told, and OFF, which is how things are, with OK.
func onOff(dst []byte, q localQuery, on string) []byte {
	switch {
	case q.is(2, "on"):
		return append(dst, on...)
	case q.is(2, "off"):
		return append(dst, okReply...)
	}
	return append(dst, syntaxError...)
}

func (c *clientState) trackingInfo(dst []byte) []byte {
	dst = AppendMap(dst, c.version, 3)
	dst = append(dst, "$5\r\nflags\r\n"...)
	dst = AppendSet(dst, c.version, 1)
	return append(dst, "$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n"...)
}

// list is CLIENT LIST, of which a client sees itself alone: others may be of
// other applications.
func (c *clientState) list(dst []byte, q localQuery) []byte {
	listed := true
	switch {
	case len(q.args) == 2:
	case q.is(2, "type") && len(q.args) == 4:
		switch {
		case q.is(3, "normal"):
		case q.is(3, "master"), q.is(3, "replica"), q.is(3, "slave"), q.is(3, "pubsub"):
			listed = false
		default:
			dst = append(dst, "-ERR Unknown client type '"...)
			return append(appendText(dst, shown(q.arg(3), shownText)), "'\r\n"...)
		}
	case q.is(2, "id") && len(q.args) > 3:
		listed = false
		for i := 3; i < len(q.args); i++ {
			id, ok := number(q.arg(i))
			if !ok {
				return append(dst, "-ERR Invalid client ID\r\n"...)
			}
			listed = listed || id == c.id
		}
	default:
		return append(dst, syntaxError...)
	}
	var text []byte
	if listed {
		text = c.line(text, q)
	}
	return AppendVerbatim(dst, c.version, text)
}

// line is what CLIENT LIST tells of a client. What a sidecar has no number for
// is 0.
func (c *clientState) line(dst []byte, q localQuery) []byte {
	dst = append(dst, "id="...)
	dst = strconv.AppendInt(dst, c.id, 10)
	dst = append(append(dst, " addr="...), c.addr...)
	dst = append(append(dst, " laddr="...), c.laddr...)
	dst = append(append(dst, " fd=0 name="...), c.name...)
	dst = append(dst, " age="...)
	dst = strconv.AppendInt(dst, int64(q.env.time().Sub(c.since)/time.Second), 10)
	dst = append(dst, " idle=0 flags=N db="...)
	dst = strconv.AppendInt(dst, int64(c.db), 10)
	dst = append(dst, " sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd="...)
	dst = append(append(dst, q.row.Name...), " user="...)
	dst = append(append(dst, c.user...), " redir=-1 resp="...)
	dst = strconv.AppendInt(dst, int64(c.version), 10)
	dst = append(append(dst, " lib-name="...), c.libName...)
	dst = append(append(dst, " lib-ver="...), c.libVer...)
	return append(dst, '\n')
}

func (c *clientState) acl(dst []byte, sub string, _ localQuery) []byte {
	if sub == "whoami" {
		return AppendBulk(dst, c.user)
	}
	return appendHelp(dst, "acl")
}

package resp

import "strconv"

func (c *clientState) ping(dst []byte, q localQuery) []byte {
	switch len(q.args) {
	case 1:
		return append(dst, "+PONG\r\n"...)
	case 2:
		return AppendBulk(dst, q.arg(1))
	}
	return AppendWrongArity(dst, q.row)
}

// hello changes the protocol's version, the user and the name, all or none.
func (c *clientState) hello(dst []byte, q localQuery) []byte {
	version := c.version
	if len(q.args) > 1 {
		n, ok := number(q.arg(1))
		switch {
		case !ok:
			return append(dst, "-ERR Protocol version is not an integer or out of range\r\n"...)
		case n != 2 && (n != 3 || q.env.noRESP3):
			return append(dst, "-NOPROTO unsupported protocol version\r\n"...)
		}
		version = Version(n)
	}
	login, name := 0, 0 // the arguments where they begin
	for i := 2; i < len(q.args); i++ {
		left := len(q.args) - i - 1
		switch {
		case q.is(i, "auth") && left >= 2:
			login = i + 1
			i += 2
		case q.is(i, "setname") && left >= 1:
			i++
			name = i
			if name := q.arg(i); !isPlain(name) {
				return append(dst, badName...)
			} else if len(name) > keptText {
				return appendTooLong(dst, "client name")
			}
		default:
			dst = append(dst, "-ERR Syntax error in HELLO option '"...)
			return append(appendText(dst, shown(q.arg(i), shownText)), "'\r\n"...)
		}
	}
	if login > 0 {
		user := q.env.users.login(q.arg(login), q.arg(login+1))
		if user == "" {
			return append(dst, wrongPass...)
		}
		c.user = user
	}
	if c.user == "" {
		return append(dst, helloNoAuth...)
	}
	if name > 0 {
		c.name = string(q.arg(name))
	}
	c.version = version
	return c.greeting(dst, q.env)
}

const (
	wrongPass   = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
	badName     = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
	noAuth      = "-NOAUTH Authentication required.\r\n"
	helloNoAuth = "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n"
	noPassword  = "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?\r\n"
)

// greeting is HELLO's answer.
func (c *clientState) greeting(dst []byte, env *localEnv) []byte {
	dst = AppendMap(dst, c.version, 7)
	dst = append(dst, "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n"...)
	dst = AppendBulk(dst, env.redisVersion())
	dst = append(dst, "$5\r\nproto\r\n"...)
	dst = AppendInt(dst, int64(c.version))
	dst = append(dst, "$2\r\nid\r\n"...)
	dst = AppendInt(dst, c.id)
	return append(dst, "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"...)
}

func (c *clientState) auth(dst []byte, q localQuery) []byte {
	name, password := []byte(defaultUser), q.arg(1)
	switch len(q.args) {
	case 2:
		if q.env.users == nil {
			return append(dst, noPassword...)
		}
	case 3:
		name, password = password, q.arg(2)
	default:
		return append(dst, syntaxError...)
	}
	user := q.env.users.login(name, password)
	if user == "" {
		return append(dst, wrongPass...)
	}
	c.user = user
	return append(dst, okReply...)
}

// selectDB: connections of a server are in one database, the upstream's, so that
// is all that there is. Clients send SELECT 0 without being asked.
func (c *clientState) selectDB(dst []byte, q localQuery) []byte {
	n, ok := number(q.arg(1))
	switch {
	case !ok || n != int64(int32(n)):
		return append(dst, notInteger...)
	case n < 0:
		return append(dst, "-ERR DB index is out of range\r\n"...)
	case n != 0 && n != int64(q.env.database):
		dst = append(dst, "-ERR sidecar: SELECT "...)
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(dst, " is refused: this upstream is in database "...)
		dst = strconv.AppendInt(dst, int64(q.env.database), 10)
		return append(dst, "; for another one set redis.database of an upstream of its own\r\n"...)
	}
	c.db = int(n)
	return append(dst, okReply...)
}

// reset makes the connection as a new one.
func (c *clientState) reset(dst []byte, q localQuery) []byte {
	if c.replies != skipThis {
		c.mute = false // as Redis answers it
	}
	c.name, c.db, c.replies = "", 0, repliesOn
	c.start(q.env)
	return append(dst, "+RESET\r\n"...)
}

// without: outside of a session there is no transaction.
func (c *clientState) without(dst []byte, q localQuery) []byte {
	if q.row.Name == "exec" {
		return append(dst, "-ERR EXEC without MULTI\r\n"...)
	}
	return append(dst, "-ERR DISCARD without MULTI\r\n"...)
}

// unsubscribe confirms, for each channel, that the client is subscribed to none.
// As what is published is no reply, neither are these.
func (c *clientState) unsubscribe(dst []byte, q localQuery) []byte {
	c.mute = false
	for i := range max(len(q.args)-1, 1) {
		dst = AppendPush(dst, c.version, 3)
		dst = AppendBulk(dst, q.row.Name)
		if len(q.args) == 1 {
			dst = AppendNull(dst, c.version)
		} else {
			dst = AppendBulk(dst, q.arg(i+1))
		}
		dst = AppendInt(dst, 0)
	}
	return dst
}

// isPlain tells whether b can stand in a line of CLIENT LIST.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

package resp

import "time"

// clientState is what a client has said of itself and its connection: what Redis
// keeps by connection, and the sidecar keeps for it, as nothing of it may reach a
// connection that others share. The connection's goroutine owns it.
type clientState struct {
	version Version
	user    string // "" until it has logged in
	name    string
	libName string
	libVer  string
	db      int
	replies replyMode
	mute    bool // the command under way gets no reply
	id      int64
	addr    string // "host:port", or of a Unix socket "path:0"
	laddr   string // the same of our end
	host    string // of laddr, "" without TCP
	port    int
	since   time.Time
	keys    []Span // memory for the keys of the command under way
}

// localEnv is what a listener tells of itself to all of its clients.
type localEnv struct {
	users    *Users  // nil: nobody needs a password
	policy   *Policy // nil: everything is allowed
	learnt   *Learnt // commands that only the backend knows; nil is none
	database int     // of the upstream
	noRESP3  bool
	version  string // the sidecar's own
	// redis is the version of Redis that clients are told, by which some choose
	// what they use; see redisVersion.
	redis   string
	id      string // 40 hexadecimal digits, the same while the process lives
	started time.Time
	now     func() time.Time
	clients func() int
}

// redisVersion is told where no backend's is known: the oldest that the table is
// of, so that no client sends what only later servers have.
const redisVersion = "7.0.0"

func (e *localEnv) redisVersion() string {
	if e.redis == "" {
		return redisVersion
	}
	return e.redis
}

// act is what the connection does behind a local reply.
type act uint8

const (
	goOn     act = iota
	closeNow     // what stands before it is written, and the connection closed
)

// replyMode is that of CLIENT REPLY.
type replyMode uint8

const (
	repliesOn replyMode = iota
	repliesOff
	skipNext // the command behind CLIENT REPLY SKIP gets none
	skipThis
)

// start readies the state of a new client.
func (c *clientState) start(env *localEnv) {
	c.version = RESP2
	c.user = env.users.first()
}

// begin is called for every command of the client, in their order, before
// anything else is done with it. mute: it gets no reply, whatever comes of it.
func (c *clientState) begin() (mute bool) {
	switch c.replies {
	case skipNext:
		c.replies = skipThis
	case skipThis:
		c.replies = repliesOn
	}
	c.mute = c.replies != repliesOn
	return c.mute
}

// enter is begin for the first command of a session, and leaves nothing of a SKIP
// behind: inside nobody calls begin. skip: that command gets no reply.
func (c *clientState) enter() (skip bool) {
	skip = c.replies == skipNext
	if c.replies != repliesOff {
		c.replies, c.mute = repliesOn, false
	}
	return skip
}

// local answers a command whose row has the treatment Local and whose number of
// arguments fits. Nothing is appended to dst if the client wants no reply. State
// changes at once, so it is called when the command's turn comes.
func (c *clientState) local(dst []byte, row *Row, b []byte, args []Span, env *localEnv) ([]byte, act) {
	from := len(dst)
	dst, then := c.answer(dst, row, b, args, env)
	if c.mute {
		dst = dst[:from]
	}
	return dst, then
}

// answer finds who knows the answer. It goes by the name: local commands are few
// in any traffic that is worth counting.
func (c *clientState) answer(dst []byte, row *Row, b []byte, args []Span, env *localEnv) ([]byte, act) {
	q := localQuery{row, b, args, env}
	switch container, sub := row.words(); container {
	case "client":
		return c.client(dst, sub, q), goOn
	case "cluster":
		return c.cluster(dst, sub, q), goOn
	case "command":
		return c.command(dst, sub, q), goOn
	case "config":
		return c.config(dst, sub, q), goOn
	case "acl":
		return c.acl(dst, sub, q), goOn
	}
	switch row.Name {
	case "ping":
		return c.ping(dst, q), goOn
	case "echo":
		return AppendBulk(dst, q.arg(1)), goOn
	case "hello":
		return c.hello(dst, q), goOn
	case "auth":
		return c.auth(dst, q), goOn
	case "select":
		return c.selectDB(dst, q), goOn
	case "quit":
		return append(dst, okReply...), closeNow
	case "reset":
		return c.reset(dst, q), goOn
	case "readonly", "readwrite", "asking", "unwatch":
		return append(dst, okReply...), goOn
	case "info":
		return c.info(dst, q), goOn
	case "role":
		return append(dst, "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"...), goOn
	case "exec", "discard":
		return c.without(dst, q), goOn
	default:
		return c.unsubscribe(dst, q), goOn
	}
}

// localQuery is a command that is answered here.
type localQuery struct {
	row  *Row
	b    []byte
	args []Span
	env  *localEnv
}

func (q *localQuery) arg(i int) []byte { return q.args[i].Of(q.b) }

// is tells whether argument i is that word, which is in lower case.
func (q *localQuery) is(i int, word string) bool { return isWord(q.arg(i), word) }

const (
	okReply     = "+OK\r\n"
	syntaxError = "-ERR syntax error\r\n"
	notInteger  = "-ERR value is not an integer or out of range\r\n"
)

func (e *localEnv) time() time.Time {
	if e.now == nil {
		return time.Now()
	}
	return e.now()
}

// lookup is Lookup, and what was learnt.
func (e *localEnv) lookup(name, sub []byte) *Row {
	if r := Lookup(name, sub); r != nil {
		return r
	}
	return e.learnt.find(name, sub)
}

// find is Of, and what was learnt.
func (e *localEnv) find(b []byte, args []Span) *Row {
	if r := Of(b, args); r != nil || e.learnt == nil {
		return r
	}
	if len(args) == 1 {
		return e.learnt.find(args[0].Of(b), nil)
	}
	return e.learnt.find(args[0].Of(b), args[1].Of(b))
}

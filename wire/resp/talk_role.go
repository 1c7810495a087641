package resp

// role is what a command means to the state of a session.
type role uint8

const (
	plainRole       role = iota // nothing
	multiRole                   // MULTI
	execRole                    // EXEC
	discardRole                 // DISCARD
	watchRole                   // WATCH
	unwatchRole                 // UNWATCH
	subscribeRole               // SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE
	unsubscribeRole             // UNSUBSCRIBE and its like
	pingRole                    // PING, which has a form of its own while subscribed
	echoRole                    // ECHO
	stateRole                   // HELLO, CLIENT REPLY: what replies look like
	partRole                    // RESET, QUIT: the session ends before it
	localRole                   // answered here, outside of MULTI
	refusedRole                 // refused everywhere
)

// roleOf is the role of a row.
func roleOf(r *Row) role { return roles[r.Index()] }

// roles are those of all rows, and behind them that of rows from elsewhere.
var roles = rolesOf(commands)

func rolesOf(rows []Row) []role {
	list := make([]role, len(rows)+1)
	for i := range rows {
		list[i] = nameRole(&rows[i])
	}
	return list
}

func nameRole(r *Row) role {
	switch r.Name {
	case "multi":
		return multiRole
	case "exec":
		return execRole
	case "discard":
		return discardRole
	case "watch":
		return watchRole
	case "unwatch":
		return unwatchRole
	case "subscribe", "psubscribe", "ssubscribe":
		return subscribeRole
	case "unsubscribe", "punsubscribe", "sunsubscribe":
		return unsubscribeRole
	case "ping":
		return pingRole
	case "echo":
		return echoRole
	case "hello", "client|reply":
		return stateRole
	case "reset", "quit":
		return partRole
	}
	switch r.Treatment {
	case Refuse:
		return refusedRole
	case Local:
		return localRole
	}
	return plainRole
}

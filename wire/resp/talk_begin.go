package resp

import "context"

// talk is called at a command that begins a session, a.at: all before it is
// answered. What follows it are the rest of the burst's commands, and then
// whatever the client sends. It deals with them until the client is bound to no
// server any more, leaves a.at at the first command that is not dealt with and
// reports whether the connection goes on.
func (a *active) talk(_ context.Context, _ *Settings) bool {
	row := a.row(a.at)
	a.at++
	if !a.said.grow(a.srv.means, 512) {
		return false
	}
	return a.said.took(a.srv.means, AppendOwnError(a.said.b, "refused", row.Name+" needs a session, which the sidecar has none of yet"))
}

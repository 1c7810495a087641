// Package announce registers a local service in ZooKeeper, as a member of a
// serverset that Finagle, Aurora's clients, scales and the sidecar itself read,
// for as long as a check of the service passes.
//
// The member is a node that goes with the session, so it is gone soon after a
// process that dies; after a lost session it is made again, and never is there
// twice. It knows nothing of upstreams: what is announced and what is called
// are separate.
package announce

// Package shared is the core of backend connections that many exchanges use at
// once: it coalesces what they write, keeps a slot for each reply that is to
// come, and ends them all with a fact each when the connection ends.
//
// Nobody ever writes from an exchange's memory once its Do has returned: what
// is sent is copied into the connection's own buffer, and what is received into
// the slot's, in which the exchange finds it. One exchange's end, slowness or
// timeout neither cuts nor stops another: nobody waits for the backend's pace
// but the connection's own writer.
//
// It knows no protocol: how requests are told apart and where replies begin and
// end is the Speaker's. It dials nothing and picks no connection.
package shared

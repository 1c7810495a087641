// Package zk finds endpoints in ZooKeeper: serversets as Finagle, Aurora and
// the scales library write and read them, with Finagle's weight vectors, and
// the nodes of SmartStack's nerve. It also lends its connections to who
// announces a service there.
//
// One connection to an ensemble serves every path of the process (Ensembles,
// Session). A source follows one path: it sets watches, reads everything again
// after each reconnect, and looks now and then whether a watch was lost. Losing
// the connection or the session takes no endpoint away.
//
// It does not judge what it is told: whether an emptied path is believed is
// decided by discovery's Keeper. It knows nothing of the configuration file.
package zk

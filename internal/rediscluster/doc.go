// Package rediscluster runs real Redis servers for tests: single ones, a Redis
// Cluster whose masters can be killed and whose slots can be moved, and a master
// with replicas under Sentinels. Servers listen on free ports of the loopback,
// read no configuration of the machine, keep nothing on its disk and end with
// the test. It speaks to them by a client of its own and knows nothing of the
// proxy.
package rediscluster

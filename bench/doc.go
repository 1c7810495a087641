// Command bench measures the sidecar beside other proxies on real sockets: CPU
// time of the proxy a request, memory and latency, as ratios within the same
// round, with the interval that they are good for. It is no load test and no
// regression test: absolute times depend on the machine and are printed, never
// judged.
//
// One backend serves all. Proxies share one CPU, client and backend another.
// All proxies are started at once and one at a time is under load, in turns, so
// that what else the machine does falls on each alike.
//
// A further protocol is a suite (suite.go), a further peer a server with its
// configuration in testdata, a further kind of load a generator.
//
//	go run ./bench                             the main loads, beside all peers that are here
//	go run ./bench -only 'calls of'                 Thrift
//	go run ./bench -all -profile cpu.prof -write    all of it, into docs
//	go run ./bench -only '64 conn' -peers haproxy   some of it
//	go run ./bench -sidecar A -with B,b -peers '^$'  one build beside another
package main

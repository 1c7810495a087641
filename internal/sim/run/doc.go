// Command run simulates sidecars and backends (package sim) and writes what it
// found: tables into docs/balancing.md, their figures into docs/balancing.csv
// and drawings beside them. It decides nothing and is no part of the product.
//
//	go run ./internal/sim/run                 all experiments, to standard output
//	go run ./internal/sim/run -only churn     one of them
//	go run ./internal/sim/run -short          small ones, in seconds
//	go run ./internal/sim/run -write          all, into docs: what "make simulate" does
package main

//go:build !race

package route

import (
	"context"
	"testing"

	"sidecar"
)

func TestDoAllocatesNothing(t *testing.T) {
	rules := append(many(100), Rule{Host: "*.example.com", Upstream: "wild"})
	table := New(compile(t, rules, "default"))
	var x sidecar.Exchange
	x.Begin(last(100), nil, 1)
	if n := testing.AllocsPerRun(1000, func() { _ = table.Do(context.Background(), &x) }); n != 0 {
		t.Errorf("%v allocations an exchange", n)
	}
}

package limit

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestBulkheadNeverHoldsMoreThanItsBound(t *testing.T) {
	var b Bulkhead
	var inside, most, refused atomic.Int64
	var work sync.WaitGroup
	for range 16 {
		work.Go(func() {
			for range 2000 {
				if !b.Enter(1, 4) {
					refused.Add(1)
					continue
				}
				now := inside.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				inside.Add(-1)
				b.Leave(1)
			}
		})
	}
	work.Wait()
	if most.Load() > 4 || b.UnderWay() != 0 {
		t.Errorf("%d at once, %d left, %d refused", most.Load(), b.UnderWay(), refused.Load())
	}
}

func TestBulkheadCountsRequestsAndNotExchanges(t *testing.T) {
	var b Bulkhead
	if !b.Enter(3, 4) || b.Enter(2, 4) || !b.Enter(1, 4) || b.Enter(1, 4) {
		t.Error("a burst of 3 takes 3 places of 4")
	}
	b.Leave(3)
	b.Leave(1)
	if !b.Enter(9, 4) {
		t.Error("a burst larger than the bound never enters")
	}
	if b.Enter(1, 4) {
		t.Error("it is not alone")
	}
	b.Leave(9)
	if !b.Enter(1000, 0) {
		t.Error("0 is no bound")
	}
}

package sidecar_test

import (
	"slices"
	"testing"

	"sidecar"
)

func TestTriesKeepTheFirstAndTheLatest(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
		kept []int
	}{
		{"none", 0, nil},
		{"one", 1, []int{1}},
		{"as many as there is room for", 8, []int{1, 2, 3, 4, 5, 6, 7, 8}},
		{"one more", 9, []int{1, 2, 3, 4, 6, 7, 8, 9}},
		{"the second half all new", 12, []int{1, 2, 3, 4, 9, 10, 11, 12}},
		{"many", 103, []int{1, 2, 3, 4, 100, 101, 102, 103}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &sidecar.Exchange{}
			x.Begin(nil, nil, 1)
			for i := 1; i <= c.n; i++ {
				r := x.Try("e", uint64(1000+i), int64(i))
				if r.Number != i || r.ID != uint64(1000+i) || r.Start != int64(i) || r.Endpoint != "e" || r.Out != 0 {
					t.Fatalf("record %d begins as %+v", i, *r)
				}
				if x.Tries.Last() != r {
					t.Fatalf("record %d is not the last", i)
				}
				r.Out = 1 // must not show in the record that takes its place
			}
			if x.Tries.Len() != c.n {
				t.Errorf("%d are counted, want %d", x.Tries.Len(), c.n)
			}
			var kept []int
			for _, r := range x.Tries.Kept(nil) {
				kept = append(kept, r.Number)
			}
			if !slices.Equal(kept, c.kept) {
				t.Errorf("kept %v, want %v", kept, c.kept)
			}
			for i := 1; i <= c.n; i++ {
				if got, want := x.Tries.Tried(uint64(1000+i)), slices.Contains(c.kept, i); got != want {
					t.Errorf("endpoint of try %d: tried is %v, want %v", i, got, want)
				}
			}
			if x.Tries.Tried(0) || x.Tries.Tried(1000) {
				t.Error("an endpoint that had no try is told as tried")
			}
		})
	}
}

func TestKeptAppends(t *testing.T) {
	x := begun()
	got := x.Tries.Kept([]sidecar.Try{{Number: 7}})
	if len(got) != 2 || got[0].Number != 7 || got[1].Number != 1 {
		t.Errorf("got %+v", got)
	}
}

package main

import (
	"slices"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		name string
		xs   []float64
		want float64
	}{
		{"one", []float64{3}, 3},
		{"odd", []float64{9, 1, 2}, 2},
		{"even", []float64{4, 1, 3, 2}, 2.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := slices.Clone(c.xs)
			if got := median(c.xs); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if !slices.Equal(c.xs, before) {
				t.Errorf("the rounds were reordered: %v", c.xs)
			}
		})
	}
}

func TestBootstrapOfEqualRoundsIsAPoint(t *testing.T) {
	if got, want := bootstrap([]float64{0.8, 0.8, 0.8}), (estimate{0.8, 0.8, 0.8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// For 15 rounds the exact 95 % interval of the median runs from the fourth to
// the twelfth in order; resampling must come out beside it.
func TestBootstrapIntervalIsThatOfTheMedian(t *testing.T) {
	var xs []float64
	for i := range 15 {
		xs = append(xs, float64((i*7)%15+1)) // 1 to 15, mixed
	}
	got := bootstrap(xs)
	if got.median != 8 || got.low < 4 || got.low > 5 || got.high < 11 || got.high > 12 {
		t.Errorf("got %+v, want 8 with about 4 to 12", got)
	}
	if again := bootstrap(xs); again != got {
		t.Errorf("the same rounds gave %+v, then %+v", got, again)
	}
}

func TestOneBadRoundMovesNoMedian(t *testing.T) {
	xs := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 90}
	if got := bootstrap(xs); got.high != 1 {
		t.Errorf("got %+v, want 1", got)
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name      string
		rounds    int
		low, high float64
		want      string
	}{
		{"below", 15, 0.7, 0.8, "met"},
		{"upper end on the goal", 15, 0.7, 0.85, "met"},
		{"across", 15, 0.8, 0.9, "not shown"},
		{"lower end on the goal", 15, 0.85, 0.9, "not shown"},
		{"above", 15, 0.86, 0.9, "missed"},
		{"too few rounds", 14, 0.7, 0.8, "not shown (too few rounds)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(estimate{low: c.low, high: c.high}, c.rounds, 0.85, false); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestVerdictWhereMoreIsBetter(t *testing.T) {
	for _, c := range []struct {
		name      string
		low, high float64
		want      string
	}{
		{"above", 1.1, 1.2, "met"},
		{"lower end on the goal", 1, 1.2, "met"},
		{"across", 0.9, 1.2, "not shown"},
		{"below", 0.8, 0.9, "missed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := verdict(estimate{low: c.low, high: c.high}, enough, 1, true); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	got := ratios([]float64{10, 30}, []float64{20, 10})
	if want := []float64{0.5, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

package main

import (
	"testing"
	"time"
)

func TestStatIsReadWhateverTheName(t *testing.T) {
	for _, c := range []struct {
		name, text string
		pid, group int
		ok         bool
	}{
		{"plain", "12 (nginx) S 1 11 11 0 -1", 12, 11, true},
		{"brackets and spaces", "13 (a) b (c) S 1 7 7 0 -1", 13, 7, true},
		{"cut off", "13 (a) S 1", 0, 0, false},
		{"empty", "", 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			pid, group, ok := parseStat(c.text)
			if pid != c.pid || group != c.group || ok != c.ok {
				t.Errorf("got %d %d %v, want %d %d %v", pid, group, ok, c.pid, c.group, c.ok)
			}
		})
	}
}

func TestSchedstatIsTheFirstNumber(t *testing.T) {
	if got, err := parseSchedstat("709515 20 1\n"); err != nil || got != 709515*time.Nanosecond {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseSchedstat(""); err == nil {
		t.Error("an empty file gave a time")
	}
}

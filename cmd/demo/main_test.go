package main

import (
	"testing"

	"sidecar/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

func TestBadArgumentsAreUsageErrors(t *testing.T) {
	for name, args := range map[string][]string{
		"unknown flag":  {"-fast"},
		"argument":      {"now"},
		"negative time": {"-for", "-1s"},
	} {
		t.Run(name, func(t *testing.T) {
			if code := command(args); code != exitUsage {
				t.Errorf("got exit code %d, want %d", code, exitUsage)
			}
		})
	}
}

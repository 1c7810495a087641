package brokers

import (
	"testing"

	"sidecar/internal/leak"
)

// kafka-go's default transport is never closed.
func TestMain(m *testing.M) { leak.Main(m, leak.Params{Ignore: []string{"kafka-go.(*conn"}}) }

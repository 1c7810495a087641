package httpkafka

import (
	"testing"

	"sidecar/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m, leak.Params{}) }

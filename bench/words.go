package main

import (
	"fmt"
	"time"
)

// thousands writes 9000 as 9,000.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// size writes whole sizes: 100 B, 16 KiB, 1 MiB.
func size(bytes int) string {
	switch {
	case bytes >= mib && bytes%mib == 0:
		return fmt.Sprintf("%d MiB", bytes/mib)
	case bytes >= kib && bytes%kib == 0:
		return fmt.Sprintf("%d KiB", bytes/kib)
	}
	return fmt.Sprintf("%d B", bytes)
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/mib) }

func share(cpu, wall time.Duration) float64 { return cpu.Seconds() / wall.Seconds() }

func percent(x float64) string { return fmt.Sprintf("%.0f %%", x*100) }

func milliseconds(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1e3) }

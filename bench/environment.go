package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// environment is one line on what the figures were taken with.
func environment(ctx context.Context, v values, servers []server) (string, error) {
	parts := []string{
		time.Now().UTC().Format(time.DateOnly),
		"kernel " + firstLine("/proc/sys/kernel/osrelease"),
		fmt.Sprintf("%d CPUs (%s)", runtime.NumCPU(), cpuModel()),
		runtime.Version(),
	}
	seen := map[string]bool{}
	for _, s := range servers {
		if len(s.version) == 0 {
			continue
		}
		text, err := version(ctx, s, v)
		if err != nil {
			return "", err
		}
		if !seen[text] {
			seen[text] = true
			parts = append(parts, text)
		}
	}
	load, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return strings.Join(append(parts, "load average before it "+load), ", "), nil
}

// version is the first line of what the program says of itself.
func version(ctx context.Context, s server, v values) (string, error) {
	args, err := expandAll(s.version, v)
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	line = strings.TrimPrefix(line, "nginx version: ")
	// "PATH  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL"
	if _, text, ok := strings.Cut(line, "envoy  version: "); ok {
		if parts := strings.Split(text, "/"); len(parts) > 1 {
			line = "Envoy " + parts[1]
		}
	}
	line, _, _ = strings.Cut(line, " - ") // where haproxy's home is
	return line, nil
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func firstLine(name string) string {
	text, _ := os.ReadFile(name)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

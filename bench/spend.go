package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// stack is one stack of a profile, innermost function first, and the time that
// was seen in it.
type stack struct {
	spent  time.Duration
	frames []string
}

// parseTraces reads what "go tool pprof -traces" prints: stacks between lines
// of dashes, the first line of each with its time.
func parseTraces(out string) ([]stack, error) {
	_, out, found := strings.Cut(out, "-----------+")
	if !found {
		return nil, errors.New("the profile has no samples")
	}
	var stacks []stack
	for part := range strings.SplitSeq(out, "-----------+") {
		_, part, _ = strings.Cut(part, "\n") // the rest of the dashes
		first, rest, _ := strings.Cut(strings.TrimSpace(part), "\n")
		spent, frame, found := strings.Cut(strings.TrimSpace(first), " ")
		if !found {
			continue
		}
		d, err := time.ParseDuration(spent)
		if err != nil {
			return nil, fmt.Errorf("a stack of the profile begins with %q: %w", first, err)
		}
		s := stack{spent: d, frames: []string{frameName(frame)}}
		for line := range strings.Lines(rest) {
			s.frames = append(s.frames, frameName(line))
		}
		stacks = append(stacks, s)
	}
	return stacks, nil
}

func frameName(line string) string {
	return strings.TrimSuffix(strings.TrimSpace(line), " (inline)")
}

// spending is what a profile's time went to.
type spending struct {
	part  string
	share float64
}

// spend sums a profile up, the greatest part first.
func spend(stacks []stack) []spending {
	var total time.Duration
	parts := map[string]time.Duration{}
	for _, s := range stacks {
		total += s.spent
		parts[s.part()] += s.spent
	}
	var all []spending
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, spending{name, share(parts[name], total)})
	}
	slices.SortStableFunc(all, func(a, b spending) int { return cmp.Compare(b.share, a.share) })
	return all
}

// partRules name the part of a stack whose frames inside of our innermost
// function, that included, match; the first does.
func partRules() []partRule {
	return []partRule{
		rule("kernel: read", `sock\.sysRecv$`),
		rule("kernel: write", `sock\.sysSend2?$`),
		rule("kernel: epoll", `\.Epoll(Wait|Ctl)$|^runtime\.epoll`),
		rule("kernel: futex", `^runtime\.futex`),
		rule("kernel: other calls", `^(internal/runtime/)?syscall[./]|^runtime\.(usleep|osyield|write1|read|tgkill|madvise|munmap|sysUnused)`),
		rule("clock", `^runtime\.(nanotime|walltime)|^time\.(now|Now|Since|runtimeNow)|^sidecar\.Now`),
		rule("memory and its collection", `^runtime\.(gc|mallocgc|bgsweep|bgscavenge|newobject|growslice|makeslice|\(\*gc|\(\*mspan|\(\*mheap|\(\*mcache)`),
		rule("netpoll and descriptors' locks", `^runtime\.\(?\*?(netpoll|pollDesc)|^internal/poll\.|^net\.`),
		rule("HTTP: parsing and forwarding fields", `^sidecar/wire/http\.|^sidecar/wire/http1\.\(\*(head|reply|request|fields|chunks?)\)|^sidecar/wire/http1\.(parse|scan|append|find|lookup|is)`),
	}
}

type partRule struct {
	part string
	is   *regexp.Regexp
}

func rule(part, pattern string) partRule { return partRule{part, regexp.MustCompile(pattern)} }

// part is what the stack's time is counted under: the kernel by call, the
// runtime by duty, ours by package.
func (s stack) part() string {
	own := slices.IndexFunc(s.frames, func(f string) bool { return strings.HasPrefix(f, "sidecar/") || strings.HasPrefix(f, "sidecar.") })
	inner := s.frames
	if own >= 0 {
		inner = s.frames[:own+1]
	}
	for _, r := range partRules() {
		if slices.ContainsFunc(inner, r.is.MatchString) {
			return r.part
		}
	}
	if own < 0 {
		return "scheduler and the rest of the runtime"
	}
	return packagePart(s.frames[own])
}

// packagePart is "upstream/pool" of "sidecar/upstream/pool.(*Exclusive).Do".
func packagePart(function string) string {
	path, found := strings.CutPrefix(function, "sidecar/")
	if !found {
		return "exchange (the root package)"
	}
	slash := strings.LastIndexByte(path, '/') + 1
	name, _, _ := strings.Cut(path[slash:], ".")
	return path[:slash] + name
}

// profile enters where a profile's time went.
func (j *journal) profile(w workload, all []spending) {
	j.profiled = true
	var b strings.Builder
	fmt.Fprintf(&b, "### Where the sidecar's CPU time goes: %s\n\n| part | share |\n|---|---|\n", w.name)
	kernel := 0.0
	for _, s := range all {
		if strings.HasPrefix(s.part, "kernel: ") {
			kernel += s.share
		}
	}
	fmt.Fprintf(&b, "| the kernel in all | %.1f %% |\n", kernel*100)
	for _, s := range all {
		fmt.Fprintf(&b, "| %s | %.1f %% |\n", s.part, s.share*100)
	}
	b.WriteString("\n")
	j.write(b.String())
}

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// report writes one workload's tables in Markdown. targets hold the subject
// first among proxies; the direct case is none.
func report(b *strings.Builder, w workload, targets []*target, subject string) {
	fmt.Fprintf(b, "### %s\n\n", w.name)
	ratioTable(b, w, targets, subject)
	absoluteTable(b, targets)
}

func ratioTable(b *strings.Builder, w workload, targets []*target, subject string) {
	own := targets[slices.IndexFunc(targets, func(t *target) bool { return t.name == subject })].perRequest()
	fmt.Fprintf(b, "| CPU time a request beside | ratio, median | 95 %% interval | goal | verdict |\n|---|---|---|---|---|\n")
	for _, t := range targets {
		if !t.proxy || t.name == subject {
			continue
		}
		e := bootstrap(ratios(own, t.perRequest()))
		goal, judged := "none", "-"
		if g, ok := w.goalBeside(t.name); ok {
			goal, judged = fmt.Sprintf("%.2f (%s)", g.ratio, g.text), verdict(e, len(own), g.ratio)
		}
		fmt.Fprintf(b, "| %s | %.2f | %.2f to %.2f | %s | %s |\n", t.name, e.median, e.low, e.high, goal, judged)
	}
	b.WriteString("\n")
}

func absoluteTable(b *strings.Builder, targets []*target) {
	b.WriteString("| target | CPU us/request, median (min-max) | requests/s | p50 | p99 | proxy's CPU in use | client's and backend's CPU in use | RSS | CPU when idle |\n" +
		"|---|---|---|---|---|---|---|---|---|\n")
	for _, t := range targets {
		perRequest, busy, rss, idle := "-", "-", "-", "-"
		if t.proxy {
			xs := t.perRequest()
			perRequest = fmt.Sprintf("%.1f (%.1f-%.1f)", median(xs), slices.Min(xs), slices.Max(xs))
			busy = percent(median(t.series(func(s sample) float64 { return share(s.proxy, s.wall) })))
			rss = fmt.Sprintf("%.1f MiB", float64(t.rss)/(1<<20))
			idle = fmt.Sprintf("%.2f ms/s", t.idle*1e3)
		}
		fmt.Fprintf(b, "| %s | %s | %.0f | %s | %s | %s | %s | %s | %s |\n", t.name, perRequest,
			median(t.series(func(s sample) float64 { return s.rps })),
			milliseconds(median(t.series(func(s sample) float64 { return s.p50.Seconds() }))),
			milliseconds(median(t.series(func(s sample) float64 { return s.p99.Seconds() }))),
			busy, percent(median(t.series(func(s sample) float64 { return share(s.clientSide, s.wall) }))), rss, idle)
	}
	b.WriteString("\n")
}

func share(cpu, wall time.Duration) float64 { return cpu.Seconds() / wall.Seconds() }

func percent(x float64) string { return fmt.Sprintf("%.0f %%", x*100) }

func milliseconds(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1e3) }

// configurations shows what every server ran with.
func configurations(b *strings.Builder, procs []*process) {
	b.WriteString("### Configurations\n\n")
	for _, p := range procs {
		fmt.Fprintf(b, "%s, from bench/testdata/%s:\n\n```\n%s```\n\n", p.name, p.config, p.text)
	}
}

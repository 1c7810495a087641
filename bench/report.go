package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shownLines is how much of a configuration is printed: with a thousand
// upstreams the rest is the same again.
const shownLines = 120

// ratioRows sets the subject beside every other proxy.
func ratioRows(suite string, w workload, targets []*target, subject string) []row {
	own := targets[slices.IndexFunc(targets, func(t *target) bool { return t.name == subject })]
	var rows []row
	for _, m := range w.ratiosOf() {
		for _, t := range targets {
			if !t.proxy || t.name == subject {
				continue
			}
			r := row{suite: suite, workload: w.name, peer: t.name, measure: m, unit: w.unit, estimate: bootstrap(ratios(own.series(m.of), t.series(m.of)))}
			if g, ok := w.goalBeside(t.name, m); ok {
				r.goal, r.verdict = g.ratio, verdict(r.estimate, len(own.samples), g.ratio, m.moreIsBetter())
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func ratioTable(b *strings.Builder, rows []row) {
	b.WriteString("| measure | beside | ratio, median | 95 % interval | goal | verdict |\n|---|---|---|---|---|---|\n")
	for _, r := range rows {
		goal, judged := r.judged()
		fmt.Fprintf(b, "| %s | %s | %.2f | %.2f to %.2f | %s | %s |\n", r.measure.named(r.unit), r.peer, r.median, r.low, r.high, goal, judged)
	}
	b.WriteString("\n")
}

// goalTable is all goals of a run.
func goalTable(rows []row) string {
	var b strings.Builder
	b.WriteString("| load | measure | beside | ratio, median | 95 % interval | goal | verdict |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		if r.goal == 0 {
			continue
		}
		goal, judged := r.judged()
		fmt.Fprintf(&b, "| %s: %s | %s | %s | %.2f | %.2f to %.2f | %s | %s |\n",
			r.suite, r.workload, r.measure.named(r.unit), r.peer, r.median, r.low, r.high, goal, judged)
	}
	return b.String()
}

// judged is the goal, as the most or the least that the ratio may be, and the
// verdict.
func (r row) judged() (goal, verdict string) {
	switch {
	case r.goal == 0:
		return "none", "-"
	case r.measure.moreIsBetter():
		return fmt.Sprintf("at least %.2f", r.goal), r.verdict
	}
	return fmt.Sprintf("%.2f", r.goal), r.verdict
}

func absoluteTable(b *strings.Builder, w workload, targets []*target) {
	fmt.Fprintf(b, "| target | CPU us/%s, median (min-max) | %s/s | p50 | p99 | p99.9 | proxy's CPU in use | client's and backend's CPU in use | RSS | CPU when idle |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n", w.unit.one(), w.unit.many())
	for _, t := range targets {
		perRequest, busy, rss, idle := "-", "-", "-", "-"
		if t.proxy {
			xs := t.series(cpuTime.of)
			perRequest = fmt.Sprintf("%.1f (%.1f-%.1f)", median(xs), slices.Min(xs), slices.Max(xs))
			busy = percent(median(t.series(func(s sample) float64 { return share(s.proxy, s.wall) })))
			rss = mebibytes(t.rss)
			idle = fmt.Sprintf("%.2f ms/s", t.idle*1e3)
		}
		fmt.Fprintf(b, "| %s | %s | %.0f | %s | %s | %s | %s | %s | %s | %s |\n", t.name, perRequest,
			median(t.series(throughput.of)),
			t.latency(func(s sample) time.Duration { return s.p50 }),
			t.latency(func(s sample) time.Duration { return s.p99 }),
			t.latency(func(s sample) time.Duration { return s.p999 }),
			busy, percent(median(t.series(func(s sample) float64 { return share(s.clientSide, s.wall) }))), rss, idle)
	}
	b.WriteString("\n")
}

// connsTable is over how many connections requests came to the backend.
func connsTable(b *strings.Builder, targets []*target) {
	b.WriteString("| target | connections to the backend | requests/s over each |\n|---|---|---|\n")
	for _, t := range targets {
		conns := median(t.series(func(s sample) float64 { return float64(s.conns) }))
		each := median(t.series(func(s sample) float64 { return s.rps / float64(s.conns) }))
		fmt.Fprintf(b, "| %s | %.0f | %.0f |\n", t.name, conns, each)
	}
	b.WriteString("\n")
}

// latency is the median over rounds, "-" where the generator does not tell it.
func (t *target) latency(of func(sample) time.Duration) string {
	d := median(t.series(func(s sample) float64 { return of(s).Seconds() }))
	if d == 0 {
		return "-"
	}
	return milliseconds(d)
}

// restTable is memory before any load.
func restTable(b *strings.Builder, all []held) {
	b.WriteString("| target | RSS at rest |\n|---|---|\n")
	for _, h := range all {
		fmt.Fprintf(b, "| %s | %s |\n", h.name, mebibytes(h.before))
	}
	b.WriteString("\n")
}

// heldTable is what idle connections cost.
func heldTable(b *strings.Builder, all []held) {
	b.WriteString("| target | RSS without | RSS with | KiB a connection | CPU meanwhile |\n|---|---|---|---|---|\n")
	for _, h := range all {
		fmt.Fprintf(b, "| %s | %s | %s | %.2f | %.2f ms/s |\n", h.name, mebibytes(h.before), mebibytes(h.with),
			float64(h.with-h.before)/float64(h.conns)/kib, h.idle*1e3)
	}
	b.WriteString("\n")
}

// configurations shows what every server ran with.
func configurations(b *strings.Builder, procs []*process) {
	b.WriteString("### Configurations\n\n")
	for _, p := range procs {
		if p.config == "" {
			continue
		}
		lines := strings.SplitAfter(p.text, "\n")
		text, cut := strings.Join(lines[:min(len(lines), shownLines)], ""), ""
		if len(lines) > shownLines {
			cut = fmt.Sprintf("... and %d lines\n", len(lines)-shownLines)
		}
		fmt.Fprintf(b, "%s, from bench/testdata/%s:\n\n```\n%s%s```\n\n", p.name, p.config, text, cut)
	}
}

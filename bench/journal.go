package main

import (
	"fmt"
	"io"
	"strings"
)

// journal collects what a run finds, and tells it at once: a run that breaks
// off late has still said what it had.
type journal struct {
	live     io.Writer
	text     strings.Builder // the same, for the document
	suite    string
	rows     []row // ratios of all workloads
	rounds   []roundLine
	profiled bool
}

// row is one ratio of the subject beside a peer.
type row struct {
	suite, workload, peer string
	measure               measure
	unit                  unit
	estimate
	goal    float64 // 0 = none
	verdict string
}

// roundLine is one round of one target.
type roundLine struct {
	suite, workload, target string
	proxy                   bool
	round                   int
	sample
}

func (j *journal) write(text string) {
	j.text.WriteString(text)
	_, _ = io.WriteString(j.live, text) // nobody else can be told
}

func (j *journal) begin(s suite, environment string, o options, absent []string) {
	j.suite = s.name
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s; %s of %v kept.\n\n", s.name, environment, plural(o.rounds, "round"), o.length)
	for _, a := range absent {
		fmt.Fprintf(&b, "Not measured: %s.\n\n", a)
	}
	j.write(b.String())
}

func (j *journal) skipped(s suite, reason error) {
	j.write(fmt.Sprintf("## %s\n\nNot measured: %v.\n\n", s.name, reason))
}

func (j *journal) rest(all []held) {
	var b strings.Builder
	restTable(&b, all)
	j.write(b.String())
}

func (j *journal) held(w workload, all []held) {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", w.name)
	heldTable(&b, all)
	j.write(b.String())
}

func (j *journal) workload(w workload, targets []*target, subject string) {
	rows := ratioRows(j.suite, w, targets, subject)
	j.rows = append(j.rows, rows...)
	for _, t := range targets {
		for i, s := range t.samples {
			j.rounds = append(j.rounds, roundLine{j.suite, w.name, t.name, t.proxy, i + 1, s})
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", w.name)
	ratioTable(&b, rows)
	absoluteTable(&b, w, targets)
	if w.counts != nil {
		connsTable(&b, targets)
	}
	j.write(b.String())
}

func (j *journal) configurations(procs []*process) {
	var b strings.Builder
	configurations(&b, procs)
	j.write(b.String())
}

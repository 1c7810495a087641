package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"strings"
)

// The drawing: a line a ratio, its interval as a bar, its median as a dot, its
// goal as a tick. Ratios are on a logarithmic scale, where half and twice are as
// far from 1.
const (
	plotLabels = 210 // width of what stands left of the scale
	plotWidth  = 560 // of the scale
	plotRight  = 150 // of the figures right of it
	plotLine   = 18
	plotTop    = 46
	plotLeast  = 0.1
	plotMost   = 4.0
)

// plot draws the ratios as SVG. It is written by hand: a library would weigh
// more than the 100 lines it takes.
func plot(rows []row) string {
	var body strings.Builder
	y, title := plotTop, ""
	for _, r := range rows {
		if t := r.suite + ": " + r.workload + ", " + r.measure.named(r.unit); t != title {
			title = t
			y += plotLine + 8
			text(&body, 8, y, "title", "start", t)
		}
		y += plotLine
		plotRow(&body, y, r)
	}
	bottom := y + plotLine
	width := plotLabels + plotWidth + plotRight
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d">
<style>
text { font: 12px sans-serif; fill: #222 }
.title { font-weight: bold } .axis { fill: #666 }
.grid { stroke: #ddd } .one { stroke: #888 } .goal { stroke: #c60; stroke-width: 2 }
.met { stroke: #287a3c; fill: #287a3c } .missed { stroke: #b3261e; fill: #b3261e } .other { stroke: #2b5fa8; fill: #2b5fa8 }
.bar { stroke-width: 4; stroke-opacity: 0.45 }
</style>
<rect width="%d" height="%d" fill="#fff"/>
`, width, bottom+plotLine, width, bottom+plotLine, width, bottom+plotLine)
	text(&b, 8, 18, "title", "start", "The sidecar beside each peer: ratio with its 95 % interval")
	text(&b, plotLabels, 18+plotLine, "axis", "start", "orange: the goal; green: met; red: missed; blue: no goal, or not shown")
	for _, x := range []float64{0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 4} {
		class := "grid"
		if x == 1 {
			class = "one"
		}
		vertical(&b, class, plotX(x), plotTop, bottom)
		text(&b, plotX(x), bottom+14, "axis", "middle", fmt.Sprint(x))
	}
	b.WriteString(body.String())
	b.WriteString("</svg>\n")
	return b.String()
}

func plotRow(b *strings.Builder, y int, r row) {
	class := "other"
	switch r.verdict {
	case "met":
		class = "met"
	case "missed":
		class = "missed"
	}
	text(b, plotLabels-8, y, "", "end", r.peer)
	if r.goal > 0 {
		vertical(b, "goal", plotX(r.goal), y-11, y+3)
	}
	fmt.Fprintf(b, `<line class="bar %s" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n", class, plotX(r.low), plotX(r.high), y-4, y-4)
	fmt.Fprintf(b, `<circle class="%s" cx="%d" cy="%d" r="3"/>`+"\n", class, plotX(r.median), y-4)
	text(b, plotLabels+plotWidth+8, y, "", "start", fmt.Sprintf("%.2f (%.2f to %.2f)", r.median, r.low, r.high))
}

// plotX is the place of a ratio; one outside of the scale is at its end.
func plotX(ratio float64) int {
	share := math.Log(max(plotLeast, min(plotMost, ratio))/plotLeast) / math.Log(plotMost/plotLeast)
	return plotLabels + int(math.Round(share*plotWidth))
}

func vertical(b *strings.Builder, class string, x, from, to int) {
	fmt.Fprintf(b, `<line class="%s" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n", class, x, x, from, to)
}

func text(b *strings.Builder, x, y int, class, anchor, s string) {
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="%s">`, class, x, y, anchor)
	_ = xml.EscapeText(b, []byte(s)) // a strings.Builder takes all
	b.WriteString("</text>\n")
}

package main

import (
	"bytes"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	drawingWidth  = 24 * vg.Centimeter
	drawingHeight = 12 * vg.Centimeter
	drawingMargin = 1 * vg.Centimeter
	// dotsWidth is how much of a place's width its dots take.
	dotsWidth = 0.5
)

// drawing is lines, or rows of dots over some places, one a policy. Dots and not
// bars, since a bar has no foot on a logarithmic scale.
type drawing struct {
	name, title, x, y string
	logarithmic       bool
	lines             []series
	dots              []series
	places            []string // what stands under the dots
}

type series struct {
	name   string
	points plotter.XYs
}

// point adds to the line of that name.
func (d *drawing) point(name string, x, y float64) {
	d.lines = extend(d.lines, name, plotter.XY{X: x, Y: y})
}

// dot adds one of a policy at a place.
func (d *drawing) dot(name, place string, y float64) {
	if !slices.Contains(d.places, place) {
		d.places = append(d.places, place)
	}
	d.dots = extend(d.dots, name, plotter.XY{X: float64(slices.Index(d.places, place)), Y: y})
}

func extend(all []series, name string, p plotter.XY) []series {
	i := slices.IndexFunc(all, func(s series) bool { return s.name == name })
	if i < 0 {
		i = len(all)
		all = append(all, series{name: name})
	}
	all[i].points = append(all[i].points, p)
	return all
}

// svg draws it.
func (d *drawing) svg() (string, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = d.title, d.x, d.y
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.Padding = vg.Points(3)
	p.X.Padding, p.Y.Padding = vg.Points(5), vg.Points(5)
	p.Add(plotter.NewGrid())
	if err := d.fill(p); err != nil {
		return "", err
	}
	if d.logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		if len(d.lines) > 0 {
			p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		}
	}
	c := vgsvg.New(drawingWidth, drawingHeight)
	// Labels of the last tick and place stand out to the right of the axis.
	p.Draw(draw.Crop(draw.New(c), 0, -drawingMargin, 0, 0))
	var b bytes.Buffer
	_, err := c.WriteTo(&b)
	return b.String(), err
}

func (d *drawing) fill(p *plot.Plot) error {
	for i, s := range d.lines {
		line, points, err := plotter.NewLinePoints(s.points)
		if err != nil {
			return err
		}
		line.Color, points.Color, points.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		p.Add(line, points)
		p.Legend.Add(s.name, line, points)
	}
	for i, s := range d.dots {
		for j := range s.points {
			s.points[j].X += dotsWidth * (float64(i)/float64(len(d.dots)) - 0.5)
		}
		dots, err := plotter.NewScatter(s.points)
		if err != nil {
			return err
		}
		dots.Color, dots.Shape, dots.Radius = plotutil.Color(i), plotutil.Shape(i), vg.Points(4)
		p.Add(dots)
		p.Legend.Add(s.name, dots)
	}
	if len(d.places) > 0 {
		p.NominalX(d.places...)
	}
	return nil
}

package http1

import (
	"sidecar/wire/http"
)

// asked is how long the client of a request waits for the reply, as its fields
// say: the shortest time counts, and one that is not of its field's form is
// passed on and counts for nothing.
type asked struct {
	ns   int64 // 0 if there is no limit
	n    uint8 // fields understood
	bad  uint8 // fields that were not
	at   [maxAsked]int16
	form [maxAsked]http.Ask
}

// read takes the i-th field of the head b, which is f.
func (a *asked) read(b []byte, i int, f *field) {
	if f.drop { // of this hop alone
		return
	}
	ns, form, ok := http.ReadAsk(f.name, f.valueIn(b))
	switch {
	case !ok || a.n == maxAsked:
		a.bad = min(a.bad+1, 0xff-1)
	case form != http.AskNothing:
		a.at[a.n], a.form[a.n] = int16(i), form
		a.n++
		if a.ns == 0 || ns < a.ns {
			a.ns = ns
		}
	}
}

// drop marks the fields that append says anew.
func (a *asked) drop(fields []field, anew bool) {
	for _, i := range a.at[:a.n] {
		fields[i].drop = anew
	}
}

// append says in each of the fields what is left, but in those that filters
// take away.
func (a *asked) append(out, b []byte, fields []field, o *origin) []byte {
	for k, i := range a.at[:a.n] {
		name := fields[i].nameIn(b)
		if o.ch.drops(name) {
			continue
		}
		out = append(append(out, name...), ": "...)
		out = append(http.AppendAsk(out, a.form[k], o.left), "\r\n"...)
	}
	return out
}

package mux

import (
	"testing"

	"sidecar"
)

// upper is the labels of a payload that names its operation in its first byte.
type upper struct{}

func (upper) Attr(c *Call, sel sidecar.Selector) ([]byte, bool) {
	return c.Payload[:1], sel.Attr == sidecar.AttrOperation
}

func (upper) Class(_ *Call, reply []byte) sidecar.Class {
	if string(reply) == "bad" {
		return sidecar.ClientError
	}
	return sidecar.Success
}

func TestPartsOfADispatch(t *testing.T) {
	c := Call{Dest: []byte("/s"), Payload: []byte("pay"), Contexts: AppendPair(nil, 0, "Key", []byte("val"))}
	attr := func(sel sidecar.Selector) string {
		v, ok := c.Attr(sel)
		if !ok {
			return "-"
		}
		return string(v)
	}
	named := func(name string) string {
		sel, ok := Select(name)
		if !ok {
			return "?"
		}
		return attr(sel)
	}
	op := sidecar.Selector{Attr: sidecar.AttrOperation}
	for _, row := range [][2]string{
		{named("dest"), "/s"}, {named("context:Key"), "val"}, {named("context:key"), "-"}, {named("context:"), "?"}, {named("host"), "?"},
		{attr(op), "/s"}, {attr(sidecar.Selector{Attr: 99}), "-"},
	} {
		if row[0] != row[1] {
			t.Errorf("got %q, want %q", row[0], row[1])
		}
	}
	c.Labels = upper{}
	if got := attr(op); got != "p" {
		t.Errorf("operation %q", got)
	}
}

func TestOnewayIsSentAgainOnlyIfItWasNotExecuted(t *testing.T) {
	for _, once := range []bool{true, false} {
		c := Call{Once: once}
		c.left(&sidecar.Fault{Flags: sidecar.Unsent})
		c.left(&sidecar.Fault{Flags: sidecar.Rejected})
		if !c.Rewind() {
			t.Error("what was not executed cannot be sent again")
		}
		c.left(&sidecar.Fault{})
		c.left(&sidecar.Fault{Flags: sidecar.Unsent})
		if c.Rewind() == once {
			t.Errorf("once %v: may be sent again %v", once, !once)
		}
		if c.Begin(); !c.Rewind() {
			t.Error("the next call is not a new one")
		}
	}
}

func TestClassesOfReplies(t *testing.T) {
	for _, row := range []struct {
		reply  Reply
		labels Labels
		want   sidecar.Class
	}{
		{Reply{}, nil, sidecar.Success},
		{Reply{Payload: []byte("bad")}, upper{}, sidecar.ClientError},
		{Reply{Status: Error, Payload: []byte("bad")}, upper{}, sidecar.Failure},
		{Reply{Status: Nack}, nil, sidecar.Shed},
	} {
		c := Call{Labels: row.labels}
		if got := c.classify(&row.reply); got != row.want || c.Class() != row.want {
			t.Errorf("%+v: %v, want %v", row.reply, got, row.want)
		}
	}
}

package httpthrift

import (
	"testing"

	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// A key that is no string is its JSON as a string, whose quotes are escaped anew
// on each level: a reply of some bytes would become gigabytes.
func TestKeysWithinKeysAreBounded(t *testing.T) {
	const text = "struct Box { 1: optional map<Box, i32> boxes } service Boxes { Box get() }"
	s, err := idl.Load("boxes.thrift", func(string) ([]byte, error) { return []byte(text), nil })
	if err != nil {
		t.Fatal(err)
	}
	const depth = 30
	w := thrift.WriteValues(thrift.Binary, nil)
	w.Field(0, thrift.Field{ID: 0, Type: thrift.WireStruct})
	for range depth {
		w.Field(0, thrift.Field{ID: 1, Type: thrift.WireMap})
		w.Container(thrift.WireMap, thrift.Container{N: 1, Key: thrift.WireStruct, Value: thrift.WireI32})
	}
	w.Stop()
	for range depth {
		w.Int(thrift.WireI32, 1)
		w.Stop()
	}
	w.Stop()
	if _, p := decodeResult(s.Services["Boxes"].Methods["get"], thrift.Binary, w.Bytes(), 1<<20); p != errLarge {
		t.Errorf("got %v", p)
	}
}

package idl

import (
	"strings"
	"testing"

	"sidecar"
	"sidecar/wire/thrift"
)

func TestClassesOfReplies(t *testing.T) {
	c, err := users(t).Classes(map[string]sidecar.Class{"Busy": sidecar.Overload}, sidecar.ClientError)
	if err != nil {
		t.Fatal(err)
	}
	reply := func(p thrift.Protocol, id int16) []byte {
		w := thrift.WriteValues(p, nil)
		w.Field(0, thrift.Field{ID: id, Type: thrift.WireStruct})
		w.Stop()
		w.Stop()
		return w.Bytes()
	}
	for _, row := range []struct {
		name, method string
		id           int16
		want         sidecar.Class
	}{
		{"value", "get", 0, sidecar.Success},
		{"not named", "get", 1, sidecar.ClientError},
		{"named", "get", 2, sidecar.Overload},
		{"by its service", "Users:get", 2, sidecar.Overload},
		{"unknown field", "get", 3, sidecar.Success},
		{"throws nothing", "all", 1, sidecar.Success},
		{"unknown method", "nothing", 1, sidecar.Success},
		{"unknown service", "Others:get", 1, sidecar.Success},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, p := range []thrift.Protocol{thrift.Binary, thrift.Compact} {
				body := reply(p, row.id)
				if got := c.Of([]byte(row.method), p, body); got != row.want {
					t.Errorf("got %v, want %v", got, row.want)
				}
				if got := c.Of([]byte(row.method), p, body[:3]); p == thrift.Binary && got != row.want {
					t.Errorf("by its first bytes: got %v, want %v", got, row.want)
				}
			}
		})
	}
	if got := c.Of([]byte("get"), thrift.Binary, []byte{0}); got != sidecar.Success {
		t.Errorf("nothing returned is %v", got)
	}
}

func TestExceptionsThatNobodyThrowsAreToldOf(t *testing.T) {
	_, err := users(t).Classes(map[string]sidecar.Class{"Bussy": sidecar.Overload}, sidecar.ClientError)
	if err == nil || !strings.Contains(err.Error(), `no method throws "Bussy"; those declared: Busy, NotFound`) {
		t.Errorf("got %v", err)
	}
}

func TestServicesThatDifferAreToldApartByTheirName(t *testing.T) {
	s, err := Load("a", one("a", `exception A {}
exception B {}
service S { void m() throws (1: A a, 2: A b) }
service T { void m() throws (1: A a, 2: B b) }`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Classes(map[string]sidecar.Class{"A": sidecar.Overload}, sidecar.Failure)
	if err != nil {
		t.Fatal(err)
	}
	body := func(id byte) []byte { return []byte{12, 0, id, 0, 0} }
	for method, want := range map[string][2]sidecar.Class{
		"S:m": {sidecar.Overload, sidecar.Overload},
		"T:m": {sidecar.Overload, sidecar.Failure},
		"m":   {sidecar.Overload, sidecar.Success},
	} {
		for i := range want {
			if got := c.Of([]byte(method), thrift.Binary, body(byte(i+1))); got != want[i] {
				t.Errorf("%s, field %d: got %v, want %v", method, i+1, got, want[i])
			}
		}
	}
}

package http

import (
	"strings"
	"testing"
)

func TestCallsInThriftsJSONTellTheirMethod(t *testing.T) {
	for _, row := range []struct{ body, want string }{
		{`[1,"get",1,0,{"1":{"i64":5}}]`, "get"},
		{`[1,"Users:get",4,7,{}]`, "Users:get"},
		{`[1,"get"`, "get"},
		{`[1,"get`, ""},
		{`[1,""`, ""},
		{`[2,"get",1,0,{}]`, ""},
		{`[1,"g\u0065t",1,0,{}]`, ""},
		{"[1,\"g\nt\",1,0,{}]", ""},
		{`{"get": 1}`, ""},
		{"", ""},
		{`[1,"` + strings.Repeat("a", maxCallName) + `"`, strings.Repeat("a", maxCallName)},
		{`[1,"` + strings.Repeat("a", maxCallName+1) + `"`, ""},
	} {
		if got := string(CallName([]byte(row.body))); got != row.want {
			t.Errorf("%.40q: got %q, want %q", row.body, got, row.want)
		}
	}
	for kind, want := range map[string]bool{
		"application/x-thrift": true, "Application/X-Thrift; charset=utf-8": true, "application/vnd.apache.thrift.json": true,
		"application/json": false, "": false,
	} {
		if got := IsCall([]byte(kind)); got != want {
			t.Errorf("%q: %v", kind, got)
		}
	}
}

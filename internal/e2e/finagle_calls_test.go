//go:build conformance

package e2e

import (
	"strconv"
	"strings"
	"testing"

	"sidecar/internal/finagle"
	"sidecar/internal/thrifttest"
)

const mux = "protocol = \"thriftmux\"\n"

// A real Finagle client before the sidecar and a real Finagle server behind it.
func TestFinagleConformance(t *testing.T) {
	for name, maxFrame := range map[string]int{"whole": 0, "fragments of 1000 bytes": 1000} {
		t.Run(name, func(t *testing.T) {
			s := finagle.NewServer(t, "", maxFrame)
			p := start(t, built(t), conf{protocol: "thrift", discover: s.Address, upstream: mux})
			c := finagle.NewClient(t, p.port, maxFrame)
			for _, call := range []struct {
				method    string
				count, at int
				value     string
			}{{"echo", 50_000, 50, "hi"}, {"echo", 200, 8, "x200000"}, {"slow", 500, 100, "50"}} {
				if ok, bad, why := c.Call(call.method, call.count, call.at, call.value); bad != 0 {
					t.Errorf("%s(%s): %d right, %d wrong: %s", call.method, call.value, ok, bad, why)
				}
			}
			if _, _, why := c.Call("boom", 1, 1, "z"); !strings.Contains(why, "exception Internal error processing boom") {
				t.Errorf("the server's own exception became %q", why)
			}
			if _, _, why := c.Call("nack", 1, 1, "z"); !strings.Contains(why, "Nacked") {
				t.Errorf("a nack became %q", why)
			}
			if _, bad, _ := c.Call("never", 1, 1, "z"); bad != 1 {
				t.Error("a call that was given up was answered")
			}
			s.AwaitDiscarded()
			if ok, bad, why := c.Call("echo", 100, 10, "after"); bad != 0 {
				t.Errorf("after it: %d right, %d wrong: %s", ok, bad, why)
			}
		})
	}
}

// A Finagle client before a plain Thrift server: every call leaves in
// another protocol.
func TestFinagleBeforePlainThriftConformance(t *testing.T) {
	kit := thrifttest.New(t)
	framed := thrifttest.Speech{Protocol: "binary", Transport: "framed"}
	for name, u := range map[string]struct {
		speech thrifttest.Speech
		thrift string
	}{
		"framed binary":    {framed, ""},
		"unframed compact": {thrifttest.Speech{Protocol: "compact", Transport: "buffered"}, `thrift = { transport = "unframed", protocol = "compact" }`},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, built(t), conf{protocol: "thrift", discover: kit.Server(t, "python", u.speech), upstream: u.thrift})
			c := finagle.NewClient(t, p.port, 0)
			for _, value := range []string{"hi", "x200000"} {
				if ok, bad, why := c.Call("testString", 200, 8, value); bad != 0 {
					t.Errorf("testString(%s): %d right, %d wrong: %s", value, ok, bad, why)
				}
			}
			if _, _, why := c.Call("nosuch", 1, 1, "z"); !strings.Contains(why, "exception") {
				t.Errorf("a method that there is not became %q", why)
			}
		})
	}
}

// Apache Thrift's own test goes over Mux between two sidecars: the first bridges
// plain Thrift onto it, the second back.
func TestThriftTestOverMuxConformance(t *testing.T) {
	kit := thrifttest.New(t)
	program := built(t)
	for i, server := range []struct {
		speech thrifttest.Speech
		thrift string
	}{
		{thrifttest.Speech{Protocol: "binary", Transport: "framed"}, ""},
		{thrifttest.Speech{Protocol: "compact", Transport: "buffered"}, `thrift = { transport = "unframed", protocol = "compact" }`},
		{thrifttest.Speech{Protocol: "header", Transport: "buffered"}, `thrift = { transport = "header" }`},
	} {
		back := start(t, program, conf{protocol: "thrift", discover: kit.Server(t, "python", server.speech), upstream: server.thrift})
		front := start(t, program, conf{protocol: "thrift", discover: back.port, upstream: mux})
		for _, client := range []struct {
			language string
			speech   thrifttest.Speech
		}{
			{"python", thrifttest.Speech{Protocol: "binary", Transport: "framed"}},
			{"python", thrifttest.Speech{Protocol: "compact", Transport: "buffered"}},
			{"python", thrifttest.Speech{Protocol: "header", Transport: "buffered"}},
			{"java", thrifttest.Speech{Protocol: "compact", Transport: "framed"}},
			{"java", thrifttest.Speech{Protocol: "binary", Transport: "buffered"}},
			{"node", thrifttest.Speech{Protocol: "binary", Transport: "framed"}},
		} {
			t.Run(client.language+" "+client.speech.String()+" to "+server.speech.String()+" "+strconv.Itoa(i), func(t *testing.T) {
				if err := kit.Client(client.language, client.speech, front.port); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

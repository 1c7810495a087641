package resp

import (
	"testing"

	"sidecar"
)

// A client waits for a master's successor, and for nothing that will not come.
func TestWhatNobodyWillChangeIsNotWaitedFor(t *testing.T) {
	refused := &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
	for _, c := range []struct {
		name string
		keys KeyspaceParams
		f    *sidecar.Fault
		want string
	}{
		{"servers that are as they are", KeyspaceParams{}, refused, "connect_refused"},
		{"a cluster that has never answered", KeyspaceParams{Map: AwaitedMap(), Look: func() {}},
			&sidecar.Fault{Stage: sidecar.StagePick, Flags: sidecar.Unsent, Reason: sidecar.NoEndpoints}, "no_endpoints"},
		{"a master that no Sentinel has named", KeyspaceParams{Map: AwaitedMaster("nowhere"), Look: func() {}},
			&sidecar.Fault{Stage: sidecar.StagePick, Flags: sidecar.Unsent, Reason: sidecar.NoEndpoints}, "no_endpoints"},
		{"a password that is wrong", KeyspaceParams{Map: One(Shard{Master: "a:1"}), Look: func() {}},
			&sidecar.Fault{
				Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectFailed,
				Err: &refusal{step: stepAuth, code: WrongPass, text: "WRONGPASS no"},
			}, "connect_failed the backend refuses the sidecar's greeting: AUTH is answered: WRONGPASS no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			h.target.Keys = NewKeyspace(c.keys)
			asked := 0
			h.fail = func(*sidecar.Exchange) error { asked++; return c.f }
			cl := h.client()
			cl.Send(req("GET", "k"))
			cl.Expect("-ERR sidecar: " + c.want)
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

func TestAServerThatHasNoRoomForUsIsWaitedFor(t *testing.T) {
	h := newHarness(t)
	h.target.Keys = NewKeyspace(KeyspaceParams{Map: One(Shard{Master: "a:1"}), Look: func() {}})
	asked := 0
	h.fail = func(*sidecar.Exchange) error {
		if asked++; asked == 1 {
			return (&refusal{step: stepName, code: MaxClients}).fault()
		}
		return nil
	}
	h.say = func(string, []string) string { return "+there\r\n" }
	cl := h.client()
	cl.Send(req("GET", "k"))
	cl.Expect("+there\r\n")
}

package resp

import (
	"testing"

	root "sidecar"
)

func TestErrorsAreReadByTheirCode(t *testing.T) {
	for _, c := range []struct {
		reply  string
		code   Code
		class  root.Class
		notRun bool
	}{
		{"-ERR unknown command\r\n", OtherError, root.ClientError, false},
		{"-WRONGTYPE Operation against a key\r\n", OtherError, root.ClientError, false},
		{"-\r\n", OtherError, root.ClientError, false},
		{"-MOVED 1 a:1\r\n", Moved, root.ClientError, true},
		{"-LOADING Redis is loading the dataset in memory\r\n", Loading, root.Unavailable, true},
		{"-CLUSTERDOWN Hash slot not served\r\n", ClusterDown, root.Unavailable, true},
		{"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", TryAgain, root.Unavailable, true},
		{"-MASTERDOWN Link with MASTER is down\r\n", MasterDown, root.Unavailable, true},
		{"-READONLY You can't write against a read only replica.\r\n", ReadOnly, root.Unavailable, true},
		{"-OOM command not allowed when used memory > 'maxmemory'.\r\n", OOM, root.Overload, true},
		{"-BUSY Redis is busy running a script.\r\n", Busy, root.Overload, true},
		{"-BUSYKEY Target key name already exists.\r\n", OtherError, root.ClientError, false},
		{"-ERR max number of clients reached\r\n", MaxClients, root.Shed, true},
		{"-NOAUTH Authentication required.\r\n", NoAuth, root.Failure, true},
		{"!11\r\nLOADING now\r\n", Loading, root.Unavailable, true},
	} {
		code := CodeOf(ErrorText([]byte(c.reply)))
		if code != c.code || code.Class() != c.class || code.NotRun() != c.notRun {
			t.Errorf("%q: %v, %v, not run %v", c.reply, code, code.Class(), code.NotRun())
		}
	}
	if ClassOf([]byte("$5")) != root.Success || ClassOf([]byte("-LOADING x")) != root.Unavailable {
		t.Error("class of a head")
	}
}

func TestRedirectsNameSlotAndAddress(t *testing.T) {
	for _, c := range []struct {
		text, address string
		slot          int
		ask, ok       bool
	}{
		{"MOVED 3999 127.0.0.1:6381", "127.0.0.1:6381", 3999, false, true},
		{"ASK 0 ::1:6381", "::1:6381", 0, true, true},
		{"MOVED 16383 :6381", ":6381", 16383, false, true},
		{"MOVED 16384 a:1", "", 0, false, false},
		{"MOVED -1 a:1", "", 0, false, false},
		{"MOVED 1 a", "", 0, false, false},
		{"MOVED 1 a:0", "", 0, false, false},
		{"MOVED 1", "", 0, false, false},
		{"ERR 1 a:1", "", 0, false, false},
	} {
		r, ok := ParseRedirect([]byte(c.text))
		if ok != c.ok || r.Slot != c.slot || string(r.Address) != c.address || r.Ask != c.ask {
			t.Errorf("%q: %+v, %v", c.text, r, ok)
		}
	}
}

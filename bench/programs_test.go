package main

import (
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// The backend and the byte copy are part of what is measured: a load that they
// served in part would be a figure of something else.
func TestProgramsOfTestdataServeEveryKindOfRequest(t *testing.T) {
	for _, program := range []string{"cc", "taskset"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program + ": it compiles, or places, the servers")
		}
	}
	var d bed
	t.Cleanup(d.stop)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	v := values{Dir: t.TempDir()}
	backend, err := d.start(t.Context(), http1Backends()[0], clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	v.Backend, v.Endpoints = backend.Address, backend.Endpoints
	copier, err := d.start(t.Context(), byteCopy(), clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*process{backend, copier} {
		for _, w := range []workload{
			{path: "/100", body: 100}, {path: "/16k", body: 16 * kib}, {path: "/1m", body: mib},
			{path: "/100", body: 100, upload: mib},
		} {
			if err := p.answers(t.Context(), w); err != nil {
				t.Errorf("%s, body of %s: %v", p.name, size(w.upload), err)
			}
		}
		got, err := pace(errand{Address: p.Address, Path: "/16k", Body: 16 * kib, Conns: 4, Rate: 2000, Length: 100 * time.Millisecond})
		if err != nil || len(got) != 200 {
			t.Errorf("%s: %d answers on kept connections, %v", p.name, len(got), err)
		}
	}
	for _, address := range backend.Endpoints {
		if err := ask(t.Context(), workload{path: "/100", body: 100}, aim{address: address, upstreams: 1}); err != nil {
			t.Errorf("the backend's endpoint %s: %v", address, err)
		}
	}
}

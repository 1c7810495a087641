package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// exit runs the sidecar's program and returns its exit code and output.
func exit(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	cmd := command("", args...)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), b.String()
}

func TestReadyFromTheFirstAnswerToTheDrain(t *testing.T) {
	b := newBackend(t)
	list := filepath.Join(t.TempDir(), "endpoints.toml")
	p := launch(t, "", conf{admin: freeAddress(t), process: `grace = "20s"`, discover: "file://" + list})
	ask := func(status, code int, why string) {
		t.Helper()
		got, body := p.admin.get("/ready")
		exited, out := exit(t, "ready", "-config", p.path)
		if got != status || exited != code || !strings.Contains(body, why) || !strings.Contains(out, why) && code != 0 {
			t.Errorf("/ready: %d %q, sidecar ready: %d %q; want %d, %d and %q", got, body, exited, out, status, code, why)
		}
	}
	await(t, "the admin port", func() bool { return p.admin.status("/live") == 200 })
	ask(503, 1, "no answer yet")
	if err := os.WriteFile(list, fmt.Appendf(nil, "[[endpoint]]\naddress = %q\n", b.address()), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "ready", func() bool { return p.admin.status("/ready") == 200 })
	ask(200, 0, "ready")
	// A request under way keeps the process until it is told to end at once.
	hung := waiting(t, p, b, "/slow")
	p.signal(syscall.SIGTERM)
	await(t, "drain", func() bool { return p.log.has("draining") })
	ask(503, 1, "draining")
	if r := hung.reply(); r.failure() != "" || !r.last {
		t.Errorf("the request under way got %+v", r)
	}
	hung.close()
	p.wait()
	if code, out := exit(t, "ready", "-config", p.path); code != 1 {
		t.Errorf("sidecar ready without a process: %d %q, want 1", code, out)
	}
}

func TestDrainByTheAdminPort(t *testing.T) {
	b := newBackend(t)
	p := start(t, "", conf{discover: b.address()})
	res, err := p.admin.http.Post("http://"+p.admin.addr+"/drain", "", nil)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%v, %+v", err, res)
	}
	res.Body.Close()
	t.Logf("POST /drain: ended after %v", p.wait().Round(time.Millisecond))
}

func TestProbeAddressHasThreePathsForAnyHost(t *testing.T) {
	b := newBackend(t)
	probe := freeAddress(t)
	start(t, "", conf{discover: b.address(), probe: fmt.Sprintf("probe_address = %q", probe)})
	for path, want := range map[string]int{
		"/ready": 200, "/live": 200, "/metrics": 200,
		"/": 404, "/varz": 404, "/upstreams": 404, "/config": 404, "/why": 404, "/drain": 404, "/help": 404, "/debug/pprof/": 404,
	} {
		req, err := http.NewRequest(http.MethodGet, "http://"+probe+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host, req.Close = "10.1.2.3:9991", true
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, want)
		}
	}
}

func TestCheckTellsAllProblemsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	good := conf{discover: "127.0.0.1:1", upstream: `timeout = "7s"`}.text()
	bad := conf{
		process: `grace = "soon"`, discover: "nowhere://x", upstream: `timeuot = "7s"`,
		listener: "[[listener.route]]\nmatch = { path_prefix = \"/b\" }\nupstream = \"wbe\"",
	}.text()
	for _, c := range []struct {
		name, text string
		code       int
		want       []string
	}{
		{"good", good, 0, []string{`"7s"`, "# default", "config.toml:"}},
		{"four problems", bad, 64, []string{"process.grace", "soon", "nowhere", "did you mean \"timeout\"", "wbe", "config.toml:2:"}},
		{"no TOML", "[process\n", 64, []string{"config.toml:", "not TOML"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out := exit(t, "check", "-config", path)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in: %s", want, out)
				}
			}
			if c.code == 0 {
				return
			}
			if code, _ := exit(t, "run", "-config", path); code != c.code {
				t.Errorf("run: exit code %d, want %d", code, c.code)
			}
		})
	}
	if code, _ := exit(t, "check", "-config", path+".none"); code != 64 {
		t.Errorf("a file that is not there: exit code %d, want 64", code)
	}
}

package daemon

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sidecar/wire/thrift"
)

// thrower is a Thrift backend, framed binary, that answers every call by field 1
// of its result, an empty exception.
func thrower(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				for in := bufio.NewReader(c); throw(in, c) == nil; {
				}
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		work.Wait()
	})
	return ln
}

func throw(in *bufio.Reader, out io.Writer) error {
	head, err := in.Peek(thrift.FrameHead)
	if err != nil {
		return err
	}
	size, _ := thrift.FrameSize(head, 1<<20)
	frame := make([]byte, thrift.FrameHead+size)
	if _, err := io.ReadFull(in, frame); err != nil {
		return err
	}
	call := frame[thrift.FrameHead:]
	h, p := thrift.ParseHead(thrift.Binary, call)
	if p != nil {
		return p
	}
	reply := thrift.AppendHead(thrift.OpenFrame(nil), thrift.Binary, thrift.ReplyType, h.Seq, call[h.Name:h.NameEnd])
	reply = append(reply, 12, 0, 1, 0, 0)
	thrift.CloseFrame(reply, 0)
	_, err = out.Write(reply)
	return err
}

// The file is read again by a reload, though its name is the same: its methods
// and what its exceptions mean are the new ones, on open connections, too.
func TestReloadReadsInterfaceFilesAgain(t *testing.T) {
	dir, backend := t.TempDir(), thrower(t)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure := func(class string) {
		write("c.toml", fmt.Sprintf("[process]\ngrace = \"10ms\"\n[admin]\naddress = \"off\"\n[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:0\"\n"+
			"upstream = \"users\"\n[upstream.users]\nprotocol = \"thrift\"\ndiscover = \"tcp://%s\"\n[upstream.users.retry]\nmax_retries = 0\n"+
			"[upstream.users.thrift]\nidl = \"users.thrift\"\nexceptions = { Bad = %q }\n", backend.Addr(), class))
	}
	configure("client_error")
	write("users.thrift", "exception Bad {}\nservice Users { void a() throws (1: Bad bad) }")
	signals, started, code := make(chan os.Signal, 2), make(chan Running, 1), make(chan int, 1)
	log := &lines{said: make(chan string, 1000)}
	go func() {
		code <- Run(Params{Path: filepath.Join(dir, "c.toml"), Signals: signals, Log: log, Started: func(r Running) { started <- r }})
	}()
	address := (<-started).Listeners["web"].String()
	expect := func(method string, status int, text string) {
		t.Helper()
		if got, body := post(t, "http://"+address+"/Users/"+method); got != status || !strings.Contains(body, text) {
			t.Errorf("%s: got %d %s, want %d %s", method, got, body, status, text)
		}
	}
	expect("a", 400, `"type":"Bad"`)
	expect("b", 404, `service Users has no method \"b\"`)
	write("users.thrift", "exception Bad {}\nservice Users { void b() throws (1: Bad bad) }")
	configure("overload")
	signals <- syscall.SIGHUP
	log.await("configuration reloaded")
	expect("a", 404, "no_route")
	expect("b", 429, `"type":"Bad"`)
	write("users.thrift", "service Users { void")
	signals <- syscall.SIGHUP
	log.await("reload refused")
	expect("b", 429, `"type":"Bad"`)
	signals <- syscall.SIGTERM
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d", got)
	}
}

// lines is a log that can be waited for.
type lines struct{ said chan string }

func (l *lines) Write(b []byte) (int, error) {
	l.said <- string(b)
	return len(b), nil
}

func (l *lines) await(text string) {
	for !strings.Contains(<-l.said, text) {
	}
}

func post(t *testing.T, url string) (int, string) {
	t.Helper()
	return postJSON(t, url, "")
}

func postJSON(t *testing.T, url, text string) (int, string) {
	t.Helper()
	return fetch(t, http.MethodPost, url, text)
}

func fetch(t *testing.T, method, url, text string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestCheckTellsWhatIsWrongWithInterfaceFiles(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "c.toml"), filepath.Join(dir, "users.thrift")
	const head = "[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:0\"\nupstream = \"users\"\n[upstream.users]\n" +
		"protocol = \"thrift\"\ndiscover = \"tcp://127.0.0.1:1\"\n[upstream.users.thrift]\nidl = \"users.thrift\"\n"
	for _, c := range []struct{ name, more, idl, want string }{
		{"good", "exceptions = { E = \"failure\" }", "exception E {}\nservice S {\nvoid m() throws (1: E e)\n}", ""},
		{"types", "", "service S {\nA m()\nB n()\n}", path + `:9: upstream.users.thrift.idl: ` + file + `:2: "A" is no type` + "\n" +
			path + `:9: upstream.users.thrift.idl: ` + file + `:3: "B" is no type`},
		{"syntax", "", "service S {\n}}", file + ":2: "},
		{"exceptions", "exceptions = { F = \"failure\" }", "exception E {}\nservice S { void m() throws (1: E e) }",
			path + `:10: upstream.users.thrift.exceptions: no method throws "F"; those declared: E`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, text := range map[string]string{path: head + c.more, file: c.idl} {
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out, errs strings.Builder
			code := Main([]string{"check", "-config", path}, &out, &errs)
			if (code == exitOK) != (c.want == "") || !strings.Contains(errs.String(), c.want) {
				t.Errorf("code %d: %s", code, &errs)
			}
		})
	}
}

// JSON in, Mux between two listeners of one process, plain Thrift behind.
func TestJSONGoesOverMux(t *testing.T) {
	dir, backend := t.TempDir(), thrower(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	between := free.Addr()
	free.Close()
	for name, text := range map[string]string{
		"users.thrift": "exception Bad {}\nservice Users { void a(1: string s) throws (1: Bad bad) }",
		"c.toml": fmt.Sprintf("[process]\ngrace = \"10ms\"\n[admin]\naddress = \"127.0.0.1:0\"\n"+
			"[[listener]]\nname = \"web\"\naddress = \"127.0.0.1:0\"\nupstream = \"over\"\n"+
			"[[listener]]\nname = \"mux\"\nprotocol = \"thrift\"\naddress = %q\nupstream = \"plain\"\n"+
			"[upstream.over]\nprotocol = \"thriftmux\"\ndiscover = \"tcp://%s\"\nthrift = { idl = \"users.thrift\", exceptions = { Bad = \"overload\" } }\n"+
			"[upstream.plain]\ndiscover = \"tcp://%s\"\n", between, between, backend.Addr()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	signals, started, code := make(chan os.Signal, 2), make(chan Running, 1), make(chan int, 1)
	go func() {
		code <- Run(Params{Path: filepath.Join(dir, "c.toml"), Signals: signals, Log: io.Discard, Started: func(r Running) { started <- r }})
	}()
	running := <-started
	address := running.Listeners["web"].String()
	if _, got := fetch(t, http.MethodGet, "http://"+running.Admin.String()+"/upstreams?upstream=over", ""); !strings.Contains(got, `"protocol": "thriftmux"`) {
		t.Errorf("got %s", got)
	}
	if status, body := post(t, "http://"+address+"/Users/a"); status != 400 || !strings.Contains(body, "s: missing") {
		t.Errorf("got %d %s", status, body)
	}
	for range 3 {
		status, body := postJSON(t, "http://"+address+"/Users/a", `{"s": "x"}`)
		if status != 429 || !strings.Contains(body, `"type":"Bad"`) {
			t.Errorf("got %d %s", status, body)
		}
	}
	signals <- syscall.SIGTERM
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d", got)
	}
}

// Opening a pipe waits until somebody writes to it.
func TestInterfaceFileThatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.thrift")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir, os.DevNull} {
		if _, err := readBounded(path); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

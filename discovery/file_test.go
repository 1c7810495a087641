package discovery

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// bench is a file source under test in virtual time and what it has published.
type bench struct {
	t    *testing.T
	dir  string
	path string
	mu   sync.Mutex // a sleep orders nothing between goroutines
	got  []Update
}

func (b *bench) take(u Update) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, u)
}

// watched runs f with a source of the file "list.json" in a new directory.
func watched(t *testing.T, f func(b *bench)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, dir: dir, path: filepath.Join(dir, "list.json")}
		s, err := Parse("file://list.json", Params{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		start := func() {
			go func() { done <- s.Run(ctx, b.take) }()
		}
		b.write(`["first:1"]`)
		start()
		b.wants("first:1")
		f(b)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
}

func (b *bench) write(data string) {
	b.t.Helper()
	if err := os.WriteFile(b.path, []byte(data), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// next lets one poll pass and returns what was published in it.
func (b *bench) next() []Update {
	time.Sleep(time.Second)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

// wants lets one poll pass; it must have published those addresses, or nothing
// if none are named.
func (b *bench) wants(addresses ...string) {
	b.t.Helper()
	got := b.next()
	if len(addresses) == 0 {
		if len(got) != 0 {
			b.t.Fatalf("published %v, want nothing", got)
		}
		return
	}
	if len(got) != 1 || got[0].Err != nil || len(got[0].Endpoints) != len(addresses) {
		b.t.Fatalf("published %v, want %v", got, addresses)
	}
	for i, a := range addresses {
		if got[0].Endpoints[i].Address != a {
			b.t.Fatalf("published %v, want %v", got, addresses)
		}
	}
}

// fails lets one poll pass; it must have published an error that says that.
func (b *bench) fails(say string) {
	b.t.Helper()
	got := b.next()
	if len(got) != 1 || got[0].Err == nil || got[0].Endpoints != nil || !strings.Contains(got[0].Err.Error(), say) {
		b.t.Fatalf("published %v, want an error that says %q", got, say)
	}
}

func TestFilePublishesEachChangeOnce(t *testing.T) {
	watched(t, func(b *bench) {
		b.wants()
		b.write(`["second:1"]`)
		b.wants("second:1")
		b.wants()
		b.write(`["second:1"]`) // another time, the same content
		b.wants()
		b.write(`["third:1","fourth:1"]`)
		b.wants("third:1", "fourth:1")
	})
}

func TestFileNoticesAnEditOfTheSameSizeAndTime(t *testing.T) {
	watched(t, func(b *bench) {
		b.write(`["aaaaa:1"]`)
		b.must(os.Chtimes(b.path, time.Now(), time.Now()))
		info, err := os.Stat(b.path)
		b.must(err)
		b.wants("aaaaa:1")
		b.write(`["bbbbb:1"]`)
		b.must(os.Chtimes(b.path, info.ModTime(), info.ModTime()))
		b.wants("bbbbb:1")
		// Changed behind the back of a time long past: found in the end.
		old := time.Now().Add(-time.Hour)
		b.must(os.Chtimes(b.path, old, old))
		b.wants()
		b.write(`["ccccc:1"]`)
		b.must(os.Chtimes(b.path, old, old))
		for range fullEvery - 2 {
			b.wants()
		}
		var got []Update
		for range 3 {
			got = append(got, b.next()...)
		}
		if len(got) != 1 || got[0].Endpoints[0].Address != "ccccc:1" {
			b.t.Errorf("published %v after a minute", got)
		}
	})
}

func TestFileFollowsSwappedLinksAndRenames(t *testing.T) {
	watched(t, func(b *bench) {
		old := time.Unix(1, 0)
		for _, v := range []string{"v1", "v2"} { // as ConfigMaps are mounted
			b.must(os.Mkdir(filepath.Join(b.dir, v), 0o700))
			name := filepath.Join(b.dir, v, "list.json")
			b.must(os.WriteFile(name, []byte(`["`+v+`:1"]`), 0o600))
			b.must(os.Chtimes(name, old, old))
			b.must(os.Symlink(v, filepath.Join(b.dir, "tmp")))
			b.must(os.Rename(filepath.Join(b.dir, "tmp"), filepath.Join(b.dir, "data")))
			if v == "v1" {
				b.must(os.Remove(b.path))
				b.must(os.Symlink(filepath.Join("data", "list.json"), b.path))
			}
			b.wants(v + ":1")
			b.wants()
		}
		b.must(os.WriteFile(filepath.Join(b.dir, "new"), []byte(`["renamed:1"]`), 0o600))
		b.must(os.Rename(filepath.Join(b.dir, "new"), b.path))
		b.wants("renamed:1")
	})
}

func TestFileTellsAnErrorOnceAndItsEnd(t *testing.T) {
	watched(t, func(b *bench) {
		b.must(os.Remove(b.path))
		b.fails("no such file")
		b.wants()
		b.wants()
		b.write(`["first:1"]`) // what it was before
		b.wants("first:1")
		b.write(`["first:1","sec`) // half-written
		b.fails(b.path + ":1: the list is cut off")
		b.wants()
		b.write("")
		b.fails(": no text: ")
		b.write(`["first:1","sec`)
		b.fails("cut off")
		b.write(`["first:1","second:1"]`)
		b.wants("first:1", "second:1")
	})
}

func TestFileRefusesWhatIsNoList(t *testing.T) {
	watched(t, func(b *bench) {
		b.must(os.Remove(b.path))
		b.must(os.Mkdir(b.path, 0o700))
		b.fails("not a regular file")
		b.must(os.Remove(b.path))
		b.must(syscall.Mkfifo(b.path, 0o600))
		b.wants() // the same, and no wait for a writer
		b.must(os.Remove(b.path))
		b.write("[" + strings.Repeat(" ", maxFile) + "]")
		b.fails("larger than 4194304 bytes")
		b.write("[" + strings.Repeat(" ", maxFile-2) + "]")
		b.next()
		b.write(`["first:1"]`)
		b.wants("first:1")
	})
}

func TestFileRefusesOneThatChangesWhileItIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, []byte(`["a:1"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`["a:1","b:1"]`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := watch{path: path}
	if data, err := w.readAll(f, before); err == nil || !strings.Contains(err.Error(), "rename it") {
		t.Errorf("got %q, %v", data, err)
	}
}

package redisclients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Suite is Redis' own test suite, of the version that the distribution has.
type Suite struct{ dir string }

// NewSuite gets the source of the distribution's Redis by the distribution's
// own means, once.
func NewSuite(t testing.TB) *Suite {
	t.Helper()
	for _, program := range []string{"tclsh", "apt-get", "redis-server", "redis-cli", "redis-benchmark"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: scripts/install.sh %s", program, program)
		}
	}
	around, err := scripts.ReadFile("testdata/suite/around.tcl")
	if err != nil {
		t.Fatal(err)
	}
	s := &Suite{cached(t, "redis-suite")}
	defer locked(t, s.dir)()
	if _, err := os.Stat(s.path("whole")); err != nil {
		s.unpack(t)
	}
	write(t, s.path("src", "tests", "support", "around.tcl"), around)
	return s
}

func (s *Suite) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *Suite) unpack(t testing.TB) {
	t.Helper()
	for _, dir := range []string{"parts", "lists/partial", "cache/archives/partial", "src"} {
		if err := os.MkdirAll(s.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.ofSources(t)
	write(t, s.path("apt.conf"), []byte(`Dir::State "`+s.dir+`";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "`+s.path("cache")+`";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "`+s.path("parts")+`";
APT::Sandbox::User "root";
`))
	t.Setenv("APT_CONFIG", s.path("apt.conf"))
	run(t, s.dir, "apt-get", "update", "-qq")
	run(t, s.dir, "apt-get", "source", "-qq", "--download-only", "redis")
	found, _ := filepath.Glob(s.path("redis_*.orig.tar.gz"))
	if len(found) == 0 {
		t.Fatal("the source package of redis has no archive")
	}
	run(t, s.dir, "tar", "xzf", found[0], "--strip-components=1", "-C", "src")
	run(t, s.dir, "sh", "-c", "for p in redis-server redis-cli redis-benchmark; do ln -sf $(command -v $p) src/src/$p; done; echo 'source tests/support/around.tcl' >>src/tests/support/redis.tcl")
	write(t, s.path("whole"), nil)
}

// ofSources writes the distribution's own lists of packages as lists of their
// sources. Those of others may have none.
func (s *Suite) ofSources(t testing.TB) {
	t.Helper()
	n := 0
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list.d/ubuntu.sources"} {
		b, err := os.ReadFile(pattern)
		if err != nil {
			continue
		}
		var lines []string
		for line := range strings.Lines(string(b)) {
			if kind, rest, _ := strings.Cut(line, " "); kind == "deb" || kind == "Types:" && strings.TrimSpace(rest) == "deb" {
				line = strings.Replace(line, "deb", "deb-src", 1)
			}
			lines = append(lines, line)
		}
		name := filepath.Base(pattern)
		if name == "sources.list" {
			name = "main.list"
		}
		write(t, s.path("parts", name), []byte(strings.Join(lines, "")))
		n++
	}
	if n == 0 {
		t.Skip("needs the distribution's list of packages: none in /etc/apt is known")
	}
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil { //nolint:gosec // apt reads it as another user
		t.Fatal(err)
	}
}

// Package redisclients runs what applications and operators use with Redis
// against one address: clients in Python, JavaScript, Java, Go and C, Redis' own
// programs, and Redis' own test suite. The checks of each client are in
// testdata. It knows nothing of the sidecar. Tests that use it have the build
// tag conformance: nothing that make test runs may need a download.
package redisclients

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

//go:embed testdata
var scripts embed.FS

// The versions of the clients; those in Java stand in pom.xml.
const (
	redisPy   = "redis==8.1.0"
	nodeRedis = "redis@6.3.1"
	ioredis   = "ioredis@6.0.0"
	goRedis   = "github.com/redis/go-redis/v9@v9.22.0"
	rueidis   = "github.com/redis/rueidis@v1.0.79"
)

// Kit is the clients, ready to be run.
type Kit struct{ dir string }

// New makes the kit in the user's cache, once for each state of its parts: the
// name of the folder has their sum.
func New(t testing.TB) *Kit {
	t.Helper()
	for _, program := range []string{"python3", "node", "npm", "java", "javac", "mvn", "cc", "redis-cli", "redis-benchmark", "redis-server"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: scripts/install.sh %s", program, program)
		}
	}
	if _, err := os.Stat("/usr/include/hiredis/hiredis.h"); err != nil {
		t.Skip("needs hiredis: scripts/install.sh hiredis")
	}
	k := &Kit{cached(t, "redisclients-"+sum(t))}
	defer locked(t, k.dir)()
	if _, err := os.Stat(k.path("whole")); err != nil {
		k.build(t)
	}
	return k
}

// cached is a folder in the user's cache.
func cached(t testing.TB, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "sidecar-conformance", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// locked keeps the test of another package, another process, out of dir until
// the returned function is called.
func locked(t testing.TB, dir string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

func sum(t testing.TB) string {
	t.Helper()
	h := sha256.New()
	for _, v := range []string{redisPy, nodeRedis, ioredis, goRedis, rueidis} {
		h.Write([]byte(v))
	}
	err := fs.WalkDir(scripts, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := scripts.ReadFile(path)
		h.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func (k *Kit) path(parts ...string) string {
	return filepath.Join(append([]string{k.dir}, parts...)...)
}

func (k *Kit) build(t testing.TB) {
	t.Helper()
	testdata, err := fs.Sub(scripts, "testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, half := range []string{"python", "node", "java", "go", "c", "suite"} { // CopyFS overwrites nothing
		if err := os.RemoveAll(k.path(half)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(k.dir, testdata); err != nil {
		t.Fatal(err)
	}
	run(t, k.path("python"), "python3", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore", "--target", "lib", redisPy)
	run(t, k.path("node"), "npm", "install", "--silent", "--no-fund", "--no-audit", nodeRedis, ioredis)
	run(t, k.path("java"), "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
	run(t, k.path("java"), "javac", "-nowarn", "-Xlint:-deprecation", "-cp", "lib/*", "-d", "classes", "Checks.java", "JedisClient.java", "LettuceClient.java")
	run(t, k.path("go"), "go", "mod", "init", "goclients")
	run(t, k.path("go"), "go", "get", goRedis, rueidis)
	run(t, k.path("go"), "go", "build", "-o", "goclients", ".")
	run(t, k.path("c"), "cc", "-O1", "-o", "hiredis", "hiredis_client.c", "-lhiredis")
	if err := os.WriteFile(k.path("whole"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out[max(0, len(out)-4000):])
	}
}

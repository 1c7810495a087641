// Package kafkaclients runs the clients that applications use with Kafka against
// one bootstrap address: in Java, Go, Python, JavaScript and C. The checks of each
// are in testdata. It knows nothing of the sidecar. Tests that use it have the
// build tag conformance: nothing that make test runs may need a download.
package kafkaclients

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

// The versions of the clients.
const (
	javaNew      = "4.3.0"
	javaOld      = "3.9.2"
	kafkaPython  = "kafka-python==3.0.12"
	confluentPy  = "confluent-kafka==2.16.1"
	kafkajs      = "kafkajs@2.2.4"
	franz        = "github.com/twmb/franz-go@v1.22.2"
	kafkago      = "github.com/segmentio/kafka-go@v0.4.51"
	sarama       = "github.com/IBM/sarama@v1.61.1"
	confluentGo  = "github.com/confluentinc/confluent-kafka-go/v2@v2.11.1"
	lastCompiled = "4.3.0" // what Client.java is compiled against
)

// Kit is the clients, ready to be run.
type Kit struct{ dir string }

// New makes the kit in the user's cache, once for each state of its parts: the
// name of the folder has their sum.
func New(t testing.TB) *Kit {
	t.Helper()
	for _, program := range []string{"python3", "node", "npm", "java", "javac", "mvn", "cc", "kcat"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: scripts/install.sh %s", program, program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	k := &Kit{filepath.Join(cache, "sidecar-conformance", "kafkaclients-"+sum(t))}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer locked(t, k.path("lock"))()
	if _, err := os.Stat(k.path("whole")); err != nil {
		k.build(t)
	}
	return k
}

// locked keeps the test of another package, another process, out until the
// returned function is called.
func locked(t testing.TB, path string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
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
	for _, v := range []string{javaNew, javaOld, kafkaPython, confluentPy, kafkajs, franz, kafkago, sarama, confluentGo} {
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
	for _, half := range []string{"python", "node", "java", "go"} { // CopyFS overwrites nothing
		if err := os.RemoveAll(k.path(half)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(k.dir, testdata); err != nil {
		t.Fatal(err)
	}
	run(t, k.path("python"), "python3", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore", "--target", "lib", kafkaPython, confluentPy)
	run(t, k.path("node"), "npm", "install", "--silent", "--no-fund", "--no-audit", kafkajs)
	for _, v := range []string{javaNew, javaOld} {
		run(t, k.path("java"), "mvn", "-q", "-B", "-Dkafka="+v, "dependency:copy-dependencies", "-DoutputDirectory=lib-"+v)
	}
	run(t, k.path("java"), "javac", "-nowarn", "-Xlint:-removal", "-cp", "lib-"+lastCompiled+"/*", "-d", "classes", "Client.java", "ClientShare.java")
	run(t, k.path("go"), "go", "mod", "init", "goclients")
	run(t, k.path("go"), "go", "get", franz, kafkago, sarama, confluentGo)
	run(t, k.path("go"), "go", "mod", "tidy")
	run(t, k.path("go"), "go", "build", "-o", "goclients", ".")
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

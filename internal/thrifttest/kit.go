// Package thrifttest runs Apache Thrift's own cross-language test, ThriftTest,
// as its authors wrote it: servers and clients in Python, Java and Node. They
// come with the Go module's source; the compiler is built from it. It knows
// nothing of the sidecar. Tests that use it have the build tag conformance:
// nothing that make test runs may need a build of that kind (some four minutes
// the first time).
package thrifttest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// version is that of the Go module, and with it of compiler, servers and
// clients.
const version = "v0.25.0"

// Kit is where everything is that the servers and clients need.
type Kit struct{ dir string }

// New makes the kit, once a version.
func New(t testing.TB) *Kit {
	t.Helper()
	for _, program := range []string{"cmake", "flex", "bison", "c++", "python3", "java", "javac", "mvn", "node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: Apache Thrift's own test is built with it", program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	k := &Kit{filepath.Join(cache, "sidecar-conformance", "thrifttest-"+version)}
	if _, err := os.Stat(k.path("whole")); err != nil {
		k.build(t)
	}
	return k
}

func (k *Kit) path(parts ...string) string {
	return filepath.Join(append([]string{k.dir}, parts...)...)
}

func (k *Kit) build(t testing.TB) {
	t.Helper()
	for _, d := range []string{"classes", "node"} {
		if err := os.MkdirAll(k.path(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	src := source(t)
	idl := filepath.Join(src, "test", "ThriftTest.thrift")
	thrift := k.path("compiler", "compiler", "cpp", "bin", "thrift")
	if _, err := os.Stat(thrift); err != nil { // it takes the longest: what is there is kept
		run(t, k.dir, "cmake", "-S", src, "-B", "compiler", "-DBUILD_COMPILER=ON", "-DBUILD_LIBRARIES=OFF", "-DBUILD_TESTING=OFF", "-DBUILD_TUTORIALS=OFF")
		run(t, k.dir, "cmake", "--build", "compiler", "--target", "thrift-compiler", "-j2")
	}
	for _, language := range []string{"py", "js:node", "java:generated_annotations=suppress"} {
		run(t, k.dir, thrift, "--gen", language, "-o", ".", idl)
	}
	k.copy(t, filepath.Join(src, "lib", "py", "src"), "pylib/thrift")
	k.copy(t, filepath.Join(src, "test", "py"), "py")
	k.copy(t, filepath.Join(src, "lib", "nodejs", "test"), "node/test")
	k.copy(t, k.path("gen-nodejs"), "node/test/gen-nodejs")
	run(t, k.path("node"), "npm", "install", "--silent", "--no-fund", "--no-audit", "thrift@0.24", "tape@4", "commander@13", "node-int64", "uuid@11")
	if err := os.WriteFile(k.path("pom.xml"), []byte(pom), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, k.dir, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
	classes, _ := filepath.Glob(k.path("gen-java", "thrift", "test", "*.java"))
	classes = append(classes, filepath.Join(src, "lib", "java", "src", "crossTest", "java", "org", "apache", "thrift", "test", "TestClient.java"))
	run(t, k.dir, "javac", append([]string{"-nowarn", "-cp", "lib/*", "-d", "classes"}, classes...)...)
	if err := os.WriteFile(k.path("whole"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sidecar.test</groupId>
  <artifactId>thrifttest</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.thrift</groupId><artifactId>libthrift</artifactId><version>0.25.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// source is where the go command keeps the module, which is the whole project.
func source(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", "github.com/apache/thrift@"+version).Output()
	if err != nil {
		t.Fatalf("download of github.com/apache/thrift: %v", err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatal(err)
	}
	return module.Dir
}

// copy copies a folder of the module, which is read-only, into the kit.
func (k *Kit) copy(t testing.TB, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(k.path(to)), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, k.dir, "cp", "-rT", "--no-preserve=mode", from, to)
}

func run(t testing.TB, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out[max(0, len(out)-4000):])
	}
}

// Speech is how two of them talk: protocol is binary, compact or header,
// transport framed or buffered (which is unframed).
type Speech struct{ Protocol, Transport string }

func (s Speech) String() string { return s.Transport + "-" + s.Protocol }

func (s Speech) args(port int) []string {
	return []string{"--port=" + strconv.Itoa(port), "--protocol=" + s.Protocol, "--transport=" + s.Transport}
}

package brokers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// DefaultVersion is the Apache Kafka that tests run against unless they name one.
const DefaultVersion = "4.1.2"

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>sidecar</groupId><artifactId>brokers</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>%s</version></dependency>
%s  </dependencies>
</project>
`

// What brokers log by: Kafka 4 wants log4j 2, those before it log4j 1.
const (
	log4j1 = `    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
`
	log4j2 = `    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.24.3</version></dependency>
`
)

// Libs is the folder of the jars of that version of Apache Kafka, which are
// fetched from Maven Central into the user's cache when they are first wanted.
func Libs(t testing.TB, version string) string {
	t.Helper()
	for _, program := range []string{"mvn", "java"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: scripts/install.sh %s", program, program)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "sidecar-conformance", "kafka-"+version)
	lib, whole := filepath.Join(dir, "lib"), filepath.Join(dir, "whole")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	defer locked(t, filepath.Join(dir, "lock"))()
	if _, err := os.Stat(whole); err == nil {
		return lib
	}
	logs := log4j2
	if strings.HasPrefix(version, "3.") || strings.HasPrefix(version, "2.") {
		logs = log4j1
	}
	write(t, filepath.Join(dir, "pom.xml"), fmt.Appendf(nil, pom, version, logs))
	cmd := exec.Command("mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mvn: %v\n%s", err, out)
	}
	write(t, whole, nil)
	return lib
}

// locked keeps other processes out until the returned function is called: the
// tests of several packages may fetch at once.
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

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

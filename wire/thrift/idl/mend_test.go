package idl

import (
	"bytes"
	"testing"
)

func TestWhatTheParserDoesNotKnowIsTakenOut(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "struct A {}", "struct A {}"},
		{"annotation", "namespace xsd a.b (uri = 'x)')\nstruct A {}", "namespace xsd a.b             \nstruct A {}"},
		{"annotation on two lines", "namespace x a (b = 'c',\n d = 'e')\nf", "namespace x a          \n         \nf"},
		{"namespaces without", "namespace x a\nnamespace y b\nservice S { void m(1: i32 a) }", "namespace x a\nnamespace y b\nservice S { void m(1: i32 a) }"},
		{"at the end", "namespace x a", "namespace x a"},
		{"never closed", "namespace x a (b", "namespace x a   "},
		{"reference", "1: A & a, 2: A& b", "1: A   a, 2: A  b"},
		{"comments", "// & namespace x (\n# &\n/* & \n & */ const string a = \"&\\\"&\"", "// & namespace x (\n# &\n/* & \n & */ const string a = \"&\\\"&\""},
		{"open comment", "/* &", "/* &"},
		{"open text", "'&", "'&"},
		{"part of a word", "namespaces (a)", "namespaces (a)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			if got := mended(in); string(got) != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if !bytes.Equal(in, []byte(c.in)) {
				t.Error("the text itself was changed")
			}
		})
	}
}

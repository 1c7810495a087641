package idl

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"sidecar/wire/thrift"
)

func users(t testing.TB) *Schema {
	t.Helper()
	s, err := Load("testdata/users.thrift", os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServicesHaveWhatTheyExtend(t *testing.T) {
	s := users(t)
	if len(s.Services) != 1 || s.Services["Users"] == nil {
		t.Fatalf("services are %v", s.Services)
	}
	if !slices.Equal(s.Files, []string{"testdata/users.thrift", "testdata/shared.thrift"}) {
		t.Errorf("files are %v", s.Files)
	}
	m := s.Services["Users"].Methods
	for _, c := range []struct {
		name    string
		oneway  bool
		args    string
		returns thrift.Wire
		throws  string
	}{
		{"version", false, "", thrift.WireString, ""},
		{"log", true, "1 line", 0, ""},
		{"get", false, "1 id, 2 deep", thrift.WireStruct, "1 missing, 2 busy"},
		{"put", false, "1 user", 0, ""},
		{"all", false, "", thrift.WireList, ""},
		{"sum", false, "1 numbers", thrift.WireI64, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := m[c.name]
			if got == nil || got.Oneway != c.oneway || fields(got.Args.Fields) != c.args {
				t.Fatalf("got %+v", got)
			}
			throws := got.Result.Fields
			if r := got.Returns(); r != nil {
				throws = throws[1:]
				if r.Wire != c.returns {
					t.Errorf("returns %v", r.Wire)
				}
			} else if c.returns != 0 {
				t.Error("returns nothing")
			}
			if fields(throws) != c.throws {
				t.Errorf("throws %s", fields(throws))
			}
		})
	}
}

func fields(fs []*Field) string {
	var all []string
	for _, f := range fs {
		all = append(all, string(rune('0'+f.ID))+" "+f.Name)
	}
	return strings.Join(all, ", ")
}

func TestFieldsHaveTheirTypesAndDefaults(t *testing.T) {
	user := users(t).Services["Users"].Methods["get"].Returns().Struct
	for _, c := range []struct {
		name     string
		wire     thrift.Wire
		presence Presence
		value    string
	}{
		{"id", thrift.WireI64, Required, ""},
		{"name", thrift.WireString, Required, `"nobody"`},
		{"active", thrift.WireBool, Optional, "true"},
		{"level", thrift.WireI32, Default, "5"},
		{"picture", thrift.WireString, Optional, `"cmF3"`},
		{"numbers", thrift.WireSet, Optional, "[1,2]"},
		{"names", thrift.WireMap, Optional, `{"1":"one"}`},
		{"points", thrift.WireMap, Optional, ""},
		{"contact", thrift.WireStruct, Optional, ""},
		{"key", thrift.WireUUID, Optional, ""},
		{"ratio", thrift.WireDouble, Optional, "3"},
		{"tags", thrift.WireList, Optional, `["a","b"]`},
		{"limit", thrift.WireI32, Optional, "10"},
		{"at", thrift.WireStruct, Optional, `{"x":7}`},
		{"levels", thrift.WireMap, Optional, `{"0":true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := user.Named(c.name)
			if f == nil || f.Type.Wire != c.wire || f.Presence != c.presence || string(f.Default) != c.value {
				t.Errorf("got %+v, default %s", f, f.Default)
			}
			if user.Field(f.ID) != f || user.Fields[f.Index] != f {
				t.Errorf("%d is another field", f.ID)
			}
		})
	}
	if k := user.Named("contact").Type.Struct.Kind; k != Union {
		t.Errorf("contact is a %d", k)
	}
	if !user.Named("picture").Type.Binary || user.Named("name").Type.Binary {
		t.Error("text and bytes are taken for each other")
	}
	level := user.Named("level").Type.Enum
	if level.Names[5] != "MIDDLE" || level.Values["ALSO"] != 5 || level.Values["HIGH"] != 6 {
		t.Errorf("level is %+v", level)
	}
	tree := user.Named("tree").Type.Struct
	if tree.Named("children").Type.Elem.Struct != tree || tree.Named("other").Type.Struct != tree {
		t.Error("a struct within itself is another")
	}
}

// What Apache's compiler takes, of what its own tests have.
func TestUnusualFilesAreRead(t *testing.T) {
	s, err := Load("a", one("a", `namespace xsd test (uri = 'http://example.org')
enum E { A, B }
enum F { A = 5, C }
struct from { 1: optional from & next, 2: string delete = "delete from", 3: in end = in.is }
enum in { as, is } // next
struct S {
  1: set<binary> a = {}
  2: map<binary, i32> b = []
  3: F c = E.C
  4: F d = A
  5: i32 e = 0x1f
}
service T { S new(1: from node) }`))
	if err != nil {
		t.Fatal(err)
	}
	m := s.Services["T"].Methods["new"]
	got, from := m.Returns().Struct, m.Args.Named("node").Type.Struct
	if from.Name != "from" || from.Named("next").Type.Struct != from || string(from.Named("delete").Default) != `"delete from"` ||
		string(from.Named("end").Default) != "1" {
		t.Errorf("from is %+v", from)
	}
	for name, want := range map[string]string{"a": "[]", "b": "{}", "c": "6", "d": "5", "e": "31"} {
		if d := got.Named(name).Default; string(d) != want {
			t.Errorf("%s is %s by default, want %s", name, d, want)
		}
	}
}

func TestProblemsHaveTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"syntax", "service S {\n  void m(\n}", []string{"a.thrift:3: "}},
		{"no service", "struct A {}", []string{"a.thrift: no service is defined here"}},
		{"unknown type", "\nservice S { Usr m() }\nstruct usr {}", []string{`a.thrift:2: "Usr" is no type (usr?)`}},
		{"unknown type unused", "service S {}\nstruct A {\n1: B b\n}", []string{`a.thrift:3: "B" is no type`}},
		{"missing include", "include \"b.thrift\"\nservice S {}", []string{"a.thrift:1: include: no such file b.thrift"}},
		{"typedef of itself", "typedef A B\ntypedef B A\nservice S { A m() }", []string{"a.thrift:2: typedef A refers to itself"}},
		{"parent", "service T {}\nservice S extends t {}", []string{`a.thrift:2: service S extends "t", which is no service (T?)`}},
		{"parent of itself", "service S extends S {}", []string{"a.thrift:1: service S extends itself, or more than 32 others"}},
		{"methods", "service S {\nvoid m()\nvoid m()\n}", []string{"a.thrift:3: method S.m is defined twice"}},
		{"throws", "struct A {}\nservice S {\nvoid m() throws (1: A a)\n}", []string{"a.thrift:3: method m throws a, which is no exception"}},
		{"oneway", "service S {\noneway i32 m()\n}", []string{"a.thrift:2: oneway method m has a result or throws: nobody would hear of it"}},
		{"ids", "struct A {\n1: i32 a\n1: i32 b\n}\nservice S {}", []string{"a.thrift:3: fields a and b of A have the same id 1"}},
		{"large id", "struct A {\n70000: i32 a\n}\nservice S {}", []string{"a.thrift:2: id 70000 of field A.a is not of 16 bits"}},
		{"defined twice", "struct A {}\nstruct A {}\nservice S {}", []string{`a.thrift:2: "A" is defined twice`}},
		{"default of another type", "struct A {\n1: i32 a = \"x\"\n}\nservice S {}", []string{"a.thrift:2: default is not of the field's type"}},
		{"default too large", "struct A {\n1: i8 a = 128\n}\nservice S {}", []string{"a.thrift:2: default 128 is beyond the field's type"}},
		{"unknown constant", "struct A {\n1: i8 a = B\n}\nservice S {}", []string{`a.thrift:2: "B" is no constant and no item of an enum`}},
		{"constants of each other", "const i32 A = B\nconst i32 B = A\nstruct C {\n1: i32 a = A\n}\nservice S {}", []string{"constants refer to each other"}},
		{"default of an unknown field", "struct B {}\nstruct A {\n1: B b = {\"c\": 1}\n}\nservice S {}", []string{`a.thrift:3: B has no field "c"`}},
		{"two at once", "struct A {\n1: B b\n2: C c\n}\nservice S {}", []string{`a.thrift:2: "B"`, `a.thrift:3: "C"`}},
		{"deep", "service S { " + strings.Repeat("list<", 40) + "i32" + strings.Repeat(">", 40) + " m() }", []string{"more than 32 types within each other"}},
		{"large", strings.Repeat("#", maxFileSize+1), []string{"a.thrift: larger than 4 MiB"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load("a.thrift", one("a.thrift", c.text))
			var all Problems
			if !errors.As(err, &all) || len(all) < len(c.want) {
				t.Fatalf("got %v", err)
			}
			for i, p := range all {
				if slices.Contains(all[:i], p) {
					t.Errorf("told twice: %v", p)
				}
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

// one reads a single file.
func one(name, text string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if path != name {
			return nil, errors.New("no such file " + path)
		}
		return []byte(text), nil
	}
}

func TestFilesMayIncludeEachOther(t *testing.T) {
	read := func(path string) ([]byte, error) {
		return map[string][]byte{
			"d/a.thrift": []byte("include \"b.thrift\"\nstruct A { 1: optional b.B b }\nservice S { b.B m() }"),
			"d/b.thrift": []byte("include \"a.thrift\"\nstruct B { 1: optional a.A a }"),
		}[path], nil
	}
	s, err := Load("d/a.thrift", read)
	if err != nil {
		t.Fatal(err)
	}
	b := s.Services["S"].Methods["m"].Returns().Struct
	if b.Named("a").Type.Struct.Named("b").Type.Struct != b {
		t.Error("B is not itself")
	}
}

// Whatever the text, Load ends, and what it makes is whole.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"testdata/users.thrift", "testdata/shared.thrift"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Load("a.thrift", func(string) ([]byte, error) { return []byte(text), nil })
		if m := disguised(mended([]byte(text))); strings.Count(string(m), "\n") != strings.Count(text, "\n") {
			t.Fatalf("%q is mended to %q", text, m)
		}
		if err != nil {
			return
		}
		for _, service := range s.Services {
			for name, m := range service.Methods {
				if m.Name != name || m.Args == nil || m.Result == nil {
					t.Fatalf("method %s is %+v", name, m)
				}
				for _, f := range append(slices.Clone(m.Args.Fields), m.Result.Fields...) {
					if f.Type == nil || f.Type.Wire == 0 {
						t.Fatalf("field %s of %s has no type", f.Name, name)
					}
				}
			}
		}
	})
}

package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// places flattens marks to "key:line", in the order of the keys.
func places(m *mark) []string {
	var all []string
	var walk func(string, *mark)
	walk = func(key string, m *mark) {
		if key != "" {
			all = append(all, key+":"+itoa(m.place()))
		}
		for _, name := range slices.Sorted(maps.Keys(m.keys)) {
			walk(joinKey(key, name), m.keys[name])
		}
		for i, item := range m.items {
			walk(itemKey(key, i), item)
		}
	}
	walk("", m)
	return all
}

func itoa(n int) string { return strings.Trim(itemKey("", n), "[]") }

func TestScannerFindsTheLineOfEveryKey(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", ""},
		{"key", "a = 1", "a:1"},
		{"byte order mark", "\ufeffa = 1", "a:1"},
		{"comments and blank lines", "# x = 1\n\n  # [t]\na = 1 # b = 2\n", "a:4"},
		{"line ends of Windows", "a = 1\r\n\r\nb = 2\r\n", "a:1 b:3"},
		{"table", "[t]\na = 1\n[u] # c\na = 2", "t:1 t.a:2 u:3 u.a:4"},
		{"indented, with spaces in the header", "  [ t . u ]\n\ta=1", "t:1 t.u:1 t.u.a:2"},
		{"table after its sub-table", "[t.u]\na = 1\n[t]\nb = 1", "t:3 t.b:4 t.u:1 t.u.a:2"},
		{"dotted key", "a.b.c = 1\na.b.d = 2", "a:1 a.b:1 a.b.c:1 a.b.d:2"},
		{"dotted key with spaces", "a . b\t. c = 1", "a:1 a.b:1 a.b.c:1"},
		{"quoted keys", "\"a.b\" = 1\n'c d' = 2\n\"e\".f = 3", `"a.b":1 "c d":2 e:3 e.f:3`},
		{"quoted keys that look like syntax", `"a = [" = 1` + "\n" + `'#"' = 2`, `"#\"":2 "a = [":1`},
		{"escapes in a quoted key", `"\u0041\"\\" = 1`, `"A\"\\":1`},
		{"quoted header", `[u.op."GET /a]"]` + "\nx = 1", `u:1 u.op:1 u.op."GET /a]":1 u.op."GET /a]".x:2`},
		{"empty key", `"" = 1`, `"":1`},
		{"numbers as keys", "1.2 = 3", "1:1 1.2:1"},
		{"array of tables", "[[l]]\na = 1\n[[l]]\na = 2", "l:1 l[0]:1 l[0].a:2 l[1]:3 l[1].a:4"},
		{
			"arrays of tables in each other",
			"[[l]]\n[[l.r]]\na = 1\n[[l.r]]\na = 2\n[[l]]\n[[l.r]]\na = 3",
			"l:1 l[0]:1 l[0].r:2 l[0].r[0]:2 l[0].r[0].a:3 l[0].r[1]:4 l[0].r[1].a:5 l[1]:6 l[1].r:7 l[1].r[0]:7 l[1].r[0].a:8",
		},
		{"table in an array of tables", "[[l]]\n[l.m]\na = 1\n[[l]]\n[l.m.n]", "l:1 l[0]:1 l[0].m:2 l[0].m.a:3 l[1]:4 l[1].m:5 l[1].m.n:5"},
		{"array", "a = [1, \"x,]\", 3]\nb = 1", "a:1 a[0]:1 a[1]:1 a[2]:1 b:2"},
		{"array over lines", "a = [ # ]\n  1,\n\n  2, # x\n]\nb = 1", "a:1 a[0]:2 a[1]:4 b:6"},
		{"empty arrays", "a = []\nb = [\n]\nc = [[], [1]]", "a:1 b:2 c:4 c[0]:4 c[1]:4 c[1][0]:4"},
		{"inline table", "a = { b = 1, c.d = \"}\", \"e f\" = [1] }\ng = 1", `a:1 a.b:1 a.c:1 a.c.d:1 a."e f":1 a."e f"[0]:1 g:2`},
		{"empty inline table", "a = {}\nb = 1", "a:1 b:2"},
		{"inline table over lines", "a = {\n  b = 1, # }\n  c = 2,\n}\nd = 1", "a:1 a.b:2 a.c:3 d:5"},
		{"inline tables in an array", "l = [\n  { a = 1 },\n  { a = 2 },\n]", "l:1 l[0]:2 l[0].a:2 l[1]:3 l[1].a:3"},
		{"strings that look like syntax", `a = "b = 1 # [x]"` + "\n" + `c = '[d]\'` + "\ne = 1", "a:1 c:2 e:3"},
		{"escaped quotes", `a = "\"\\" # "` + "\nb = 1", "a:1 b:2"},
		{"multi-line string", "a = \"\"\"\n[t]\nb = 1 \\\"\"\" # x\n\"\"\"\nc = 1", "a:1 c:5"},
		{"line end escaped", "a = \"\"\"x\\\n  y\"\"\"\nb = 1", "a:1 b:3"},
		{"quotes before the end", "a = \"\"\"x\"\"\"\"\"\nb = '''\n''''\nc = 1", "a:1 b:2 c:4"},
		{"multi-line literal", "a = '''\nb = 1\\'''\nc = 1", "a:1 c:3"},
		{"dates", "a = 1979-05-27 07:32:00Z # x\nb = [1979-05-27, 07:32:00]\nc = 1", "a:1 b:2 b[0]:2 b[1]:2 c:3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, deep := scan(c.src)
			if got := strings.Join(places(root), " "); got != c.want || deep != 0 {
				t.Errorf("got  %s\nwant %s\ndeep %d", got, c.want, deep)
			}
			if missing := unmarked(t, c.src); missing != "" {
				t.Errorf("the decoder finds %s, which the scanner has not marked", missing)
			}
		})
	}
}

func TestScannerEndsWhereNestingIsTooDeep(t *testing.T) {
	for _, c := range []struct {
		name, src string
		deep      int
	}{
		{"arrays", "a = 1\nb = " + strings.Repeat("[", 1<<20), 2},
		{"inline tables", "a = 1\n\nb = " + strings.Repeat("{a=", 1<<18), 3},
		{"dotted key", strings.Repeat("a.", 1<<19) + "a = 1", 1},
		{"header", "\n[" + strings.Repeat("a.", 1<<19) + "a]", 2},
		{"as deep as allowed", "a = " + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), 0},
		{"as many names as allowed", strings.Repeat("a.", maxNames-1) + "a = 1", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, deep := scan(c.src); deep != c.deep {
				t.Errorf("too deep on line %d, want %d", deep, c.deep)
			}
		})
	}
}

func TestScannerGetsThroughWhatIsNotTOML(t *testing.T) {
	for _, src := range []string{
		"[", "[[", "[]", "[[]]", "]", "=", ".", "a", "a.", "a = ", "a = [", "a = [}", "a = {", "a = {]", "a = {,,", "\"", "\"\\", "'", "a = \"x\nb = 1",
		"a = \"\"\"", "a = \"\"\"\\", "[a\nb = 1", "[[a]\n[a.b]", "a = [=]", "a = {=}", "\x00", "a = [1\n[b]\n", "{", "}", ",",
	} {
		scan(src) // and returns
	}
}

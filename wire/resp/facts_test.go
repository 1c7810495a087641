package resp

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The file of facts is a real server's, but for commands that this one does not
// have: their lines are kept.
func TestFactsAreThoseOfARealServer(t *testing.T) {
	k := dialRedis(t, startRedis(t, false))
	list, _ := value(t, k.do("COMMAND"))
	docs, _ := value(t, k.do("COMMAND", "DOCS"))
	lines := map[string]string{}
	for line := range strings.Lines(factsText) {
		name, _, _ := strings.Cut(line, "\t")
		lines[name] = line
	}
	told := map[string]string{}
	groups := groupsOf(docs)
	var walk func(any)
	walk = func(entry any) {
		e := entry.([]any)
		name := e[0].(string)
		told[name] = name + "\t" + groups[name] + "\t" + joined(e[2]) + "\t" + joined(e[6]) + "\t" + joined(e[7]) + "\t" + specsText(t, e[8]) + "\n"
		for _, s := range e[9].([]any) {
			walk(s)
		}
	}
	for _, entry := range list.([]any) {
		walk(entry)
	}
	var all strings.Builder
	for i := range commands {
		name := commands[i].Name
		line := told[name]
		if line == "" {
			line = lines[name]
		}
		if line == "" {
			t.Errorf("%s has no facts", name)
		}
		if lines[name] != line {
			t.Errorf("%s: %q, Redis says %q", name, lines[name], line)
		}
		all.WriteString(line)
	}
	if *update {
		if err := os.WriteFile("facts.txt", []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func joined(v any) string {
	var list []string
	for _, one := range v.([]any) {
		list = append(list, strings.TrimPrefix(one.(string), "@"))
	}
	return strings.Join(list, " ")
}

// groupsOf are group and age of each command, out of COMMAND DOCS.
func groupsOf(docs any) map[string]string {
	groups := map[string]string{}
	list := docs.([]any)
	for i := 0; i+1 < len(list); i += 2 {
		facts := pairsOf(list[i+1])
		groups[list[i].(string)] = facts["since"].(string) + "\t" + facts["group"].(string)
		if subs, ok := facts["subcommands"]; ok {
			for name, group := range groupsOf(subs) {
				groups[name] = group
			}
		}
	}
	return groups
}

func pairsOf(v any) map[string]any {
	list := v.([]any)
	pairs := map[string]any{}
	for i := 0; i+1 < len(list); i += 2 {
		pairs[list[i].(string)] = list[i+1]
	}
	return pairs
}

// specsText is a command's key specifications in the form of the file, without
// notes.
func specsText(t *testing.T, v any) string {
	var list []string
	for _, one := range v.([]any) {
		spec := pairsOf(one)
		text := joined(spec["flags"])
		for _, part := range []string{"begin_search", "find_keys"} {
			p := pairsOf(spec[part])
			facts := pairsOf(p["spec"])
			text += "|" + p["type"].(string)
			for _, name := range specNames[p["type"].(string)] {
				text += fmt.Sprintf(",%v", facts[name])
			}
		}
		if strings.ContainsAny(text, ";\t\n") || strings.Count(text, "|") > 2 {
			t.Errorf("%q has a separator", text)
		}
		list = append(list, text)
	}
	return strings.Join(list, ";")
}

func TestFactsAreWhole(t *testing.T) {
	for i := range commands {
		f := factsOf(&commands[i])
		if f.since == "" || f.group == "" || len(f.categories) == 0 {
			t.Errorf("%s: %+v", commands[i].Name, f)
		}
		for _, c := range f.categories {
			if !slices.Contains(categoryNames[:], c) {
				t.Errorf("%s: no category %s", commands[i].Name, c)
			}
		}
	}
}

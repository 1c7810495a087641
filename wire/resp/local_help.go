package resp

import "strings"

// appendHelp writes the HELP of a command with subcommands, in the form of
// Redis': those that are not refused, and what is done with each.
func appendHelp(dst []byte, name string) []byte {
	var lines []string
	for i := range commands {
		r := &commands[i]
		container, sub := r.words()
		if container != name || sub == "" || sub == "help" || r.Treatment == Refuse {
			continue
		}
		lines = append(lines, strings.ToUpper(sub), "    "+r.Treatment.String()+".")
	}
	dst = AppendArray(dst, len(lines)+3)
	dst = AppendSimple(dst, strings.ToUpper(name)+" <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, line := range append(lines, "HELP", "    Prints this help.") {
		dst = AppendSimple(dst, line)
	}
	return dst
}

// words are the command's name and its subcommand's, "" without.
func (r *Row) words() (name, sub string) {
	name, sub, _ = strings.Cut(r.Name, "|")
	return name, sub
}

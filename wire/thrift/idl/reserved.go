package idl

import (
	"strings"

	"go.uber.org/thriftrw/ast"
)

// reserved are the names that the parser refuses, as Apache's compiler did of
// old: words of the languages that it generates. They are ordinary names of
// fields and methods in younger files.
const reserved = " BEGIN END __CLASS__ __DIR__ __FILE__ __FUNCTION__ __LINE__ __METHOD__ __NAMESPACE__ abstract alias and args as " +
	"assert begin break case catch class clone continue declare def default del delete do dynamic elif else elseif elsif end " +
	"enddeclare endfor endforeach endif endswitch endwhile ensure except exec finally float for foreach from function global " +
	"goto if implements import in inline instanceof interface is lambda module native new next nil not or package pass public " +
	"print private protected raise redo rescue retry register return self sizeof static super switch synchronized then this " +
	"throw transient try undef unless unsigned until use var virtual volatile when while with xor yield "

// disguise is what stands behind such a name while it goes through the parser.
const disguise = "__as_it_is"

// disguised is the text with those names disguised.
func disguised(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); {
		n := skipped(text[i:])
		if n == 0 && isWord(text[i]) {
			n = wordLen(text[i:])
			out = append(out, text[i:i+n]...)
			if strings.Contains(reserved, " "+string(text[i:i+n])+" ") {
				out = append(out, disguise...)
			}
			i += n
			continue
		}
		n = max(n, 1)
		out = append(out, text[i:i+n]...)
		i += n
	}
	return out
}

// plain is a name as it stood in the text.
func plain(name string) string { return strings.TrimSuffix(name, disguise) }

// unveil gives all that the program defines its name as it stood in the text.
// References are values of the tree, and so are plain where they are looked up.
func unveil(program *ast.Program) {
	ast.Walk(ast.VisitorFunc(func(_ ast.Walker, n ast.Node) {
		switch n := n.(type) {
		case *ast.Constant:
			n.Name = plain(n.Name)
		case *ast.Typedef:
			n.Name = plain(n.Name)
		case *ast.Enum:
			n.Name = plain(n.Name)
		case *ast.EnumItem:
			n.Name = plain(n.Name)
		case *ast.Struct:
			n.Name = plain(n.Name)
		case *ast.Service:
			n.Name = plain(n.Name)
			if n.Parent != nil {
				n.Parent.Name = plain(n.Parent.Name)
			}
		case *ast.Function:
			n.Name = plain(n.Name)
		case *ast.Field:
			n.Name = plain(n.Name)
		}
	}), program)
}

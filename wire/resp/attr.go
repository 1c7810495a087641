package resp

import "sidecar"

// The parts of a command by which it is routed and named.
const (
	attrCommand = sidecar.AttrProtocol + iota
	attrKey
	attrClient
)

// Select is the selector of a part's name: "command" (in lower case), "key" (the
// first one) and "client" (the address without its port). false if there is no
// such part.
func Select(name string) (sidecar.Selector, bool) {
	switch name {
	case "command":
		return sidecar.Selector{Attr: attrCommand}, true
	case "key":
		return sidecar.Selector{Attr: attrKey}, true
	case "client":
		return sidecar.Selector{Attr: attrClient}, true
	}
	return sidecar.Selector{}, false
}

func attrOf(sel sidecar.Selector, row *Row, key, client []byte) ([]byte, bool) {
	switch sel.Attr {
	case sidecar.AttrOperation, sidecar.AttrOpName, attrCommand:
		if row == nil {
			return nil, false
		}
		return names[row.Index()], true
	case attrKey:
		return key, key != nil
	case attrClient:
		return client, client != nil
	}
	return nil, false
}

// names are those of the rows, as attributes are given.
var names = namesOf(commands)

func namesOf(rows []Row) [][]byte {
	list := make([][]byte, len(rows)+1)
	list[len(rows)] = []byte("other")
	for i := range rows {
		list[i] = []byte(rows[i].Name)
	}
	return list
}

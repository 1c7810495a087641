package resp

import "sidecar"

// The parts of a command by which it is routed and named.
const (
	attrCommand = sidecar.AttrProtocol + iota
	attrKey
	attrClient
	attrToldKey
)

// Select is the selector of a part's name: "command" (in lower case), "key" (the
// first one), "client" (the address without its port) and "told_key", the key as
// people are told of it. false if there is no such part.
func Select(name string) (sidecar.Selector, bool) {
	switch name {
	case "command":
		return sidecar.Selector{Attr: attrCommand}, true
	case "key":
		return sidecar.Selector{Attr: attrKey}, true
	case "client":
		return sidecar.Selector{Attr: attrClient}, true
	case "told_key":
		return sidecar.Selector{Attr: attrToldKey}, true
	}
	return sidecar.Selector{}, false
}

// maxToldKey is how many bytes of a key people are told: enough to find it by.
const maxToldKey = 64

func attrOf(sel sidecar.Selector, row *Row, key, client []byte, to *Target) ([]byte, bool) {
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
	case attrToldKey:
		if key == nil || to != nil && to.MaskKeys {
			return nil, false
		}
		return key[:min(len(key), maxToldKey)], true
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

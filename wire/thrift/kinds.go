package thrift

// Wire is the type of a value, numbered as the binary protocol does.
type Wire uint8

// The types of values.
const (
	WireStop   Wire = 0 // the end of a struct, and the types of an empty map in the compact protocol
	WireBool   Wire = 2
	WireByte   Wire = 3
	WireDouble Wire = 4
	WireI16    Wire = 6
	WireI32    Wire = 8
	WireI64    Wire = 10
	WireString Wire = 11
	WireStruct Wire = 12
	WireMap    Wire = 13
	WireSet    Wire = 14
	WireList   Wire = 15
	WireUUID   Wire = 16
)

// The types of the compact protocol that fields and elements have for a bool.
const (
	compactTrue  = 1
	compactFalse = 2
)

// The tables between the two protocols' numbers; 0xff is no type. Strings,
// because these cannot be changed.
const (
	fromCompact = "\x00\x02\x02\x03\x06\x08\x0a\x04\x0b\x0f\x0e\x0d\x0c\x10\xff\xff"
	toCompact   = "\x00\xff\x01\x03\x07\xff\x04\xff\x05\xff\x06\x08\x0c\x0b\x0a\x09\x0d"
	// The fewest bytes that a value of a type takes, 0 for what is no type.
	leastBinary  = "\x00\x00\x01\x01\x08\x00\x02\x00\x04\x00\x08\x04\x01\x06\x05\x05\x10"
	leastCompact = "\x00\x00\x01\x01\x08\x00\x01\x00\x01\x00\x01\x01\x01\x01\x01\x01\x10"
	// The bytes of a type whose values are all as long, else 0.
	fixedBinary  = "\x00\x00\x01\x01\x08\x00\x02\x00\x04\x00\x08\x00\x00\x00\x00\x00\x10"
	fixedCompact = "\x00\x00\x01\x01\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"
)

// compactWire is the type whose number in the compact protocol is the low four
// bits of c.
func compactWire(c byte) Wire { return Wire(fromCompact[c&0x0f]) }

// of is t's entry in one of the tables by type.
func (t Wire) of(table string) int {
	if int(t) < len(table) {
		return int(table[t])
	}
	return 0
}

// fixedIn is the table of lengths in p.
func fixedIn(p Protocol) string {
	if p == Compact {
		return fixedCompact
	}
	return fixedBinary
}

// bits is how wide an integer of type t is.
func (t Wire) bits() int {
	switch t {
	case WireI16:
		return 16
	case WireI32:
		return 32
	default:
		return 64
	}
}

// known tells whether t is the type of a value.
func (t Wire) known() *Problem {
	if t.of(leastBinary) == 0 {
		return errFieldType
	}
	return nil
}

package httpthrift

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// scalar writes a value that is one token.
func (e *encoder) scalar(t *idl.Type, v json.Token) *problem {
	switch t.Wire {
	case thrift.WireBool:
		if b, ok := v.(bool); ok {
			e.w.Bool(b)
			return nil
		}
		return e.bad("expected true or false, got %s", named(v))
	case thrift.WireDouble:
		return e.double(v)
	case thrift.WireString:
		return e.text(t, v)
	case thrift.WireUUID:
		return e.uuid(v)
	}
	if name, ok := v.(string); ok && t.Enum != nil {
		n, known := t.Enum.Values[name]
		if !known {
			return e.bad("%s is no %s", shown(name), t.Enum.Name)
		}
		e.w.Int(t.Wire, int64(n))
		return nil
	}
	return e.integer(t, v)
}

func (e *encoder) integer(t *idl.Type, v json.Token) *problem {
	bits := bitsOf(t.Wire)
	number, ok := v.(json.Number)
	n, err := strconv.ParseInt(string(number), 10, bits)
	if !ok || err != nil {
		return e.bad("expected a whole number of %d bits, got %s", bits, named(v))
	}
	e.w.Int(t.Wire, n)
	return nil
}

func bitsOf(t thrift.Wire) int {
	switch t {
	case thrift.WireByte:
		return 8
	case thrift.WireI16:
		return 16
	case thrift.WireI32:
		return 32
	default:
		return 64
	}
}

func (e *encoder) double(v json.Token) *problem {
	var f float64
	switch v := v.(type) {
	case json.Number:
		var err error
		if f, err = strconv.ParseFloat(string(v), 64); err != nil {
			return e.bad("%s is beyond a double", shown(string(v)))
		}
	case string:
		switch v {
		case "NaN":
			f = math.NaN()
		case "Infinity":
			f = math.Inf(1)
		case "-Infinity":
			f = math.Inf(-1)
		default:
			return e.bad(`expected a number, "NaN", "Infinity" or "-Infinity", got %s`, shown(v))
		}
	default:
		return e.bad("expected a number, got %s", named(v))
	}
	e.w.Double(math.Float64bits(f))
	return nil
}

func (e *encoder) text(t *idl.Type, v json.Token) *problem {
	s, ok := v.(string)
	switch {
	case !ok:
		return e.bad("expected a string, got %s", named(v))
	case !t.Binary:
		e.w.String([]byte(s))
		return nil
	}
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return e.bad("expected bytes in base64, got %s", shown(s))
	}
	e.w.String(b)
	return nil
}

func (e *encoder) uuid(v json.Token) *problem {
	s, _ := v.(string)
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return e.bad("expected a uuid as 8-4-4-4-12 hexadecimal digits, got %s", named(v))
	}
	e.w.UUID(b)
	return nil
}

// named is what stands where something else was expected.
func named(v json.Token) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return fmt.Sprintf("%.*s", maxTold, string(v))
	case string:
		return shown(v)
	case json.Delim:
		if v == '[' {
			return "an array"
		}
	}
	return "an object"
}

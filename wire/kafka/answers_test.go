package kafka

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// village is a Places whose node N is "here-N" at port 9000+N%1000, but for every
// fifth node, which has no place.
type village struct{ learnt map[int32]string }

func (v village) Learn(node int32, host []byte, port int32) {
	if v.learnt != nil {
		v.learnt[node] = fmt.Sprintf("%s:%d", host, port)
	}
}

func (v village) Place(node int32) (string, int32, bool) {
	if node%5 == 0 {
		return "", 0, false
	}
	return placeNames[node%int32(len(placeNames))], 9000 + node%1000, true
}

var placeNames = [...]string{"here", "127.92.0.1", strings.Repeat("x", 130), "a"}

// codec is one kind of answer that names brokers.
type codec struct {
	key            int16
	most, flexible int16
	hint           int16 // the first version that has hints as a tagged field, 0 if none
}

var rewrittenAnswers = []codec{
	{key: KeyProduce, most: 13, flexible: 9, hint: 10},
	{key: KeyFetch, most: 18, flexible: 12, hint: 16},
	{key: KeyMetadata, most: 13, flexible: 9},
	{key: KeyFindCoordinator, most: 6, flexible: 3},
	{key: KeyDescribeCluster, most: 2},
	{key: KeyShareFetch, most: 2},
	{key: KeyShareAcknowledge, most: 2},
}

// frameOf is the whole answer that m is.
func frameOf(m kmsg.Response, flexible bool, headTags []byte) []byte {
	b := make([]byte, AnswerHead, 512)
	binary.BigEndian.PutUint32(b[4:], 77)
	if flexible {
		b = append(b, headTags...)
	}
	b = m.AppendTo(b)
	binary.BigEndian.PutUint32(b, uint32(len(b)-SizeLen))
	return b
}

// bodyOf decodes a whole answer; nil if it does not decode.
func bodyOf(key, version int16, flexible bool, frame []byte) kmsg.Response {
	m := kmsg.ResponseForKey(key)
	m.SetVersion(version)
	c := cursor{b: frame, at: AnswerHead}
	if c.tags(flexible); c.bad || m.ReadFrom(frame[c.at:]) != nil {
		return nil
	}
	return m
}

// randomAnswer fills an answer with what may stand in it: nulls, empty strings and
// lists, nodes without an id or an address, tagged fields that nobody knows.
func randomAnswer(r *rand.Rand, key, version int16) kmsg.Response {
	m := kmsg.ResponseForKey(key)
	m.SetVersion(version)
	randomValue(r, reflect.ValueOf(m).Elem(), "")
	m.SetVersion(version)
	return m
}

func randomValue(r *rand.Rand, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		if t, ok := v.Addr().Interface().(*kmsg.Tags); ok {
			for range max(0, r.IntN(4)-1) {
				t.Set(uint32(1000+r.IntN(100_000)), []byte(randomText(r)))
			}
			return
		}
		for i := range v.NumField() {
			randomValue(r, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if r.IntN(4) > 0 {
				v.SetBytes([]byte(strings.Repeat(randomText(r), r.IntN(4))))
			}
			return
		}
		n := r.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			randomValue(r, v.Index(i), name)
		}
	case reflect.Array:
		for i := range v.Len() {
			randomValue(r, v.Index(i), name)
		}
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			randomValue(r, v.Elem(), name)
		}
	case reflect.String:
		s := randomText(r)
		if name == "Host" && s != "" {
			s = "secret" + s
		}
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(r.IntN(2) > 0)
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Int64N(300) - 8)
	}
}

func randomText(r *rand.Rand) string {
	return strings.Repeat(string(rune('a'+r.IntN(26))), []int{0, 1, 7, 126, 127, 128, 300}[r.IntN(7)])
}

// brokersOf calls f with the lists of brokers in m, each a pointer to a slice of
// structs with NodeID, Host and Port.
func brokersOf(m kmsg.Response, f func(list reflect.Value)) {
	for _, name := range []string{"Brokers", "NodeEndpoints"} {
		if v := reflect.ValueOf(m).Elem().FieldByName(name); v.IsValid() {
			f(v)
		}
	}
}

// patch does to a decoded answer what Rewrite does to its bytes.
func patch(m kmsg.Response, p Places) {
	brokersOf(m, func(list reflect.Value) {
		kept := reflect.MakeSlice(list.Type(), 0, list.Len())
		for i := range list.Len() {
			b := list.Index(i)
			if host := b.FieldByName("Host"); host.String() != "" {
				place, port, ok := findPlace(p, int32(b.FieldByName("NodeID").Int()), []byte(host.String()), int32(b.FieldByName("Port").Int()))
				if !ok {
					continue
				}
				host.SetString(place)
				b.FieldByName("Port").SetInt(int64(port))
			}
			kept = reflect.Append(kept, b)
		}
		list.Set(kept)
	})
	find, ok := m.(*kmsg.FindCoordinatorResponse)
	if !ok {
		return
	}
	patchCoordinator(&find.NodeID, &find.Host, &find.Port, &find.ErrorCode, p)
	for i := range find.Coordinators {
		c := &find.Coordinators[i]
		patchCoordinator(&c.NodeID, &c.Host, &c.Port, &c.ErrorCode, p)
	}
}

func patchCoordinator(node *int32, host *string, port *int32, code *int16, p Places) {
	if *host == "" {
		return
	}
	place, placePort, ok := findPlace(p, *node, []byte(*host), *port)
	if !ok {
		*node, *host, *port, *code = -1, "", -1, notAvailable
		return
	}
	*host, *port = place, placePort
}

package resp

import (
	"strconv"
	"testing"
)

func TestScanGoesThroughRealShardsToTheirEnd(t *testing.T) {
	var shards []*talk
	for range 3 {
		shards = append(shards, dialRedis(t, startRedis(t, false)))
	}
	for i := range 500 {
		shards[i%2*2].do("SET", "key"+strconv.Itoa(i), "v") // the second is empty
	}
	seen := map[string]bool{}
	cursor := "0"
	for range 1000 {
		b, args := spansOf(t, "SCAN", cursor, "COUNT", "7")
		c, ok := ParseScanCursor(args[1].Of(b), len(shards))
		if !ok {
			t.Fatal(cursor)
		}
		k := shards[c.Shard]
		k.c.Write(c.AppendScan(nil, b, args))
		reply, p := c.JoinScan(nil, k.reply(), len(shards))
		if p != nil {
			t.Fatal(p)
		}
		v, _ := value(t, reply)
		for _, key := range v.([]any)[1].([]any) {
			seen[key.(string)] = true
		}
		if cursor = v.([]any)[0].(string); cursor == "0" {
			break
		}
	}
	if len(seen) != 500 || cursor != "0" {
		t.Errorf("%d keys, at %s", len(seen), cursor)
	}
}

func TestScanPassesErrorsAndRefusesWhatIsNoReplyToIt(t *testing.T) {
	for in, want := range map[string]string{
		"-LOADING x\r\n":                              "-LOADING x\r\n",
		"*2\r\n$1\r\n5\r\n*0\r\n":                     "*2\r\n$2\r\n16\r\n*0\r\n",
		"*2\r\n$1\r\n0\r\n*0\r\n":                     "*2\r\n$1\r\n2\r\n*0\r\n",
		"*2\r\n$20\r\n18446744073709551615\r\n*0\r\n": "problem",
		"*2\r\n$1\r\nx\r\n*0\r\n":                     "problem",
		"*2\r\n$-1\r\n*0\r\n":                         "problem",
		"*1\r\n$1\r\n0\r\n":                           "problem",
		"+OK\r\n":                                     "problem",
	} {
		got, p := ScanCursor{Shard: 1}.JoinScan(nil, []byte(in), 3)
		if p != nil {
			got = []byte("problem")
		}
		if string(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for _, text := range []string{"", "-1", "a", "18446744073709551616", "99999999999999999999999"} {
		if _, ok := ParseScanCursor([]byte(text), 3); ok {
			t.Errorf("%q is taken for a cursor", text)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\n5\r\n*0\r\n"), []byte("16"), uint8(3))
	f.Fuzz(func(t *testing.T, reply, cursor []byte, n uint8) {
		shards := 1 + int(n)
		c, ok := ParseScanCursor(cursor, shards)
		if end, p := WalkReply(reply); !ok || p != nil || end != len(reply) || reply[0] == '|' {
			return
		}
		got, p := c.JoinScan(nil, reply, shards)
		if p != nil {
			return
		}
		if end, p := WalkReply(got); p != nil || end != len(got) {
			t.Fatalf("%q of %q: %v", got, reply, p)
		}
	})
}

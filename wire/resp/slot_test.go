package resp

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestSlotsAreThoseOfARealCluster(t *testing.T) {
	k := dialRedis(t, startRedis(t, true))
	keys := []string{"", "a", "123456789", "{user1000}.following", "foo{}{bar}", "foo{{bar}}zap", "foo{bar}{zap}", "}{", "{", "a{b", "{}", "\x00\xff\r\n"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = "{}ab\xff"[random.IntN(5)]
		}
		keys = append(keys, string(b))
	}
	for _, key := range keys {
		got := strings.Trim(string(k.do("CLUSTER", "KEYSLOT", key)), ":\r\n")
		if got != strconv.Itoa(Slot([]byte(key))) {
			t.Errorf("%q: slot %d, Redis says %s", key, Slot([]byte(key)), got)
		}
	}
}

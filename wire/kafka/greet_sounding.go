package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxSounded is how many brokers are remembered; beyond it all are asked anew.
const maxSounded = 10_000

// soundings are the brokers that have been talked to, by address, with the highest
// version of SaslAuthenticate that each has.
type soundings struct {
	mu   sync.Mutex
	auth map[string]int16 // guarded by mu
}

func (s *soundings) get(address string) (auth int16, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	auth, known = s.auth[address]
	return auth, known
}

func (s *soundings) put(address string, auth int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth == nil || len(s.auth) >= maxSounded {
		s.auth = map[string]int16{}
	}
	s.auth[address] = auth
}

func (s *soundings) forget(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.auth, address)
}

// sound asks the broker for the versions that it has, in the version that every
// broker since 0.10 understands. It names no client software, so that what the
// broker counts under the client's name is told by the client itself.
func (t *conversation) sound() ([]kmsg.ApiVersionsResponseApiKey, error) {
	answer, err := t.ask(kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		return nil, err
	}
	v := answer.(*kmsg.ApiVersionsResponse)
	if v.ErrorCode != 0 {
		return nil, t.refused(v.ErrorCode, "", "")
	}
	return v.ApiKeys, nil
}

// versionOf is the highest version of an API that a broker has, -1 if it has none.
func versionOf(keys []kmsg.ApiVersionsResponseApiKey, key int16) int16 {
	for _, k := range keys {
		if k.ApiKey == key {
			return k.MaxVersion
		}
	}
	return -1
}

package httpkafka

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// trouble is the last failure to reach a broker: the library goes on trying, and
// what it waits for would be told nowhere.
type trouble struct {
	now  func() int64
	last atomic.Pointer[failing]
}

type failing struct {
	at  int64
	err error
}

// OnBrokerConnect is called by the library for each dial, login included.
func (t *trouble) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the broker closed the connection in the greeting (wrong login, or TLS on one side only?): %w", err)
	}
	if err != nil {
		t.last.Store(&failing{t.now(), err})
	}
}

// recent is the last failure if it is of late, else nil. It may name brokers.
func (t *trouble) recent() error {
	if f := t.last.Load(); f != nil && t.now()-f.at < int64(recently) {
		return f.err
	}
	return nil
}

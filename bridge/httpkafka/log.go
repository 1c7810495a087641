package httpkafka

import (
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// logger gives what the library logs to ours, a level lower: what it warns of it
// mends by itself, mostly. It is told no secrets, and so tells none.
type logger struct{ to *slog.Logger }

// Level is the most that is wanted of the library: what it says of each request and
// connection is nobody's concern.
func (l logger) Level() kgo.LogLevel { return kgo.LogLevelInfo }

// Log takes a line.
func (l logger) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	msg = "producer: " + msg
	switch level {
	case kgo.LogLevelError:
		l.to.Warn(msg, keyvals...)
	case kgo.LogLevelWarn:
		l.to.Info(msg, keyvals...)
	default:
		l.to.Debug(msg, keyvals...)
	}
}

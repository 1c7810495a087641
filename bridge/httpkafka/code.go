package httpkafka

import (
	"errors"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Numbers of errors as Confluent's REST proxy has them: a status, and two digits.
// Where it has none the status is all of it.
const (
	numForbidden   = 40301
	numNoTopic     = 40401
	numNoPartition = 40402
	numUnfit       = 42202 // "includes an invalid offset or partition"
	numKafka       = 50002
	numRetriable   = 50003
)

// Of a record, in "error_code".
const (
	recordFinal     = 1 // sending it again would not help
	recordRetriable = 2 // it may
)

// verdict is what the failure of a record means to who sent it.
type verdict struct {
	status, number int
	unsure         bool // it may have been written
	text           string
}

// partitionText is how the library says that there is no such partition; it has no
// error of its own for that.
const partitionText = "invalid record partitioning choice"

// unledText is the same of a topic of which no partition can be written to.
const unledText = "unable to partition record"

// judge says what err means. safe tells whether the library would know had the
// record been written: with idempotence it fails no record that it is unsure of.
func judge(err error, safe bool) verdict {
	var k *kerr.Error
	switch {
	case errors.As(err, &k):
		return judgeCode(k)
	case strings.HasPrefix(err.Error(), partitionText):
		return verdict{422, numUnfit, false, "the topic has no such partition"}
	case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, kgo.ErrAborting):
		return verdict{504, 504, true, "the sidecar ended before a broker answered: the outcome is unknown"}
	case !safe:
		return verdict{504, 504, true, "no broker answered: the outcome is unknown, as the producer is not idempotent"}
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kgo.ErrRecordRetries):
		return verdict{503, numRetriable, false, "it could not be brought to the partition's leader in time, and is not written"}
	case strings.HasPrefix(err.Error(), unledText):
		return verdict{503, numRetriable, false, "no partition of the topic has a leader, and it is not written"}
	}
	return verdict{504, 504, true, "it could not be brought to its end: the outcome is unknown"}
}

// judgeCode says what an answer of a broker's means.
func judgeCode(k *kerr.Error) verdict {
	v := verdict{500, numKafka, false, k.Message + ": " + k.Description}
	switch k.Code {
	case kerr.UnknownTopicOrPartition.Code, kerr.UnknownTopicID.Code, kerr.InvalidTopicException.Code:
		v.status, v.number = 404, numNoTopic
	case kerr.TopicAuthorizationFailed.Code, kerr.ClusterAuthorizationFailed.Code, kerr.TransactionalIDAuthorizationFailed.Code:
		v.status, v.number = 403, numForbidden
	case kerr.SaslAuthenticationFailed.Code:
		v.status = 502
	case kerr.MessageTooLarge.Code, kerr.RecordListTooLarge.Code:
		v.status, v.number = 413, 413
	case kerr.RequestTimedOut.Code, kerr.NotEnoughReplicasAfterAppend.Code, kerr.UnknownServerError.Code,
		kerr.OutOfOrderSequenceNumber.Code, kerr.UnknownProducerID.Code:
		v.status, v.number, v.unsure = 504, 504, true
		v.text += " The outcome is unknown."
	default:
		if k.Retriable {
			v.status, v.number = 503, numRetriable
		}
	}
	return v
}

// codeName is what failures are counted under: the name of a broker's answer, or
// one of a few words.
func codeName(err error) string {
	var k *kerr.Error
	switch {
	case errors.As(err, &k):
		return strings.ToLower(k.Message)
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, kgo.ErrRecordRetries):
		return "not_delivered"
	case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, kgo.ErrAborting):
		return "shutting_down"
	case strings.HasPrefix(err.Error(), partitionText):
		return "no_partition"
	}
	return "other"
}

package daemon

import "errors"

var errKafka = errors.New("kafka is not in this version yet")

package kafka

// Asked goes through the topics that a request to Produce or Fetch names, as far as
// its first bytes reach. The zero Asked has none.
type Asked struct {
	p        cursor
	left     int
	key      int16
	version  int16
	flexible bool
}

// AskedOf are those of the request that b begins.
func AskedOf(b []byte, key, version int16) (t Asked) {
	t.key, t.version = key, version
	switch key {
	case KeyProduce:
		t.flexible = version >= flexibleProduce
		t.p = produce(b, version)
		t.p.skip(2 + 4) // acks and timeout
	case KeyFetch:
		t.flexible = version >= flexibleFetch
		t.p, _ = body(b, t.flexible)
		t.p.skip(fetchFront(version))
	default:
		return t
	}
	t.left = t.p.claimed(t.flexible)
	return t
}

// fetchFront is how many bytes a request to Fetch has before its topics: whose
// replica asks (in a tag from 15 on), how long to wait, at least and at most how
// many bytes (3), what to read (4), and which session's (7).
func fetchFront(version int16) int {
	n := 4 + 4
	if version < 15 {
		n += 4
	}
	if version >= 3 {
		n += 4
	}
	if version >= 4 {
		n++
	}
	if version >= 7 {
		n += 4 + 4
	}
	return n
}

// Next is the next topic: its name or, in newer versions, its id of 16 bytes. ok is
// false if there is none, or the bytes do not reach that far. topic lies in them.
func (t *Asked) Next() (topic []byte, id, ok bool) {
	if t.left == 0 || t.p.bad {
		return nil, false, false
	}
	t.left--
	if id = t.ids(); id {
		topic = t.p.take(16)
	} else {
		topic = t.p.text(t.flexible)
	}
	if t.p.bad {
		return nil, false, false
	}
	t.partitions()
	return topic, id, true
}

func (t *Asked) ids() bool {
	if t.key == KeyProduce {
		return t.version >= idProduce
	}
	return t.version >= idFetch
}

// partitions skips those of a topic, so that the next one can be read.
func (t *Asked) partitions() {
	n := t.p.claimed(t.flexible)
	if t.left == 0 {
		return // nobody reads behind the last
	}
	for ; n > 0 && !t.p.bad; n-- {
		if t.key == KeyProduce {
			t.p.skip(4)
			t.p.skip(max(t.p.length(t.flexible, 4), 0))
		} else {
			t.p.skip(fetchPartition(t.version))
		}
		t.p.tags(t.flexible)
	}
	t.p.tags(t.flexible)
}

// fetchPartition is how many bytes a partition has in a request to Fetch: its number,
// the leader's epoch (9), from where, the last epoch fetched (12), where the log
// begins (5), and how much.
func fetchPartition(version int16) int {
	n := 4 + 8 + 4
	if version >= 9 {
		n += 4
	}
	if version >= 12 {
		n += 4
	}
	if version >= 5 {
		n += 8
	}
	return n
}

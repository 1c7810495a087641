package sock

import "testing"

func TestRoomCountsWhatIsBeyondThePooledBuffers(t *testing.T) {
	room, bufs := NewRoom(3*LargeBuffer), NewBuffers()
	small, large := room.Take(bufs, LargeBuffer), room.Take(bufs, LargeBuffer+1)
	if n := room.Used(); n != LargeBuffer+1 {
		t.Errorf("%d bytes are told", n)
	}
	if b := room.Take(bufs, 2*LargeBuffer); b != nil {
		t.Error("there is more room than there is")
	}
	forced := room.Force(bufs, 2*LargeBuffer)
	if n := room.Used(); n != LargeBuffer+1+2*LargeBuffer {
		t.Errorf("%d bytes are told with what was forced", n)
	}
	for _, b := range [][]byte{small, large, forced} {
		room.Give(bufs, b)
	}
	if n := room.Used(); n != 0 || bufs.Out() != 0 {
		t.Errorf("%d bytes and %d buffers are left", n, bufs.Out())
	}
}

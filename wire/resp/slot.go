package resp

import "bytes"

// Slots is how many slots a Redis Cluster has.
const Slots = 16384

// Slot is a key's slot in a Redis Cluster: the CRC16 of its hash tag.
func Slot(key []byte) int { return int(crc16(HashTag(key, '{', '}'))) % Slots }

// HashTag is the part of a key that is hashed: what stands between the first
// open and the next end behind it, or all of it where that is empty or absent.
// Redis has '{' and '}'; twemproxy any pair.
func HashTag(key []byte, open, end byte) []byte {
	i := bytes.IndexByte(key, open)
	if i < 0 {
		return key
	}
	n := bytes.IndexByte(key[i+1:], end)
	if n <= 0 {
		return key
	}
	return key[i+1 : i+1+n]
}

// crc16 is the CRC of XMODEM: polynomial 0x1021, from 0.
func crc16(b []byte) uint16 {
	var crc uint16
	for _, c := range b {
		crc = crc<<8 ^ crc16Table[byte(crc>>8)^c]
	}
	return crc
}

var crc16Table = crc16Of(0x1021)

func crc16Of(polynomial uint16) (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc >> 15
			crc = crc<<1 ^ carry*polynomial
		}
		table[i] = crc
	}
	return table
}

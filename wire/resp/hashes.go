package resp

import (
	"crypto/md5" // what ketama hashes with; nothing here is secret
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// KeyHash is a hash of keys by which twemproxy ("hash:") chooses a server, so
// that users can move without losing keys. Each takes bytes as that program does
// on amd64, where C's char has a sign. Of its hashes, hsieh and jenkins are not
// here.
type KeyHash uint8

// The hashes. The first is twemproxy's default.
const (
	FNV1a64 KeyHash = iota
	FNV164
	FNV1a32
	FNV132
	MD5
	CRC16
	CRC32
	CRC32a
	Murmur
	OneAtATime
	keyHashes
)

var keyHashNames = [keyHashes]string{"fnv1a_64", "fnv1_64", "fnv1a_32", "fnv1_32", "md5", "crc16", "crc32", "crc32a", "murmur", "one_at_a_time"}

func (h KeyHash) String() string { return keyHashNames[h] }

// KeyHashNamed is the hash of twemproxy's name, false if there is none.
func KeyHashNamed(name string) (KeyHash, bool) {
	i := slices.Index(keyHashNames[:], name)
	return KeyHash(max(i, 0)), i >= 0
}

// The constants of FNV in 64 and 32 bits.
const (
	fnvStart64 uint64 = 0xcbf29ce484222325
	fnvPrime64 uint64 = 0x100000001b3
	fnvStart32 uint32 = 2166136261
	fnvPrime32 uint32 = 16777619
)

// Sum is the key's hash.
func (h KeyHash) Sum(key []byte) uint32 {
	switch h {
	case FNV1a64: // reckoned in 32 bits there: a defect that has become the definition
		start, prime := fnvStart64, fnvPrime64
		return fnv1a(key, uint32(start), uint32(prime&0xffffffff))
	case FNV164:
		sum := fnvStart64
		for _, c := range key {
			sum = sum*fnvPrime64 ^ uint64(int8(c))
		}
		return uint32(sum)
	case FNV1a32:
		return fnv1a(key, fnvStart32, fnvPrime32)
	case FNV132:
		sum := fnvStart32
		for _, c := range key {
			sum = sum*fnvPrime32 ^ uint32(int8(c))
		}
		return sum
	case MD5:
		sum := md5.Sum(key)
		return binary.LittleEndian.Uint32(sum[:])
	case CRC16: // without a mask there: the upper bits stay
		var sum uint32
		for _, c := range key {
			sum = sum<<8 ^ uint32(crc16Table[byte(sum>>8)^c])
		}
		return sum
	case CRC32: // of libmemcached: 15 bits of it
		return crc32.ChecksumIEEE(key) >> 16 & 0x7fff
	case CRC32a:
		return crc32.ChecksumIEEE(key)
	case Murmur:
		return murmur2(key)
	default:
		return oneAtATime(key)
	}
}

func fnv1a(key []byte, sum, prime uint32) uint32 {
	for _, c := range key {
		sum = (sum ^ uint32(int8(c))) * prime
	}
	return sum
}

// murmur2 is MurmurHash2 with a seed made of the key's length.
func murmur2(key []byte) uint32 {
	const m = 0x5bd1e995
	n := uint32(len(key))
	sum := n*0xdeadbeef ^ n
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		sum = sum*m ^ (k^k>>24)*m
	}
	for i := len(key) - 1; i >= 0; i-- {
		sum ^= uint32(key[i]) << (8 * i)
	}
	if len(key) > 0 {
		sum *= m
	}
	sum = (sum ^ sum>>13) * m
	return sum ^ sum>>15
}

// oneAtATime is Bob Jenkins' hash of that name.
func oneAtATime(key []byte) uint32 {
	var sum uint32
	for _, c := range key {
		sum += uint32(int8(c))
		sum += sum << 10
		sum ^= sum >> 6
	}
	sum += sum << 3
	sum ^= sum >> 11
	return sum + sum<<15
}

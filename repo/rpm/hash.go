package rpm

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"hash"
)

// HashAlgo is a digest algorithm by its OpenPGP number (RFC 9580, 9.5).
type HashAlgo uint32

// The algorithms rpm knows.
const (
	MD5     HashAlgo = 1
	SHA1    HashAlgo = 2
	SHA256  HashAlgo = 8
	SHA384  HashAlgo = 9
	SHA512  HashAlgo = 10
	SHA224  HashAlgo = 11
	SHA3256 HashAlgo = 12
	SHA3512 HashAlgo = 14
)

// New returns a new hash, nil for an algorithm that is not supported.
func (a HashAlgo) New() hash.Hash {
	switch a {
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA384:
		return sha512.New384()
	case SHA512:
		return sha512.New()
	case SHA224:
		return sha256.New224()
	case SHA3256:
		return sha3.New256()
	case SHA3512:
		return sha3.New512()
	}
	return nil
}

// String returns the name as rpm prints it.
func (a HashAlgo) String() string {
	switch a {
	case MD5:
		return "MD5"
	case SHA1:
		return "SHA1"
	case SHA256:
		return "SHA256"
	case SHA384:
		return "SHA384"
	case SHA512:
		return "SHA512"
	case SHA224:
		return "SHA224"
	case SHA3256:
		return "SHA3-256"
	case SHA3512:
		return "SHA3-512"
	}
	return "Unknown hash algorithm"
}

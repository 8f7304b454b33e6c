package lua

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"strconv"

	rt "github.com/arnodel/golua/runtime"
)

// chance draws what would be random from the seed of the script, so that what a
// script writes is the same in every build.
type chance struct {
	state [4]uint64 // of math.random
	names int       // drawn so far
	seeds int       // drawn so far
}

// drawName draws six letters.
func (p *process) drawName() string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	sub := p.script.Seed.Sub("name " + strconv.Itoa(p.chance.names))
	p.chance.names++
	var tail [6]byte
	for i := range tail {
		tail[i] = letters[int(sub[i])%len(letters)]
	}
	return string(tail[:])
}

// drawSeed starts math.random anew with another seed of the script.
func (p *process) drawSeed() (x, y uint64) {
	sub := p.script.Seed.Sub("random " + strconv.Itoa(p.chance.seeds))
	p.chance.seeds++
	x, y = binary.LittleEndian.Uint64(sub[:]), binary.LittleEndian.Uint64(sub[8:])
	p.chance.start(x, y)
	return x, y
}

// start and next are Lua 5.4's generator, xoshiro256** by Blackman and Vigna
// (prng.di.unimi.it).
func (c *chance) start(x, y uint64) {
	c.state = [4]uint64{x, 0xff, y, 0}
	for range 16 {
		c.next()
	}
}

func (c *chance) next() uint64 {
	s := &c.state
	result := bits.RotateLeft64(s[1]*5, 7) * 9
	t := s[1] << 17
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft64(s[3], 45)
	return result
}

// upTo draws a number from zero to n.
func (c *chance) upTo(n uint64) uint64 {
	mask := uint64(1)<<bits.Len64(n) - 1
	for {
		if v := c.next() & mask; v <= n {
			return v
		}
	}
}

// random is math.random.
func (p *process) random(_ *rt.Thread, args []rt.Value) (rt.Value, error) {
	low, high := int64(1), int64(0)
	var err error
	switch len(args) {
	case 0:
		return rt.FloatValue(float64(p.chance.next()>>11) / (1 << 53)), nil
	case 1:
		high, err = integer(args, 0, 0)
		if err == nil && high == 0 {
			return rt.IntValue(int64(p.chance.next())), nil
		}
	case 2:
		if low, err = integer(args, 0, 0); err == nil {
			high, err = integer(args, 1, 0)
		}
	default:
		err = errors.New("wrong number of arguments")
	}
	if err == nil && low > high {
		err = errors.New("bad argument #" + strconv.Itoa(len(args)) + " to 'random' (interval is empty)")
	}
	if err != nil {
		return rt.NilValue, err
	}
	return rt.IntValue(int64(uint64(low) + p.chance.upTo(uint64(high)-uint64(low)))), nil
}

// randomseed is math.randomseed; without arguments another seed of the script is
// taken, where Lua takes the time.
func (p *process) randomseed(_ *rt.Thread, args []rt.Value) (rt.Value, error) {
	if len(args) == 0 {
		p.drawSeed()
		return rt.NilValue, nil
	}
	x, err := integer(args, 0, 0)
	if err != nil {
		return rt.NilValue, err
	}
	y, err := integer(args, 1, 0)
	if err == nil {
		p.chance.start(uint64(x), uint64(y))
	}
	return rt.NilValue, err
}

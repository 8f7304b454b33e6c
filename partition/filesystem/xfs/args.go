package xfs

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/seed"
)

// ParseArgs understands the words of a mkfs.xfs command line, as a description's
// create options give them: flags with their values, in one word or two. What is
// not supported is refused by name; what only concerns how mkfs.xfs works (-f, -K,
// -q) is accepted and ignored. The device and its size are not among the words.
func ParseArgs(words []string, o *Options) error {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch {
		case word == "-f" || word == "-K" || word == "-q":
			continue
		case len(word) < 2 || word[0] != '-' || !strings.Contains("bdilmnsL", word[1:2]):
			return badOption("%q is not supported", word)
		}
		flag, value := word[:2], word[2:]
		if value == "" {
			if len(words) == 0 {
				return badOption("flag %s needs a value", flag)
			}
			value, words = words[0], words[1:]
		}
		if flag == "-L" {
			o.Label = value
			continue
		}
		for item := range strings.SplitSeq(value, ",") {
			if err := o.set(flag, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// set handles one option of a flag.
func (o *Options) set(flag, item string) error {
	name, value, _ := strings.Cut(item, "=")
	unknown := badOption("%s %s is not supported", flag, item)
	switch flag + " " + name {
	case "-m finobt":
		return o.feature(FreeInodes, flag, item)
	case "-m reflink":
		return o.feature(Reflink, flag, item)
	case "-m bigtime":
		return o.feature(BigTime, flag, item)
	case "-m inobtcount":
		return o.feature(InodeCounts, flag, item)
	case "-i sparse":
		return o.feature(Sparse, flag, item)
	case "-i nrext64":
		return o.feature(BigExtents, flag, item)
	case "-m uuid":
		return o.uuid(value)
	case "-m crc", "-n ftype", "-i projid32bit", "-l lazy-count", "-l internal":
		return only(unknown, value, "1")
	case "-m rmapbt", "-m metadir", "-m autofsck":
		return only(unknown, value, "0")
	case "-i attr", "-n version", "-l version":
		return only(unknown, value, "2")
	case "-b size", "-n size":
		return only(unknown, value, "4096", "4k")
	}
	return o.number(flag, name, value, unknown)
}

func only(otherwise error, value string, known ...string) error {
	for _, k := range known {
		if value == k {
			return nil
		}
	}
	return otherwise
}

func (o *Options) feature(f Features, flag, item string) error {
	_, value, given := strings.Cut(item, "=")
	switch {
	case value == "1" || !given:
		o.With, o.Without = o.With|f, o.Without&^f
	case value == "0":
		o.Without, o.With = o.Without|f, o.With&^f
	default:
		return badOption("%s %s: want 0 or 1", flag, item)
	}
	return nil
}

// number handles the options that are a number.
func (o *Options) number(flag, name, value string, unknown error) error {
	n, err := size(value)
	if err != nil {
		return fmt.Errorf("%w: %w", unknown, err)
	}
	switch flag + " " + name {
	case "-d agcount":
		o.Groups = n
	case "-d agsize":
		o.GroupSize = n
	case "-d sectsize", "-s size", "-l sectsize":
		o.SectorSize = int(n)
	case "-i size":
		o.InodeSize = int(n)
	case "-i perblock":
		if n == 0 {
			return unknown
		}
		o.InodeSize = int(block / n)
	case "-i maxpct":
		o.MaxInodes = int(n)
	case "-l size":
		o.LogSize = n
	default:
		return unknown
	}
	return nil
}

// size reads a number with a unit: s for sectors, b for blocks, or one of 1024's
// powers.
func size(text string) (int64, error) {
	unit := int64(1)
	if n := len(text); n > 0 {
		switch c := text[n-1] | 0x20; c {
		case 's':
			unit = 512
		case 'b':
			unit = block
		default:
			if i := strings.IndexByte("kmgtp", c); i >= 0 {
				unit = 1 << (10 * (i + 1))
			}
		}
		if unit > 1 {
			text = text[:n-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<55/unit {
		return 0, badOption("%q is no number in range", text)
	}
	return n * unit, nil
}

func (o *Options) uuid(value string) error {
	id, err := seed.Parse(value)
	if err != nil {
		return badOption("-m uuid %q is no UUID", value)
	}
	o.UUID = id
	return nil
}

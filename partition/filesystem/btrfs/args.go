package btrfs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fimg/fimg/fault"
	"github.com/fimg/fimg/seed"
)

// ParseArgs understands the words of an mkfs.btrfs command line, as a description's
// create options give them (mkfs.btrfs(8)): -L, -U, -n, -s, --csum, -m, -d, -O and
// -R with their long forms. What only concerns how mkfs works (-f, -K, -q, -v) is
// accepted and ignored; all else is refused by name. The device is not among the
// words.
func ParseArgs(words []string, o *Options) error {
	p := &argParser{words: words, o: o}
	for len(p.words) > 0 {
		word := p.words[0]
		p.words = p.words[1:]
		if err := p.word(word); err != nil {
			return fault.New(fault.Description, fmt.Errorf("make btrfs: %w", err))
		}
	}
	return nil
}

type argParser struct {
	words []string
	o     *Options
}

// shortFlags are the flags of one letter and the long ones they stand for.
var shortFlags = map[byte]string{'L': "label", 'U': "uuid", 'n': "nodesize", 'l': "nodesize", 's': "sectorsize",
	'm': "metadata", 'd': "data", 'O': "features", 'R': "runtime-features", 'f': "force", 'K': "nodiscard",
	'q': "quiet", 'v': "verbose"}

// ignoredFlags have no value and nothing to do with the result.
var ignoredFlags = []string{"force", "nodiscard", "quiet", "verbose"}

// word handles one word and, where it needs a value, the next.
func (p *argParser) word(word string) error {
	if name, ok := strings.CutPrefix(word, "--"); ok && name != "" {
		name, value, joined := strings.Cut(name, "=")
		if slices.Contains(ignoredFlags, name) && !joined {
			return nil
		}
		return p.flag(name, value, joined)
	}
	if len(word) < 2 || word[0] != '-' {
		return fmt.Errorf("unexpected word %q", word)
	}
	for i := 1; i < len(word); i++ {
		name, ok := shortFlags[word[i]]
		switch {
		case !ok:
			return fmt.Errorf("flag -%c is not supported", word[i])
		case slices.Contains(ignoredFlags, name):
			continue
		}
		return p.flag(name, word[i+1:], i+1 < len(word))
	}
	return nil
}

// flag handles a flag that needs a value.
func (p *argParser) flag(name, value string, joined bool) (err error) {
	set := map[string]func(string) error{"label": p.label, "uuid": p.uuid, "nodesize": p.nodeSize,
		"leafsize": p.nodeSize, "sectorsize": p.sectorSize, "csum": p.checksum, "checksum": p.checksum,
		"metadata": p.metadata, "data": p.data, "features": p.features, "runtime-features": p.features}[name]
	if set == nil {
		return fmt.Errorf("option --%s is not supported", name)
	}
	if !joined {
		if len(p.words) == 0 {
			return fmt.Errorf("option --%s needs a value", name)
		}
		value, p.words = p.words[0], p.words[1:]
	}
	return set(value)
}

func (p *argParser) label(value string) error {
	p.o.Label = value
	return nil
}

func (p *argParser) uuid(value string) error {
	id, err := seed.Parse(value)
	if err != nil {
		return fmt.Errorf("uuid %q: %w", value, err)
	}
	p.o.UUID = id
	return nil
}

func (p *argParser) nodeSize(value string) (err error) {
	p.o.NodeSize, err = size(value)
	return err
}

func (p *argParser) sectorSize(value string) (err error) {
	p.o.SectorSize, err = size(value)
	return err
}

// size reads a number of bytes with an optional unit of 1024's powers.
func size(text string) (int, error) {
	digits, shift := strings.ToLower(text), 0
	if n := len(digits); n > 0 {
		if i := strings.IndexByte("bkm", digits[n-1]); i >= 0 {
			digits, shift = digits[:n-1], 10*i
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n <= 0 || n > math.MaxInt32>>shift {
		return 0, fmt.Errorf("size %q is no number in range", text)
	}
	return n << shift, nil
}

func (p *argParser) checksum(value string) error {
	sums := map[string]Checksum{"crc32c": CRC32C, "xxhash": XXHash64, "xxhash64": XXHash64,
		"sha256": SHA256, "blake2": Blake2b, "blake2b": Blake2b}
	sum, ok := sums[strings.ToLower(value)]
	if !ok {
		return fmt.Errorf("checksum %q is not supported", value)
	}
	p.o.Checksum = sum
	return nil
}

func (p *argParser) metadata(value string) error {
	switch strings.ToLower(value) {
	case "single":
		p.o.MetadataSingle = true
	case "dup":
		p.o.MetadataSingle = false
	default:
		return fmt.Errorf("metadata profile %q is not supported", value)
	}
	return nil
}

func (p *argParser) data(value string) error {
	if !strings.EqualFold(value, "single") {
		return fmt.Errorf("data profile %q is not supported", value)
	}
	return nil
}

// features handles the words of -O and -R: "name" or "^name". Those every kernel
// since Linux 3.10 has stay on; what is not there is off anyway.
func (p *argParser) features(list string) error {
	for word := range strings.SplitSeq(list, ",") {
		name, off := strings.CutPrefix(strings.TrimSpace(word), "^")
		if err := p.feature(strings.ToLower(name), !off); err != nil {
			return err
		}
	}
	return nil
}

func (p *argParser) feature(name string, on bool) error {
	switch name {
	case "", "list-all":
		return fmt.Errorf("feature %q is not supported", name)
	case "no-holes":
		p.o.NoHolesDisabled = !on
	case "free-space-tree", "fst":
		p.o.NoFreeSpaceTree = !on
	case "block-group-tree", "bgt":
		p.o.BlockGroupTree = on
	case "quota":
		p.quota(QuotaFull, on)
	case "squota":
		p.quota(QuotaSimple, on)
	case "extref", "skinny-metadata":
		if !on {
			return fmt.Errorf("feature %q cannot be left out", name)
		}
	default:
		if on {
			return fmt.Errorf("feature %q is not supported", name)
		}
	}
	return nil
}

func (p *argParser) quota(kind Quota, on bool) {
	switch {
	case on:
		p.o.Quota = kind
	case p.o.Quota == kind:
		p.o.Quota = QuotaOff
	}
}

// ParseLimit reads the size of a quota as `btrfs qgroup limit` takes it: a number
// of bytes with an optional unit of 1024's powers ("5G"); empty and "none" are no
// limit, zero.
func ParseLimit(text string) (int64, error) {
	digits, shift := strings.ToLower(text), 0
	if digits == "" || digits == "none" {
		return 0, nil
	}
	if i := strings.IndexByte("bkmgtpe", digits[len(digits)-1]); i >= 0 {
		digits, shift = digits[:len(digits)-1], 10*i
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("limit %q is no size in range", text)
	}
	return n << shift, nil
}

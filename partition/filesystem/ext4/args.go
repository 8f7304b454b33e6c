package ext4

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/seed"
)

// ParseArgs understands the words of an mke2fs command line, as a description's
// create options give them: flags with their values, in one word or two. What is
// not supported is refused by name; what only concerns how mke2fs works (-q, -F,
// lazy_itable_init, discard) is accepted and ignored. The device and its size are
// not among the words.
func ParseArgs(words []string, o *Options) error {
	p := &argParser{words: words, o: o}
	for len(p.words) > 0 {
		word := p.words[0]
		p.words = p.words[1:]
		if len(word) < 2 || word[0] != '-' {
			return badOption("unexpected word %q", word)
		}
		if err := p.flags(word[1:]); err != nil {
			return err
		}
	}
	return nil
}

type argParser struct {
	words []string
	o     *Options
}

// flags handles one word: flags without value may share it.
func (p *argParser) flags(word string) error {
	for i := range word {
		flag := word[i]
		switch {
		case strings.IndexByte("qvFKD", flag) >= 0:
			continue
		case flag == 'j':
			p.o.Features = append(p.o.Features, "has_journal")
			continue
		case strings.IndexByte("ObIiNmELUTJgGMetro", flag) < 0:
			return badOption("flag -%c is not supported", flag)
		}
		value := word[i+1:]
		if value == "" {
			if len(p.words) == 0 {
				return badOption("flag -%c needs a value", flag)
			}
			value, p.words = p.words[0], p.words[1:]
		}
		if err := p.value(flag, value); err != nil {
			return err
		}
		return nil
	}
	return nil
}

// value handles a flag with its value.
func (p *argParser) value(flag byte, value string) (err error) {
	o := p.o
	switch flag {
	case 'O':
		o.Features = append(o.Features, splitList(value)...)
		return (&features{}).apply(o.Features)
	case 'b':
		o.BlockSize, err = number[int](flag, value)
	case 'I':
		o.InodeSize, err = number[int](flag, value)
	case 'i':
		o.InodeRatio, err = number[int64](flag, value)
	case 'N':
		o.Inodes, err = number[int64](flag, value)
	case 'g':
		o.BlocksPerGroup, err = number[int64](flag, value)
	case 'G':
		o.GroupsPerFlex, err = number[int64](flag, value)
	case 'm':
		o.Reserved, err = percent(value)
	case 'L':
		o.Label = value
	case 'M':
		o.LastMounted = value
	case 'U':
		return p.uuid(value)
	case 'E':
		return p.each('E', value, p.extended)
	case 'J':
		return p.each('J', value, p.journal)
	default:
		return p.choice(flag, value)
	}
	return err
}

// choice handles flags whose value is one of a few words.
func (p *argParser) choice(flag byte, value string) error {
	switch {
	case flag == 't' && (value == "ext2" || value == "ext3" || value == "ext4"):
		p.o.Kind = value
	case flag == 'e':
		action, ok := map[string]uint16{"continue": 1, "remount-ro": 2, "panic": 3}[value]
		if !ok {
			return badOption("-e %q is not known", value)
		}
		p.o.Errors = action
	case flag == 'T':
		return p.each('T', value, p.usage)
	case flag == 'r' && value == "1", flag == 'o' && strings.EqualFold(value, "linux"):
	default:
		return badOption("-%c %q is not supported", flag, value)
	}
	return nil
}

func (p *argParser) each(flag byte, list string, fn func(name, value string) error) error {
	for _, item := range splitList(list) {
		name, value, _ := strings.Cut(item, "=")
		if err := fn(name, value); err != nil {
			return fmt.Errorf("-%c %s: %w", flag, item, err)
		}
	}
	return nil
}

func splitList(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// usage is a type of use as the usual mke2fs.conf defines it.
func (p *argParser) usage(name, _ string) error {
	sizes := map[string][2]int64{"default": {0, 0}, "floppy": {1024, 8192}, "small": {1024, 4096}, "big": {0, 32768},
		"huge": {0, 65536}, "news": {0, 4096}, "largefile": {0, 1 << 20}, "largefile4": {0, 4 << 20}, "hurd": {4096, 0}}
	s, ok := sizes[name]
	if !ok {
		return badOption("usage type %q is not known", name)
	}
	if s[0] != 0 {
		p.o.BlockSize = int(s[0])
	}
	if s[1] != 0 {
		p.o.InodeRatio = s[1]
	}
	return nil
}

// journal is an option of -J.
func (p *argParser) journal(name, value string) (err error) {
	if name != "size" {
		return badOption("journal option %q is not supported", name)
	}
	n, err := number[int64]('J', value)
	p.o.JournalSize = n << 20
	return err
}

// extended is an option of -E.
func (p *argParser) extended(name, value string) (err error) {
	o := p.o
	switch name {
	case "lazy_itable_init", "lazy_journal_init", "discard", "nodiscard", "assume_storage_prezeroed",
		"packed_meta_blocks", "no_copy_xattrs", "test_fs":
	case "stride":
		o.Stride, err = number[uint32]('E', value)
	case "stripe_width", "stripe-width":
		o.StripeWidth, err = number[uint32]('E', value)
	case "resize":
		o.MaxSize, err = number[int64]('E', value)
		o.MaxSize *= int64(orDefault(o.BlockSize, 4096))
	case "orphan_file_size":
		o.OrphanFileSize, err = number[int64]('E', value)
	case "num_backup_sb":
		n, err := number[int]('E', value)
		o.BackupSupers = &n
		return err
	case "hash_seed":
		id, err := seed.Parse(value)
		o.HashSeed = id
		return err
	case "root_owner":
		return p.owner(value)
	default:
		return badOption("extended option %q is not supported", name)
	}
	return err
}

func (p *argParser) owner(value string) error {
	if value == "" {
		return badOption("root_owner needs a user and a group")
	}
	user, group, _ := strings.Cut(value, ":")
	uid, err := number[uint32]('E', user)
	if err != nil {
		return err
	}
	gid, err := number[uint32]('E', group)
	p.o.RootOwner = &Owner{uid, gid}
	return err
}

func (p *argParser) uuid(value string) error {
	switch value {
	case "clear":
		p.o.UUID = [16]byte{}
		return nil
	case "random", "time":
		return nil // the one of the image, which is as good
	}
	id, err := seed.Parse(value)
	if err != nil {
		return badOption("-U %q is no UUID", value)
	}
	p.o.UUID = id
	return nil
}

func percent(value string) (*float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f >= 0 && f <= 50) {
		return nil, badOption("-m %q is no percentage up to 50", value)
	}
	return &f, nil
}

// number reads a number with an optional unit of 1024's powers.
func number[T int | int64 | uint32](flag byte, text string) (T, error) {
	shift := 0
	if n := len(text); n > 0 {
		if i := strings.IndexByte("kmgt", text[n-1]|0x20); i >= 0 {
			shift, text = 10*(i+1), text[:n-1]
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<56>>shift || int64(T(n<<shift)) != n<<shift {
		return 0, badOption("-%c: %q is no number in range", flag, text)
	}
	return T(n << shift), nil
}

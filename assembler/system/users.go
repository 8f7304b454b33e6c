package system

import (
	"context"
	"crypto/md5"
	"fmt"
	"strconv"
	"strings"

	"github.com/fimg/fimg/description"
	"github.com/fimg/fimg/tree/inroot"
)

// run runs a program of the image, found in its usual directories.
func (s *System) run(ctx context.Context, args ...string) error {
	return s.Run(ctx, inroot.Command{Args: args, Env: []string{"LANG=C", "LC_ALL=C"}, Subject: args[0]})
}

// addUsers makes the description's groups and then its users with the image's
// own tools, which know its login.defs and skeleton.
func (s *System) addUsers(ctx context.Context) error {
	for _, u := range s.Image.Users {
		for _, g := range u.Groups {
			if err := s.addGroup(ctx, g); err != nil {
				return fmt.Errorf("%s: add group %s: %w", u.Source, g, err)
			}
		}
	}
	for _, u := range s.Image.Users {
		if err := s.addUser(ctx, u); err != nil {
			return fmt.Errorf("%s: add user %s: %w", u.Source, u.Name, err)
		}
	}
	return nil
}

func (s *System) addGroup(ctx context.Context, spec string) error {
	name, gid, hasID := strings.Cut(spec, ":")
	if s.inDatabase("etc/group", name) {
		return nil
	}
	args := []string{"groupadd"}
	if hasID {
		args = append(args, "-g", gid)
	}
	return s.run(ctx, append(args, name)...)
}

// inDatabase tells whether a passwd-like file has an entry of that name.
func (s *System) inDatabase(file, name string) bool {
	text, err := s.Root.ReadFile(file)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, name+":") {
			return true
		}
	}
	return false
}

func (s *System) addUser(ctx context.Context, u description.User) error {
	exists := s.inDatabase("etc/passwd", u.Name)
	args := []string{"useradd"}
	if exists {
		args[0] = "usermod"
	}
	args = append(args, userOptions(u)...)
	if !exists {
		args = append(args, "-m")
	}
	if !exists && u.Home != "" {
		args = append(args, "-d", u.Home)
	}
	if err := s.run(ctx, append(args, u.Name)...); err != nil {
		return err
	}
	if exists || u.Home == "" {
		return nil
	}
	return s.run(ctx, "chown", "-R", u.Name+":"+loginGroup(u), u.Home)
}

func loginGroup(u description.User) string {
	if len(u.Groups) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(u.Groups[0], ":")
	return name
}

func userOptions(u description.User) []string {
	var args []string
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	password := u.Password
	if u.Format == "plain" && password != "" {
		password = md5Crypt(password, "xyz")
	}
	add("-p", password)
	add("-s", u.Shell)
	add("-g", loginGroup(u))
	if len(u.Groups) > 1 {
		rest := make([]string, len(u.Groups)-1)
		for i, g := range u.Groups[1:] {
			rest[i], _, _ = strings.Cut(g, ":")
		}
		add("-G", strings.Join(rest, ","))
	}
	if u.UID.Set() {
		add("-u", strconv.FormatInt(u.UID.Or(0), 10))
	}
	add("-c", u.RealName)
	return args
}

// md5Crypt is the MD5-based password hash of crypt(5), "$1$". It is weak and
// only here because descriptions with pwdformat="plain" get it from kiwi.
func md5Crypt(password, salt string) string {
	final := md5Rounds([]byte(password), []byte(salt))
	const digits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	b.WriteString("$1$" + salt + "$")
	encode := func(a, c, d byte, n int) {
		v := uint(a)<<16 | uint(c)<<8 | uint(d)
		for range n {
			b.WriteByte(digits[v&0x3f])
			v >>= 6
		}
	}
	for i := range 5 {
		third := i + 12
		if i == 4 {
			third = 5
		}
		encode(final[i], final[i+6], final[third], 4)
	}
	encode(0, 0, final[11], 2)
	return b.String()
}

func md5Rounds(password, salt []byte) [16]byte {
	alternate := md5.Sum(concat(password, salt, password))
	text := concat(password, []byte("$1$"), salt)
	for n := len(password); n > 0; n -= 16 {
		text = append(text, alternate[:min(16, n)]...)
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			text = append(text, 0)
		} else {
			text = append(text, password[0])
		}
	}
	sum := md5.Sum(text)
	for i := range 1000 {
		sum = md5.Sum(round(i, sum[:], password, salt))
	}
	return sum
}

func round(i int, sum, password, salt []byte) []byte {
	first, last := sum, password
	if i&1 == 1 {
		first, last = password, sum
	}
	text := concat(first)
	if i%3 != 0 {
		text = append(text, salt...)
	}
	if i%7 != 0 {
		text = append(text, password...)
	}
	return append(text, last...)
}

func concat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

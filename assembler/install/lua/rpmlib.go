package lua

import (
	"encoding/base64"
	"errors"
	"strings"

	rt "github.com/arnodel/golua/runtime"

	"github.com/fimg/fimg/assembler/chroot"
	"github.com/fimg/fimg/repo/pool/evr"
)

// rpmLibrary is the rpm library (rpm's docs/manual/lua.md).
func (p *process) rpmLibrary() *rt.Table {
	functions := map[string]native{
		"b64encode": rpmB64encode, "b64decode": rpmB64decode, "expand": rpmExpand, "define": rpmDefine,
		"undefine": rpmUndefine, "isdefined": rpmIsdefined, "load": rpmLoad, "execute": rpmExecute,
		"spawn": rpmSpawn, "redirect2null": redirect2null, "vercmp": rpmVercmp, "glob": rpmGlob, "open": rpmOpen,
		"ver": newVersion, "splitargs": rpmSplitargs, "unsplitargs": rpmUnsplitargs,
		"interactive": func(*process, []rt.Value) ([]any, error) {
			return nil, errors.New("interactive not permitted in this context")
		},
	}
	if p.nextLine != nil {
		functions["next_file"] = rpmNextFile
		functions["input"] = rpmNextFile
	}
	t := p.table(functions)
	for name, f := range p.hookFunctions() {
		p.lua.SetTable(t, rt.StringValue(name), rt.FunctionValue(f))
	}
	return t
}

func rpmNextFile(p *process, _ []rt.Value) ([]any, error) {
	line, ok := p.nextLine()
	if !ok {
		return []any{nil}, nil
	}
	return []any{line}, nil
}

func rpmB64encode(_ *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	width, err := integer(args, 1, 64)
	if err != nil {
		return nil, err
	}
	enc := base64.StdEncoding.EncodeToString([]byte(s))
	if width <= 0 {
		return []any{enc}, nil
	}
	var b strings.Builder
	for len(enc) > 0 {
		n := min(int(width), len(enc))
		b.WriteString(enc[:n] + "\n")
		enc = enc[n:]
	}
	return []any{b.String()}, nil
}

func rpmB64decode(_ *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return []any{nil}, nil
	}
	return []any{string(data)}, nil
}

func rpmExpand(p *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	out, err := p.script.Macros.Expand(s)
	return []any{out}, p.macroError(err)
}

// macroError tells what is wrong with a macro and gives the error that scripts see.
func (p *process) macroError(err error) error {
	if err == nil {
		return nil
	}
	p.out.Write([]byte("error: " + err.Error() + "\n"))
	return errors.New("error expanding macro")
}

func rpmDefine(p *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	name, body, _ := strings.Cut(strings.TrimSpace(s), " ")
	return nil, p.script.Macros.Define(name, strings.TrimSpace(body))
}

func rpmUndefine(p *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err == nil {
		p.script.Macros.Undefine(s)
	}
	return nil, err
}

func rpmIsdefined(p *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	return []any{p.script.Macros.Defined(s), false}, err
}

// rpmLoad reads simple definitions from a macro file of the tree.
func rpmLoad(p *process, args []rt.Value) ([]any, error) {
	name, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	data, err := p.script.Root.ReadFile(p.abs(name))
	if err != nil {
		return []any{int64(-1)}, nil
	}
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", "\n\x00")) {
		if rest, ok := strings.CutPrefix(line, "%"); ok {
			name, body, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if i := strings.IndexByte(name, '\t'); i > 0 {
				name, body = name[:i], name[i:]+body
			}
			if err := p.script.Macros.Define(name, strings.TrimSpace(body)); err != nil {
				return nil, err
			}
		}
	}
	return []any{int64(0)}, nil
}

func rpmVercmp(_ *process, args []rt.Value) ([]any, error) {
	a, b, err := twoTexts(args)
	if err != nil {
		return nil, err
	}
	return []any{int64(evr.Compare(a, b))}, nil
}

func rpmGlob(p *process, args []rt.Value) ([]any, error) {
	pattern, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	flags, err := textOr(args, 1, "")
	if err != nil {
		return nil, err
	}
	out := list{}
	for _, name := range p.script.Root.Glob(p.abs(pattern)) {
		if strings.HasPrefix(pattern, "/") {
			name = "/" + name
		}
		out = append(out, name)
	}
	if len(out) == 0 && strings.Contains(flags, "c") {
		out = append(out, pattern)
	}
	if len(out) == 0 {
		return []any{nil}, nil
	}
	return []any{out}, nil
}

func rpmExecute(p *process, args []rt.Value) ([]any, error) {
	argv, err := texts(args)
	if err != nil {
		return nil, err
	}
	return p.spawn(chroot.Command{Path: argv[0], Args: argv[1:]}), nil
}

func (p *process) spawn(c chroot.Command) []any {
	_, err := p.exec(c)
	var end *chroot.ExitError
	var missing *chroot.ExecError
	switch {
	case err == nil:
		return []any{int64(0)}
	case errors.As(err, &end) && end.Signal != 0:
		return []any{nil, "exit signal", int64(end.Signal)}
	case errors.As(err, &end):
		return []any{nil, "exit code", int64(end.Status)}
	case errors.As(err, &missing):
		return failure(missing.Err, "")
	}
	return []any{nil, err.Error(), int64(5)}
}

func rpmSplitargs(_ *process, args []rt.Value) ([]any, error) {
	s, err := text(args, 0)
	if err != nil {
		return nil, err
	}
	out := list{}
	for _, w := range splitArgs(s) {
		out = append(out, w)
	}
	return []any{out}, nil
}

// splitArgs cuts at blanks, with the quotes and backslashes of a shell.
func splitArgs(s string) []string {
	var out []string
	var word []byte
	var quote byte
	in := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(s):
			i++
			word, in = append(word, s[i]), true
		case quote != 0:
			word = append(word, c)
		case c == '\'' || c == '"':
			quote, in = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if in {
				out, word, in = append(out, string(word)), nil, false
			}
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		out = append(out, string(word))
	}
	return out
}

func rpmUnsplitargs(_ *process, args []rt.Value) ([]any, error) {
	words, err := tableStrings(args, 0)
	if err != nil {
		return nil, err
	}
	for i, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\n'\"\\$`;&|<>()*?[]{}~#!") {
			words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return []any{strings.Join(words, " ")}, nil
}

package lua

import (
	"errors"
	"fmt"

	rt "github.com/arnodel/golua/runtime"
	"github.com/arnodel/golua/scanner"
	"github.com/arnodel/golua/token"
)

// Limits of a chunk of source. The compiler calls itself for each level.
const (
	maxSource  = 1 << 20 // bytes
	maxNesting = 200     // of blocks and brackets, as in Lua
	maxChain   = 10_000  // tokens of expressions that are open at once
)

// load is the function load, for text only.
func (p *process) load(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	source, err := p.chunk(t, args)
	if err != nil {
		return err
	}
	name, err := textOr(args, 1, "chunk")
	if err != nil {
		return err
	}
	env := rt.TableValue(t.GlobalEnv())
	if len(args) > 3 {
		env = args[3]
	}
	f, err := p.compile(name, source, env)
	if err != nil {
		t.Push(c.Next(), rt.NilValue, rt.StringValue(err.Error()))
		return nil
	}
	t.Push1(c.Next(), rt.FunctionValue(f))
	return nil
}

// chunk is the source that load is given, whole or in pieces.
func (p *process) chunk(t *rt.Thread, args []rt.Value) (string, error) {
	if len(args) == 0 || args[0].Type() != rt.FunctionType {
		return text(args, 0)
	}
	source := ""
	for len(source) <= maxSource {
		v, err := rt.Call1(t, args[0])
		if err != nil {
			return "", err
		}
		s, ok := v.TryString()
		if !ok && !v.IsNil() {
			return "", errors.New("reader function must return a string")
		}
		if s == "" {
			break
		}
		t.RequireBytes(len(source) + len(s))
		source += s
	}
	return source, nil
}

// compile compiles source that is not nested too deeply for the compiler.
func (p *process) compile(name, source string, env rt.Value) (f *rt.Closure, err error) {
	defer func() {
		if r := recover(); r != nil {
			defect, ok := r.(interface {
				error
				RuntimeError()
			})
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("cannot be compiled: %w", defect)
		}
	}()
	if err := checkSource(name, source); err != nil {
		return nil, err
	}
	return p.lua.CompileAndLoadLuaChunk(name, []byte(source), env)
}

// checkSource refuses source that is too large, nested too deeply or not text. What
// is wrong otherwise is for the compiler to say.
func checkSource(name, source string) error {
	if len(source) > maxSource {
		return fmt.Errorf("%s: chunk has more than %d bytes", name, maxSource)
	}
	if source != "" && source[0] == 0x1b {
		return fmt.Errorf("%s: attempt to load a binary chunk", name)
	}
	n := nesting{open: []int{0}}
	s := scanner.New(name, []byte(source))
	for {
		tok := s.Scan()
		if tok == nil || tok.Type == token.EOF || tok.Type == token.INVALID || tok.Type == token.UNFINISHED {
			return nil
		}
		n.add(tok.Type)
		if len(n.open) > maxNesting || n.total > maxChain {
			return fmt.Errorf("%s:%d: chunk has too many syntax levels", name, tok.Line)
		}
	}
}

// nesting follows blocks, brackets and the length of expressions. It counts too
// much rather than too little.
type nesting struct {
	open  []int // tokens since the last border, for each level that is open
	total int   // of open
	last  token.Type
}

func (n *nesting) add(t token.Type) {
	switch t {
	case token.SgOpenBkt, token.SgOpenBrace, token.SgOpenSquareBkt, token.KwFunction, token.KwDo, token.KwIf, token.KwRepeat:
		n.count()
		n.open = append(n.open, 0)
	case token.SgCloseBkt, token.SgCloseBrace, token.SgCloseSquareBkt, token.KwEnd, token.KwUntil:
		if last := len(n.open) - 1; last > 0 {
			n.total -= n.open[last]
			n.open = n.open[:last]
		}
		n.count()
	case token.SgComma, token.SgSemicolon, token.SgAssign, token.KwLocal, token.KwReturn, token.KwThen, token.KwElse,
		token.KwElseIf, token.KwFor, token.KwIn, token.KwWhile, token.KwBreak, token.KwGoto, token.SgDoubleColon:
		n.border()
	case token.IDENT:
		if endsExpression(n.last) { // a new statement
			n.border()
		}
		n.count()
	default:
		n.count()
	}
	n.last = t
}

func (n *nesting) count() {
	n.open[len(n.open)-1]++
	n.total++
}

func (n *nesting) border() {
	n.total -= n.open[len(n.open)-1]
	n.open[len(n.open)-1] = 0
}

// endsExpression tells whether a token can be the last of an expression.
func endsExpression(t token.Type) bool {
	switch t {
	case token.IDENT, token.STRING, token.LONGSTRING, token.NUMDEC, token.NUMHEX, token.KwNil, token.KwTrue, token.KwFalse,
		token.SgEtc, token.SgCloseBkt, token.SgCloseBrace, token.SgCloseSquareBkt, token.KwEnd:
		return true
	}
	return false
}

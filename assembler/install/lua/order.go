package lua

import (
	"cmp"
	"errors"
	"slices"

	rt "github.com/arnodel/golua/runtime"
)

// walk is one passage through a table: numbers in their order, then strings in
// theirs, then the rest. The order of the interpreter's tables would be another in
// every run.
type walk struct {
	table *rt.Table
	keys  []rt.Value
	next  int
}

const valueSize = 16 // bytes of a value, as the interpreter counts

// begin notes the keys of a table.
func begin(t *rt.Thread, table *rt.Table) *walk {
	w := &walk{table: table}
	key, _, _ := table.Next(rt.NilValue)
	for ; !key.IsNil(); key, _, _ = table.Next(key) {
		t.RequireCPU(1)
		t.RequireMem(valueSize)
		w.keys = append(w.keys, key)
	}
	slices.SortStableFunc(w.keys, compareKeys)
	return w
}

// compareKeys orders numbers, strings and the rest.
func compareKeys(a, b rt.Value) int {
	if c := cmp.Compare(keyRank(a), keyRank(b)); c != 0 || keyRank(a) > 1 {
		return c
	}
	if keyRank(a) == 1 {
		return cmp.Compare(a.AsString(), b.AsString())
	}
	x, xInt := a.TryInt()
	y, yInt := b.TryInt()
	if xInt && yInt {
		return cmp.Compare(x, y)
	}
	f, _ := rt.ToFloat(a)
	g, _ := rt.ToFloat(b)
	return cmp.Compare(f, g)
}

func keyRank(v rt.Value) int {
	switch v.Type() {
	case rt.IntType, rt.FloatType:
		return 0
	case rt.StringType:
		return 1
	case rt.BoolType:
		return 2
	}
	return 3
}

// step returns the next key that still has a value; nil at the end.
func (w *walk) step(t *rt.Thread) (key, value rt.Value) {
	for w.next < len(w.keys) {
		key = w.keys[w.next]
		w.next++
		if value = w.table.Get(key); !value.IsNil() {
			return key, value
		}
		t.RequireCPU(1)
	}
	t.ReleaseMem(uint64(len(w.keys)) * valueSize)
	w.keys = nil
	return rt.NilValue, rt.NilValue
}

// push gives the next key and value, or nil at the end, to the caller.
func (w *walk) push(t *rt.Thread, c *rt.GoCont) {
	key, value := w.step(t)
	t.Push1(c.Next(), key)
	if !key.IsNil() {
		t.Push1(c.Next(), value)
	}
}

// seek goes to what follows a key.
func (w *walk) seek(key rt.Value) error {
	if w.next > 0 && w.next <= len(w.keys) && w.keys[w.next-1] == key {
		return nil
	}
	at := slices.Index(w.keys, key)
	if f, ok := key.TryFloat(); ok && at < 0 {
		at = slices.Index(w.keys, rt.IntValue(int64(f)))
	}
	if at < 0 {
		return errors.New("invalid key to 'next'")
	}
	w.next = at + 1
	return nil
}

// pairsFunction is pairs. A passage has its own keys, so that others do not disturb.
func (p *process) pairsFunction() *rt.GoFunction {
	return p.several("pairs", func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
		if len(args) == 0 {
			return errors.New("bad argument #1 to 'pairs' (table expected, got no value)")
		}
		results := rt.NewTerminationWith(c, 3, false)
		err, found := rt.Metacall(t, args[0], "__pairs", args[:1], results)
		if err != nil {
			return err
		}
		if found {
			t.Push(c.Next(), results.Get(0), results.Get(1), results.Get(2))
			return nil
		}
		table, ok := args[0].TryTable()
		if !ok {
			return errors.New("bad argument #1 to 'pairs' (table expected, got " + args[0].TypeName() + ")")
		}
		w := begin(t, table)
		step := p.several("next", func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
			w.push(t, c)
			return nil
		})
		t.Push(c.Next(), rt.FunctionValue(step), args[0], rt.NilValue)
		return nil
	})
}

// nextFunction is next. It keeps the passage of the last table it was asked about.
func (p *process) nextFunction() *rt.GoFunction {
	last := &walk{}
	return p.several("next", func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
		if len(args) == 0 || args[0].Type() != rt.TableType {
			return errors.New("bad argument #1 to 'next' (table expected)")
		}
		table := args[0].AsTable()
		if missing(args, 1) || last.table != table || last.keys == nil {
			t.ReleaseMem(uint64(len(last.keys)) * valueSize)
			last = &walk{}
			last = begin(t, table)
		}
		if !missing(args, 1) {
			if err := last.seek(args[1]); err != nil {
				return err
			}
		}
		last.push(t, c)
		return nil
	})
}

// several wraps a function of the interpreter that pushes its results itself.
func (p *process) several(name string, f func(*rt.Thread, *rt.GoCont, []rt.Value) error) *rt.GoFunction {
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		next := c.Next()
		if err := f(t, c, c.Etc()); err != nil {
			return nil, err
		}
		return next, nil
	}, name, 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}

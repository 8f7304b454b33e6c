package lua

import (
	"errors"

	rt "github.com/arnodel/golua/runtime"
)

// hook is a function registered under a name.
type hook struct {
	name string
	call rt.Value
	data *rt.UserData // names it
}

// hookFunctions are rpm.register, rpm.unregister and rpm.call. They only touch the
// interpreter: nothing of them is replayed in a forked process.
func (p *process) hookFunctions() map[string]*rt.GoFunction {
	out := map[string]*rt.GoFunction{}
	for name, f := range map[string]func(*rt.Thread, []rt.Value) (rt.Value, error){
		"register": p.register, "unregister": p.unregister, "call": p.callHooks,
	} {
		fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
			v, err := f(t, c.Etc())
			if err != nil {
				return nil, err
			}
			if v.IsNil() {
				return c.Next(), nil
			}
			return c.PushingNext1(t.Runtime, v), nil
		}, name, 0, true)
		rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
		out[name] = fn
	}
	return out
}

func hookName(args []rt.Value, function string) (string, error) {
	name, err := text(args, 0)
	if err != nil {
		err = errors.New("bad argument #1 to 'rpm." + function + "' (hook name expected)")
	}
	return name, err
}

func (p *process) register(_ *rt.Thread, args []rt.Value) (rt.Value, error) {
	name, err := hookName(args, "register")
	if err != nil {
		return rt.NilValue, err
	}
	if len(args) < 2 || args[1].Type() != rt.FunctionType {
		return rt.NilValue, errors.New("bad argument #2 to 'rpm.register' (function expected)")
	}
	h := hook{name, args[1], rt.NewUserData(name, nil)}
	p.lua.RequireMem(64)
	p.hooks = append(p.hooks, h)
	return rt.UserDataValue(h.data), nil
}

func (p *process) unregister(_ *rt.Thread, args []rt.Value) (rt.Value, error) {
	name, err := hookName(args, "unregister")
	if err != nil {
		return rt.NilValue, err
	}
	var data *rt.UserData
	if len(args) > 1 {
		data, _ = args[1].TryUserData()
	}
	if data == nil {
		return rt.NilValue, errors.New("bad argument #2 to 'rpm.unregister' (hook information expected)")
	}
	var left []hook
	for _, h := range p.hooks {
		if h.name != name || h.data != data {
			left = append(left, h)
		}
	}
	p.hooks = left
	return rt.NilValue, nil
}

// callHooks calls what is registered under a name, with a table of the arguments,
// until one returns another number than zero. A failing one is told.
func (p *process) callHooks(t *rt.Thread, args []rt.Value) (rt.Value, error) {
	name, err := hookName(args, "call")
	if err != nil {
		return rt.NilValue, err
	}
	for _, a := range args[1:] {
		if k := a.Type(); k == rt.TableType || k == rt.FunctionType || k == rt.BoolType {
			return rt.NilValue, errors.New("unsupported Lua type passed to hook")
		}
	}
	for _, h := range p.hooks {
		if h.name != name {
			continue
		}
		list := rt.NewTable()
		for i, a := range args[1:] {
			t.SetTable(list, rt.IntValue(int64(i+1)), a)
		}
		v, err := rt.Call1(t, h.call, rt.TableValue(list))
		if p.stopped != nil {
			return rt.NilValue, err
		}
		if err != nil {
			p.out.Write([]byte("error: lua hook failed: " + err.Error() + "\n"))
		} else if n, ok := rt.ToInt(v); ok && n != 0 {
			break
		}
	}
	return rt.NilValue, nil
}

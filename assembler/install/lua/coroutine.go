package lua

import (
	"errors"
	"time"

	rt "github.com/arnodel/golua/runtime"
)

const (
	maxCoroutines  = 1000 // that have not ended
	closingTimeout = time.Second
)

// settle waits until a coroutine that is dead has really ended. The interpreter lets
// whoever resumed it go on before that, and both would count memory at once, which
// can end the program. Closing a dead coroutine does nothing but take the lock that
// its goroutine holds to the end.
func settle(t, co *rt.Thread) {
	if co.Status() == rt.ThreadDead {
		_, _ = co.Close(t)
	}
}

// settling wraps a function of the interpreter whose first argument is a coroutine
// that may be dead afterwards.
func (p *process) settling(name string, f rt.Callable) *rt.GoFunction {
	fn := rt.NewGoFunction(func(t *rt.Thread, c *rt.GoCont) (rt.Cont, error) {
		if args := c.Etc(); len(args) > 0 {
			if co, ok := args[0].TryThread(); ok {
				defer settle(t, co)
			}
		}
		inner := f.Continuation(t, c.Next())
		inner.PushEtc(t.Runtime, c.Etc())
		return inner.RunInThread(t)
	}, name, 0, true)
	rt.SolemnlyDeclareCompliance(rt.ComplyCpuSafe|rt.ComplyMemSafe|rt.ComplyTimeSafe|rt.ComplyIoSafe, fn)
	return fn
}

// create is coroutine.create.
func (p *process) create(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	co, err := p.coroutine(t, args)
	if err == nil {
		t.Push1(c.Next(), rt.ThreadValue(co))
	}
	return err
}

// wrap is coroutine.wrap.
func (p *process) wrap(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
	co, err := p.coroutine(t, args)
	if err != nil {
		return err
	}
	t.Push1(c.Next(), rt.FunctionValue(p.several("wrap", func(t *rt.Thread, c *rt.GoCont, args []rt.Value) error {
		defer settle(t, co)
		results, err := co.Resume(t, args)
		t.Push(c.Next(), results...)
		return err
	})))
	return nil
}

// coroutine starts one that has the hook of the script.
func (p *process) coroutine(t *rt.Thread, args []rt.Value) (*rt.Thread, error) {
	if len(args) == 0 || args[0].Type() != rt.FunctionType {
		return nil, errors.New("bad argument #1 to 'create' (function expected)")
	}
	if len(p.coroutines) >= maxCoroutines {
		p.forgetDead()
	}
	if len(p.coroutines) >= maxCoroutines {
		return nil, errors.New("too many coroutines")
	}
	co := rt.NewThread(t.Runtime)
	co.SetupHooks(p.hook)
	co.Start(args[0].AsCallable())
	p.coroutines = append(p.coroutines, co)
	return co, nil
}

// forgetDead keeps the coroutines that have not ended.
func (p *process) forgetDead() {
	var alive []*rt.Thread
	for _, co := range p.coroutines {
		if co.Status() != rt.ThreadDead {
			alive = append(alive, co)
		}
	}
	p.coroutines = alive
}

// endCoroutines ends those that are still waiting: each has a goroutine. None of
// their code runs any more.
func (p *process) endCoroutines() {
	p.ended.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, co := range p.coroutines {
			if co.Status() == rt.ThreadSuspended {
				_, _ = co.Close(p.lua.MainThread())
				settle(p.lua.MainThread(), co)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(closingTimeout):
	}
}

// Package ordered runs jobs on a bounded number of workers and hands their
// results on in the order in which the jobs were given, so that parallel work
// leaves no trace in the output.
package ordered

import (
	"context"
	"sync"
)

// Pool bounds the number of jobs that run at once; queues share one.
type Pool struct{ slots chan struct{} }

// NewPool returns a pool of n workers, at least one.
func NewPool(n int) *Pool { return &Pool{make(chan struct{}, max(n, 1))} }

// Workers is the number of jobs that may run at once.
func (p *Pool) Workers() int { return cap(p.slots) }

// Run runs one job in the calling goroutine when a worker is free.
func (p *Pool) Run(job func()) {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	job()
}

type result[T any] struct {
	value T
	err   error
}

// Queue is an ordered sequence of jobs. Do and Wait belong to one goroutine.
type Queue[T any] struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	pool   *Pool
	line   chan chan result[T]
	done   sync.WaitGroup
}

// New returns a queue whose results go to commit, one at a time and in order. At
// most depth jobs are begun and not yet committed.
func New[T any](ctx context.Context, pool *Pool, depth int, commit func(T) error) *Queue[T] {
	ctx, cancel := context.WithCancelCause(ctx)
	q := &Queue[T]{ctx: ctx, cancel: cancel, pool: pool, line: make(chan chan result[T], max(depth, 1)-1)}
	q.done.Add(1)
	go q.commit(commit)
	return q
}

func (q *Queue[T]) commit(commit func(T) error) {
	defer q.done.Done()
	for slot := range q.line {
		r := <-slot
		if q.ctx.Err() != nil {
			continue
		}
		if r.err == nil {
			r.err = commit(r.value)
		}
		if r.err != nil {
			q.cancel(r.err)
		}
	}
}

// Do gives a job to the queue; it waits while the queue is full and returns the
// first error of any job or commit. A job that was begun is always finished.
func (q *Queue[T]) Do(job func() (T, error)) error {
	slot := make(chan result[T], 1)
	select {
	case <-q.ctx.Done():
		return context.Cause(q.ctx)
	case q.line <- slot:
	}
	q.done.Add(1)
	go func() {
		defer q.done.Done()
		q.pool.Run(func() {
			var r result[T]
			r.value, r.err = job()
			slot <- r
		})
	}()
	return nil
}

// Wait ends the queue: it returns when every job is finished and committed, with
// the first error. It must be called exactly once.
func (q *Queue[T]) Wait() error {
	close(q.line)
	q.done.Wait()
	err := context.Cause(q.ctx)
	q.cancel(nil)
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	execution "github.com/croco-dev/execution/clients/go"
)

// worker is the client's worker loop in the background, and what its handler has done.
type worker struct {
	stop    context.CancelFunc
	ended   chan error
	mu      sync.Mutex
	handled []object
}

func (d *driver) work(with arguments) (any, error) {
	loop, err := execution.NewWorker(d.client, &execution.WorkerOptions{
		Concurrency: with.number("slots"), Lease: with.span("lease_duration_ms"),
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &worker{stop: stop, ended: make(chan error, 1)}
	d.workers[with.text("as")] = w
	for _, kind := range with.texts("types") {
		loop.Handle(kind, w.handle)
	}
	go func() { w.ended <- loop.Run(ctx) }()
	return nil, nil
}

func (d *driver) stopWork(with arguments) (any, error) {
	w := d.workers[with.text("as")]
	w.stop()
	if err := <-w.ended; err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return object{"handled": append([]object{}, w.handled...)}, nil
}

func (w *worker) handle(ctx context.Context, job *execution.Job) (any, error) {
	result, err := perform(ctx, job)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handled = append(w.handled, object{"id": job.ID(), "attempt": job.Attempt(), "ended": how(ctx, err)})
	return result, err
}

func how(ctx context.Context, err error) string {
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		return "completed"
	case errors.Is(cause, execution.ErrCancelRequested):
		return "cancelled"
	case errors.Is(cause, execution.ErrLeaseLost):
		return "lost"
	case errors.Is(cause, execution.ErrWorkerStops):
		return "released"
	default:
		return "failed"
	}
}

// perform does what the payload says.
func perform(ctx context.Context, job *execution.Job) (any, error) {
	payload, _ := job.Payload().(object)
	steps, _ := payload["do"].([]any)
	for _, step := range steps {
		for name, with := range step.(object) {
			switch name {
			case "checkpoint":
				checkpoint := with.(object)
				if err := job.Checkpoint(checkpoint["key"].(string), checkpoint["value"]); err != nil {
					return nil, err
				}
			case "progress":
				if err := job.Progress(progress(with.(object))); err != nil {
					return nil, err
				}
			case "fail_once", "fail":
				if name == "fail" || job.Attempt() == 1 {
					return nil, failure(with.(object))
				}
			case "wait":
				<-ctx.Done()
				return nil, ctx.Err()
			case "complete":
				if with == "checkpoints" {
					return job.Execution.Checkpoints, nil
				}
				return with, nil
			default:
				return nil, fmt.Errorf("the driver's handler does not know %q", name)
			}
		}
	}
	return nil, nil
}

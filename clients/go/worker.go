package execution

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"
)

const (
	maxTypes = 20
	// maxConcurrency is more than one process can keep busy.
	maxConcurrency = 1_000
)

// The causes for which a job's context ends: [context.Cause] tells, and [errors.Is] finds these in it.
var (
	// ErrCancelRequested means that somebody asked for the cancellation of the execution.
	ErrCancelRequested = errors.New("the cancellation was requested")
	// ErrLeaseLost means that the attempt is over without the worker's doing: what it still writes is refused.
	ErrLeaseLost = errors.New("the lease is lost")
	// ErrWorkerStops means that the worker itself is about to end.
	ErrWorkerStops = errors.New("the worker stops")
)

// Handler does an execution. What it answers is the result of the execution; nil is none, [Null] is JSON null.
//
// An error fails the attempt, and another may follow; an [*ExecutionError] says more. When the context ends the handler is
// to stop: whatever error of the context it then answers gives the execution back, which costs no attempt, and cancels
// it if that was requested.
type Handler func(ctx context.Context, job *Job) (result any, err error)

// WorkerOptions are what a worker may be told.
type WorkerOptions struct {
	// Concurrency is how many handlers run at a time, up to 1,000. 0: 10.
	Concurrency int
	// Lease is how long the worker may be silent before others get what it does, 1 s to 1 h. Handlers are stopped when
	// the service was not heard for two thirds of it. 0: 30 s.
	Lease time.Duration
	// Drain is how long a worker that is to stop lets its handlers go on before it stops them. 0: 10 s; less: not at all.
	Drain time.Duration
	// ProgressInterval is the least time between two reports of a job's progress. 0: 200 ms.
	ProgressInterval time.Duration
	// WorkerID is how the worker names itself. Empty: made of host and process.
	WorkerID string
	// Logger is told what happens. nil: slog.Default().
	Logger *slog.Logger
}

// Worker does executions: it gives each that is ready to the handler of its type. Lost connections and servers that stop
// are its business: handlers go on as long as their lease holds.
type Worker struct {
	client   *Client
	options  WorkerOptions
	handlers map[string]Handler
}

// NewWorker makes a worker that connects when it runs. The client stays the caller's, to close it after Run. An error
// means that an option is outside its limits.
func NewWorker(client *Client, options *WorkerOptions) (*Worker, error) {
	o := given(options)
	o.Concurrency = cmp.Or(o.Concurrency, 10)
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Drain = max(0, cmp.Or(o.Drain, 10*time.Second))
	o.ProgressInterval = cmp.Or(o.ProgressInterval, 200*time.Millisecond)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.WorkerID == "" {
		host, _ := os.Hostname() // A worker without a host's name is told apart by the rest.
		o.WorkerID = fmt.Sprintf("%s-%d-%s", cmp.Or(host, "worker"), os.Getpid(), rand.Text()[:6])
	}
	if o.Concurrency < 1 || o.Concurrency > maxConcurrency {
		return nil, fmt.Errorf("Concurrency is %d; it has to be 1 to %d", o.Concurrency, maxConcurrency)
	}
	if o.Lease < time.Second || o.Lease > time.Hour {
		return nil, fmt.Errorf("Lease is %v; it has to be 1 s to 1 h", o.Lease)
	}
	if o.ProgressInterval < 0 {
		return nil, fmt.Errorf("ProgressInterval is %v; it must not be negative", o.ProgressInterval)
	}
	return &Worker{client, o, make(map[string]Handler)}, nil
}

// Handle registers the handler of a type, before Run. It panics if the type has one already, and if there are more than
// 20 types.
func (w *Worker) Handle(kind string, handler Handler) {
	if w.handlers[kind] != nil {
		panic(fmt.Sprintf("execution: the type %q has a handler already", kind))
	}
	if len(w.handlers) == maxTypes {
		panic(fmt.Sprintf("execution: a worker takes at most %d types", maxTypes))
	}
	w.handlers[kind] = handler
}

// Run works until the context ends. Then it takes nothing new, lets handlers go on for WorkerOptions.Drain, stops those
// that still run, gives back what they do not end, and answers nil.
//
// Any other answer is an error: no handler is registered, or the service refuses the worker for good, as with
// CredentialsInvalid. Handlers get the values of the context, but not its end.
func (w *Worker) Run(ctx context.Context) error {
	if len(w.handlers) == 0 {
		return errors.New("the worker has no handlers: register some with Handle")
	}
	return newRun(ctx, w).run(ctx)
}

package execution

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const (
	// unwindTime is how long handlers that are told to stop when the worker stops may take for it.
	unwindTime = 2 * time.Second
	// flushTime is how long a worker that stops waits for its last reports to be acknowledged.
	flushTime      = 5 * time.Second
	failuresToWarn = 5
)

type heldAttempt struct {
	id     string
	number int32
}

// run is one run of a worker: what it holds, its streams, and how it stops. The mutex guards everything below it, the
// outbox and the attempts included; nothing waits while it is held.
type run struct {
	client   *Client
	options  WorkerOptions
	handlers map[string]Handler
	log      *slog.Logger
	// values is the context that those of the handlers come from: the worker's, without its end.
	values context.Context

	mu       sync.Mutex
	outbox   *outbox
	pulse    pulse
	held     map[heldAttempt]*attempt
	attempts map[*attempt]struct{} // those whose handler runs, lost ones included
	stream   *workStream
	failures int
	draining bool
	// changed has an element when something has ended or was answered.
	changed chan struct{}
}

func newRun(ctx context.Context, worker *Worker) *run {
	r := &run{
		client:   worker.client,
		options:  worker.options,
		handlers: worker.handlers,
		log:      worker.options.Logger,
		values:   context.WithoutCancel(ctx),
		pulse:    newPulse(worker.options.Lease, time.Now()),
		held:     make(map[heldAttempt]*attempt),
		attempts: make(map[*attempt]struct{}),
		changed:  make(chan struct{}, 1),
	}
	r.outbox = newOutbox(r.later)
	return r
}

// later runs a function after a time, with the mutex held.
func (r *run) later(pause time.Duration, do func()) {
	time.AfterFunc(pause, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		do()
	})
}

// run works until the context ends and what runs has ended or was given back.
func (r *run) run(stopping context.Context) error {
	ctx, end := context.WithCancel(r.values)
	var parts sync.WaitGroup
	connected, drained := make(chan error, 1), make(chan struct{})
	parts.Go(func() { connected <- r.stayConnected(ctx) })
	parts.Go(func() { r.feelPulse(ctx) })
	parts.Go(func() { r.drain(stopping, ctx, drained) })
	var err error
	select {
	case err = <-connected:
	case <-drained:
	}
	r.dropAll()
	end()
	parts.Wait()
	return err
}

func (r *run) dropAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for attempt := range r.attempts {
		attempt.drop(ErrWorkerStops)
	}
}

// stayConnected opens one stream after the other; returns when the worker is to stop and has nothing more to say.
func (r *run) stayConnected(ctx context.Context) error {
	for {
		stream, hello := r.nextStream(ctx)
		if stream == nil {
			return nil
		}
		err := stream.talk(hello)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || isHopeless(err) {
			return err
		}
		pause := r.pauseAfter(err)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// isHopeless tells of what does not pass: there is no use in coming back.
func isHopeless(err error) bool {
	problem, ok := errors.AsType[*Problem](err)
	if !ok || is[*ClientClosed](err) {
		return true
	}
	switch problem.Code {
	case codes.InvalidArgument, codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented:
		return true
	default:
		return false
	}
}

// nextStream answers a stream and what to say first; none if there is no need for one.
func (r *run) nextStream(ctx context.Context) (*workStream, *pb.WorkHello) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.draining && r.isIdle() {
		return nil, nil
	}
	r.stream = newWorkStream(ctx, r)
	r.outbox.sendAgain()
	r.pulse.reconnected()
	hello := &pb.WorkHello{
		WorkerId:      r.options.WorkerID,
		Slots:         int32(max(r.options.Concurrency, len(r.held))),
		LeaseDuration: durationpb.New(r.options.Lease),
	}
	if !r.draining { // A worker that stops goes on with what it holds and takes nothing new.
		for kind := range r.handlers {
			hello.Types = append(hello.Types, kind)
		}
	}
	for held := range r.held {
		hello.Held = append(hello.Held, &pb.HeldAttempt{Id: held.id, Attempt: held.number})
	}
	return r.stream, hello
}

func (r *run) pauseAfter(err error) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures++
	pause := pauseAfter(r.failures, err)
	level := slog.LevelInfo
	if r.failures >= failuresToWarn {
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, "the stream has ended", "error", err, "next", pause)
	return pause
}

// take does what the server says.
func (r *run) take(response *pb.WorkResponse) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = 0
	r.pulse.heard(time.Now())
	for _, assignment := range response.GetAssignments() {
		r.begin(assignment)
	}
	for _, acknowledgement := range response.GetAcknowledgements() {
		r.outbox.acknowledge(acknowledgement)
	}
	for _, directive := range response.GetDirectives() {
		r.follow(directive)
	}
	r.noteChange()
}

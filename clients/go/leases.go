package execution

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const (
	// roundTrip is how long a call may last that waits at the server: shorter than what proxies allow a silent call.
	roundTrip = 20 * time.Second
	// grace is how much longer the deadline of such a call is.
	grace = 5 * time.Second
)

// The verbs of workers that cannot stream. Those that can need none of them: see Worker.

// ClaimOptions are what Claim may be told.
type ClaimOptions struct {
	// MaxExecutions is how many to start at most, 1 to 1,000. 0: 1.
	MaxExecutions int32
	// LeaseDuration is how long the worker may be silent before others get them. 0: 30 s.
	LeaseDuration time.Duration
	// Wait is how long to wait for the first, up to 60 s. nil: 20 s.
	Wait *time.Duration
}

// Claim starts executions of some types that are ready, each under a lease, and answers them in full; none if none came
// in time.
//
// Problems: Unavailable (there is no answer; it is not repeated: what it was given comes back when the lease runs out).
func (c *Client) Claim(
	ctx context.Context, workerID string, types []string, options *ClaimOptions,
) ([]*Execution, error) {
	o := given(options)
	wait := roundTrip
	if o.Wait != nil {
		wait = *o.Wait
	}
	line, giveBack, err := c.connection.longCall()
	if err != nil {
		return nil, err
	}
	defer giveBack()
	ctx, cancel := context.WithTimeout(ctx, wait+grace)
	defer cancel()
	answer, err := call(ctx, c, line.work.ClaimExecutions, &pb.ClaimExecutionsRequest{
		WorkerId:      workerID,
		Types:         types,
		MaxExecutions: cmp.Or(o.MaxExecutions, 1),
		LeaseDuration: toDuration(o.LeaseDuration),
		Wait:          durationpb.New(wait),
	})
	if err != nil {
		return nil, err
	}
	return fromExecutions(answer.GetExecutions()), nil
}

// Heartbeat lets leases begin anew, and answers what to do about those attempts that are not simply to go on. At most
// 1,000.
func (c *Client) Heartbeat(ctx context.Context, held []HeldAttempt) ([]Directive, error) {
	request := &pb.HeartbeatRequest{}
	for _, attempt := range held {
		request.Held = append(request.Held, &pb.HeldAttempt{Id: attempt.ID, Attempt: attempt.Attempt})
	}
	answer, err := call(ctx, c, c.work().Heartbeat, request)
	if err != nil {
		return nil, err
	}
	directives := make([]Directive, len(answer.GetDirectives()))
	for index, directive := range answer.GetDirectives() {
		directives[index] = fromDirective(directive)
	}
	return directives, nil
}

// ReleaseOptions are what Release may be told.
type ReleaseOptions struct {
	// Delay is when others may get it. 0: at once.
	Delay time.Duration
	// Attempt, ExpectedRevision and RequestID are as in AttemptOptions.
	Attempt          *int32
	ExpectedRevision *int64
	RequestID        string
}

// Release gives an execution back: running to retrying, or to cancelled if that was requested. It costs no attempt.
// Answers the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is not running), AttemptFenced.
func (c *Client) Release(ctx context.Context, id string, options *ReleaseOptions) (*Execution, error) {
	o := given(options)
	answer, err := call(ctx, c, c.work().ReleaseExecution, &pb.ReleaseExecutionRequest{
		Id:               id,
		Delay:            toDuration(o.Delay),
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

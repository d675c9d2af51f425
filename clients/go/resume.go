package execution

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	brokenTries  = 5
)

// resume decides whether to ask again after a problem, and after which pause.
type resume struct{ failures int }

// succeeded takes note that an answer came: the next pause is short again.
func (r *resume) succeeded() { r.failures = 0 }

// pauseAfter answers for how long to wait before asking again, or the problem itself if that is of no use. A service that
// does not answer is asked for ever; one whose streams break in some other way, five times in a row.
func (r *resume) pauseAfter(ctx context.Context, err error) (time.Duration, error) {
	r.failures++
	if ctx.Err() != nil || !r.mayPass(err) {
		return 0, err
	}
	return pauseAfter(r.failures, err), nil
}

func (r *resume) mayPass(err error) bool {
	problem, ok := errors.AsType[*Problem](err)
	switch {
	case !ok || is[*ClientClosed](err):
		return false
	case is[*Unavailable](err) || is[*DeadlineExceeded](err):
		return true
	}
	// How gRPC reports a stream that ended without a status, by what the proxy or the server did to the connection.
	switch problem.Code {
	case codes.Canceled, codes.Internal, codes.Unknown:
		return problem.Reason == "" && r.failures <= brokenTries
	default:
		return false
	}
}

// pauseAfter answers a pause that is longer with each failure in a row, with jitter, and not less than the server asks for.
func pauseAfter(failures int, err error) time.Duration {
	longest := min(longestPause, firstPause<<min(failures-1, 10))
	pause := time.Duration(float64(longest) * (0.5 + rand.Float64()/2))
	if problem, ok := errors.AsType[*Problem](err); ok {
		pause = max(pause, problem.RetryDelay)
	}
	return pause
}

// sleep answers Cancelled or DeadlineExceeded if the context ends before.
func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// ended answers the problem of a context that has ended.
func ended(ctx context.Context) error {
	code := codes.Canceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		code = codes.DeadlineExceeded
	}
	return typed(Problem{Message: ctx.Err().Error(), Code: code, cause: ctx.Err()})
}

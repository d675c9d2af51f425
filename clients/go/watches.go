package execution

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// WatchOptions are what Watch may be told.
type WatchOptions struct {
	// AfterRevision is the revision of the last message of an earlier watch. nil: begin with a snapshot.
	AfterRevision *int64
	// Follow stays when the execution comes to rest: a retry may revive it.
	Follow bool
	// View is how much of the execution messages carry. Empty: the basic view.
	View View
}

// Watch tells what happens to an execution until it is at rest.
//
// First comes a snapshot (or, with AfterRevision, what came after it), then every status change once, in order of
// revisions; of other changes the newest. Lost connections and restarts of the service are bridged without a gap and
// without a repeat, for as long as the context lasts. An error is the last that it answers; leaving the loop ends the call.
//
// Problems: ExecutionNotFound (there is none, or there is no more), WatchRevisionCompacted (the history does not reach
// back to the revision; watch again without one), TooManyWatches.
func (c *Client) Watch(ctx context.Context, id string, options *WatchOptions) iter.Seq2[WatchMessage, error] {
	o := given(options)
	view, err := toView(o.View)
	if err != nil {
		return failed(err)
	}
	return func(yield func(WatchMessage, error) bool) {
		one := &watchingOne{id: id, revision: o.AfterRevision, follow: o.Follow, view: view}
		open := func(line *line) opener[*pb.WatchExecutionRequest, pb.WatchExecutionResponse] {
			return line.executions.WatchExecution
		}
		watch(ctx, c, one, open, yield)
	}
}

// WatchAllOptions are what WatchAll may be told.
type WatchAllOptions struct {
	// ChangesOnly leaves out the snapshot at the beginning.
	ChangesOnly bool
}

// WatchAll tells what happens to all executions that match, in the basic view, for as long as the context lasts.
//
// Each comes as it is, then one bookmark, then the changes. A lost connection is bridged by a new snapshot: what has
// changed in the meantime comes as a snapshot (status changes that another has overtaken are not told), what does not
// match any more or was deleted as missing, then another bookmark. With ChangesOnly that new one tells also what never
// changed: the client did not know it. An error is the last that it answers; leaving the loop ends the call.
//
// Problems: TooManyWatches (the server takes no more, or the messages were not read fast enough; watch again).
func (c *Client) WatchAll(
	ctx context.Context, filter Filter, options *WatchAllOptions,
) iter.Seq2[WatchMessage, error] {
	o := given(options)
	wanted, err := toFilter(filter)
	if err != nil {
		return failed(err)
	}
	return func(yield func(WatchMessage, error) bool) {
		all := &watchingAll{filter: wanted, snapshot: !o.ChangesOnly, known: make(map[string]int64)}
		open := func(line *line) opener[*pb.WatchExecutionsRequest, pb.WatchExecutionsResponse] {
			return line.executions.WatchExecutions
		}
		watch(ctx, c, all, open, yield)
	}
}

func failed(err error) iter.Seq2[WatchMessage, error] {
	return func(yield func(WatchMessage, error) bool) { yield(WatchMessage{}, err) }
}

// opener opens a stream of messages.
type opener[Q, M any] func(context.Context, Q, ...grpc.CallOption) (grpc.ServerStreamingClient[M], error)

// watch opens one stream after the other until the watch has ended.
func watch[Q, M any](
	ctx context.Context,
	c *Client,
	watching watching[Q, *M],
	open func(*line) opener[Q, M],
	yield func(WatchMessage, error) bool,
) {
	var resume resume
	for {
		wanted, err := stream(ctx, c, open, watching.request(), func(message *M) bool {
			resume.succeeded()
			for _, told := range watching.take(message) {
				if !yield(told, nil) {
					return false
				}
			}
			return true
		})
		if !wanted || err == nil && watching.ended() {
			return
		}
		if err == nil {
			err = unavailable("The stream ended early.")
		}
		pause, err := resume.pauseAfter(ctx, err)
		if err == nil {
			err = sleep(ctx, pause)
		}
		if err != nil {
			yield(WatchMessage{}, err)
			return
		}
	}
}

// stream reads one stream to its end. wanted tells whether take wants more.
func stream[Q, M any](
	ctx context.Context, c *Client, open func(*line) opener[Q, M], request Q, take func(*M) bool,
) (wanted bool, err error) {
	line, giveBack, err := c.connection.longCall()
	if err != nil {
		return true, err
	}
	defer giveBack()
	streamContext, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := unavailable(fmt.Sprintf("Nothing came for %v.", c.settings.WatchSilence))
	alarm := time.AfterFunc(c.settings.WatchSilence, func() { cancel(silent) })
	defer alarm.Stop()
	messages, err := open(line)(streamContext, request)
	for err == nil {
		alarm.Reset(c.settings.WatchSilence)
		var message *M
		if message, err = messages.Recv(); err == nil {
			alarm.Stop() // Whoever takes it may take its time.
			if !take(message) {
				return false, nil
			}
		}
	}
	switch {
	case err == io.EOF:
		return true, nil
	case context.Cause(streamContext) == silent:
		return true, silent
	default:
		return true, c.problemOf(ctx, err)
	}
}

package execution

import (
	"context"

	"google.golang.org/protobuf/types/known/structpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// AttemptOptions are what the verbs of those who do the work may be told.
type AttemptOptions struct {
	// Attempt is the attempt that the caller runs, as Start answered it. If it is not the current one any more the answer
	// is AttemptFenced, and nothing of the call is taken. nil: any.
	Attempt *int32
	// ExpectedRevision and RequestID are as in ChangeOptions.
	ExpectedRevision *int64
	RequestID        string
}

// EndOptions are what Complete and Fail may be told.
type EndOptions struct {
	// Progress and Checkpoints are kept with the same change.
	Progress    *Progress
	Checkpoints map[string]any
	// Attempt, ExpectedRevision and RequestID are as in AttemptOptions.
	Attempt          *int32
	ExpectedRevision *int64
	RequestID        string
}

// SaveOptions are what SaveCheckpoints may be told.
type SaveOptions struct {
	// Progress is kept with the same change.
	Progress *Progress
	// Attempt, ExpectedRevision and RequestID are as in AttemptOptions.
	Attempt          *int32
	ExpectedRevision *int64
	RequestID        string
}

// Start brings what is pending or retrying to running: it begins an attempt, whose number is the answer's Attempts. It
// answers the full view, checkpoints included, so that the work can go on where it stopped.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it cannot be started; of several that race, one starts).
func (c *Client) Start(ctx context.Context, id string, options *ChangeOptions) (*Execution, error) {
	o := given(options)
	answer, err := call(ctx, c, c.executions().StartExecution, &pb.StartExecutionRequest{
		Id: id, ExpectedRevision: o.ExpectedRevision, RequestId: named(o.RequestID),
	})
	return executionOf(answer, err)
}

// Complete brings what is running to completed. Answers the basic view.
//
// The result is the output, any value that encoding/json can write; nil is none, [Null] is JSON null.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is not running), AttemptFenced.
func (c *Client) Complete(ctx context.Context, id string, result any, options *EndOptions) (*Execution, error) {
	o := given(options)
	value, err := toOptionalValue(result, "result")
	if err != nil {
		return nil, err
	}
	progress, checkpoints, err := toLast(o.Progress, o.Checkpoints)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().CompleteExecution, &pb.CompleteExecutionRequest{
		Id:               id,
		Result:           value,
		Progress:         progress,
		Checkpoints:      checkpoints,
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

// Fail brings what is running to retrying if the failure is retryable and attempts are left, else to failed: the answer's
// Status tells, and NextAttemptAt when the retry policy wants the next attempt. Retrying it brings to failed if the
// failure is not retryable: it gives up. Answers the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is neither running nor retrying), AttemptFenced.
func (c *Client) Fail(
	ctx context.Context, id string, failure ExecutionError, options *EndOptions,
) (*Execution, error) {
	o := given(options)
	failed, err := toError(failure)
	if err != nil {
		return nil, err
	}
	progress, checkpoints, err := toLast(o.Progress, o.Checkpoints)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().FailExecution, &pb.FailExecutionRequest{
		Id:               id,
		Error:            failed,
		Progress:         progress,
		Checkpoints:      checkpoints,
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

// toLast converts what may go with a change.
func toLast(
	progress *Progress, checkpoints map[string]any,
) (*pb.Progress, map[string]*structpb.Value, error) {
	converted, err := toProgress(progress)
	if err != nil {
		return nil, nil, err
	}
	values, err := toValues(checkpoints, "checkpoints")
	return converted, values, err
}

// TimeOut brings what is running to timed out, for callers who know before the server does that the attempt is lost.
// Answers the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is not running), AttemptFenced.
func (c *Client) TimeOut(ctx context.Context, id string, options *AttemptOptions) (*Execution, error) {
	o := given(options)
	answer, err := call(ctx, c, c.executions().TimeOutExecution, &pb.TimeOutExecutionRequest{
		Id:               id,
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

// UpdateProgress replaces the progress of a running execution. Answers the basic view.
//
// Problems: ExecutionNotFound, ExecutionNotRunning, AttemptFenced.
func (c *Client) UpdateProgress(
	ctx context.Context, id string, progress Progress, options *AttemptOptions,
) (*Execution, error) {
	o := given(options)
	converted, err := toProgress(&progress)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().UpdateProgress, &pb.UpdateProgressRequest{
		Id:               id,
		Progress:         converted,
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

// SaveCheckpoint keeps one JSON value under a key, over every failure and retry; nil removes the key. Answers the basic
// view.
//
// Problems: those of SaveCheckpoints.
func (c *Client) SaveCheckpoint(
	ctx context.Context, id, key string, value any, options *AttemptOptions,
) (*Execution, error) {
	o := given(options)
	return c.SaveCheckpoints(ctx, id, map[string]any{key: value}, &SaveOptions{
		Attempt: o.Attempt, ExpectedRevision: o.ExpectedRevision, RequestID: o.RequestID,
	})
}

// SaveCheckpoints keeps several JSON values under their keys, all or none; nil removes a key. Answers the basic view.
//
// Problems: ExecutionNotFound, ExecutionNotRunning, TooManyCheckpoints, AttemptFenced.
func (c *Client) SaveCheckpoints(
	ctx context.Context, id string, checkpoints map[string]any, options *SaveOptions,
) (*Execution, error) {
	o := given(options)
	progress, values, err := toLast(o.Progress, checkpoints)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().SaveCheckpoint, &pb.SaveCheckpointRequest{
		Id:               id,
		Checkpoints:      values,
		Progress:         progress,
		Attempt:          o.Attempt,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

package execution

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// ChangeOptions are what every verb that changes an execution may be told.
type ChangeOptions struct {
	// ExpectedRevision is the revision that the execution must have, else the answer is RevisionMismatch. nil: any.
	ExpectedRevision *int64
	// RequestID names the call so that it can be repeated. The client makes one up for each call and keeps it over its
	// automatic repeats; give one to repeat a call yourself.
	RequestID string
}

// CreateOptions are what a new execution may have beside its type and payload.
type CreateOptions struct {
	// MaxAttempts is how many attempts may be started. nil: 3.
	MaxAttempts *int
	// Timeout is how long one attempt may take. 0: no limit.
	Timeout time.Duration
	// StartTimeout is how long it may stay pending. 0: no limit.
	StartTimeout time.Duration
	// TotalTimeout is how long all attempts and the waiting between them may take. 0: no limit.
	TotalTimeout time.Duration
	// RetryPolicy says when the next attempt comes after a failure. nil: the contract's defaults.
	RetryPolicy *RetryPolicy
	// Retention is how long the record is kept once it is at rest. nil: as the server is set.
	Retention *Retention
	// ScheduledAt is the moment before which workers do not get it. Zero: at once.
	ScheduledAt time.Time
	// Priority is 0 to 9: of what is ready, workers get the lowest first. nil: 5.
	Priority *int
	// MaxCrashes is how many workers may be lost with it before it fails. nil: 3.
	MaxCrashes *int
	// IdempotencyKey is unique in the deployment: whoever creates with it again is answered the same execution.
	IdempotencyKey string
	// ParentID is the execution that it belongs to.
	ParentID string
	// Metadata is free data.
	Metadata map[string]any
	// Labels are short strings.
	Labels map[string]string
	// RequestID is as in ChangeOptions.
	RequestID string
}

// Create creates a pending execution and answers it in full, or the one that holds the idempotency key. created tells
// whether this call, or the one that it repeats, created it.
//
// The payload is the input, any value that encoding/json can write; nil is none, [Null] is JSON null.
//
// Problems: IdempotencyKeyReused.
func (c *Client) Create(
	ctx context.Context, kind string, payload any, options *CreateOptions,
) (execution *Execution, created bool, err error) {
	request, err := toCreate(kind, payload, given(options))
	if err != nil {
		return nil, false, err
	}
	answer, err := call(ctx, c, c.executions().CreateExecution, request)
	execution, err = executionOf(answer, err)
	return execution, answer.GetCreated(), err
}

func toCreate(kind string, payload any, o CreateOptions) (*pb.CreateExecutionRequest, error) {
	request := &pb.CreateExecutionRequest{
		Type:           kind,
		Timeout:        toDuration(o.Timeout),
		StartTimeout:   toDuration(o.StartTimeout),
		TotalTimeout:   toDuration(o.TotalTimeout),
		RetryPolicy:    toRetryPolicy(o.RetryPolicy),
		Retention:      toRetention(o.Retention),
		ScheduledAt:    toTimestamp(o.ScheduledAt),
		IdempotencyKey: o.IdempotencyKey,
		ParentId:       o.ParentID,
		Labels:         o.Labels,
		RequestId:      named(o.RequestID),
	}
	var errs [5]error
	request.Payload, errs[0] = toOptionalValue(payload, "payload")
	request.Metadata, errs[1] = toStruct(o.Metadata, "metadata")
	request.MaxAttempts, errs[2] = toCount(o.MaxAttempts, "max_attempts")
	request.Priority, errs[3] = toCount(o.Priority, "priority")
	request.MaxCrashes, errs[4] = toCount(o.MaxCrashes, "max_crashes")
	return request, cmp.Or(errs[:]...)
}

// Changes are the fields that Update replaces: those that are not nil. An empty map, and a pointer to a zero value, clear
// the field.
type Changes struct {
	Metadata     map[string]any
	Labels       map[string]string
	MaxAttempts  *int
	Timeout      *time.Duration
	TotalTimeout *time.Duration
	RetryPolicy  *RetryPolicy
}

// Update replaces fields of an execution. Answers the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is completed or cancelled, where only metadata and labels may
// change).
func (c *Client) Update(ctx context.Context, id string, changes Changes, options *ChangeOptions) (*Execution, error) {
	o := given(options)
	changed, mask, err := toChanges(id, changes)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().UpdateExecution, &pb.UpdateExecutionRequest{
		Execution:        changed,
		UpdateMask:       mask,
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

func toChanges(id string, changes Changes) (*pb.Execution, *fieldmaskpb.FieldMask, error) {
	metadata, err := toStruct(changes.Metadata, "metadata")
	if err != nil {
		return nil, nil, err
	}
	attempts, err := toCount(changes.MaxAttempts, "max_attempts")
	if err != nil {
		return nil, nil, err
	}
	changed := &pb.Execution{
		Id:           id,
		Metadata:     metadata,
		Labels:       changes.Labels,
		MaxAttempts:  given(attempts),
		Timeout:      toDuration(given(changes.Timeout)),
		TotalTimeout: toDuration(given(changes.TotalTimeout)),
	}
	if policy := toRetryPolicy(changes.RetryPolicy); proto.Size(policy) > 0 { // An empty one clears it.
		changed.RetryPolicy = policy
	}
	mask := &fieldmaskpb.FieldMask{}
	for _, field := range []struct {
		name  string
		given bool
	}{
		{"metadata", changes.Metadata != nil},
		{"labels", changes.Labels != nil},
		{"max_attempts", changes.MaxAttempts != nil},
		{"timeout", changes.Timeout != nil},
		{"total_timeout", changes.TotalTimeout != nil},
		{"retry_policy", changes.RetryPolicy != nil},
	} {
		if field.given {
			mask.Paths = append(mask.Paths, field.name)
		}
	}
	return changed, mask, nil
}

// DeleteOptions are what Delete may be told.
type DeleteOptions struct {
	// Force deletes it even if it is running or retrying.
	Force bool
	// ExpectedRevision and RequestID are as in ChangeOptions.
	ExpectedRevision *int64
	RequestID        string
}

// Delete removes an execution and its idempotency key.
//
// Problems: ExecutionNotFound, ExecutionActive (it is running or retrying).
func (c *Client) Delete(ctx context.Context, id string, options *DeleteOptions) error {
	o := given(options)
	_, err := call(ctx, c, c.executions().DeleteExecution, &pb.DeleteExecutionRequest{
		Id: id, Force: o.Force, ExpectedRevision: o.ExpectedRevision, RequestId: named(o.RequestID),
	})
	return err
}

// CancelOptions are what Cancel may be told.
type CancelOptions struct {
	// Reason says why, for a person. It is kept in the metadata as "cancellationReason".
	Reason string
	// GracePeriod is how long what is running gets to stop by itself. It is running in the answer then, and
	// CancellationForcedAt tells until when. 0: none.
	GracePeriod time.Duration
	// ExpectedRevision and RequestID are as in ChangeOptions.
	ExpectedRevision *int64
	RequestID        string
}

// Cancel brings what is pending, running or retrying to cancelled. On a cancelled execution it changes nothing: the first
// reason stays. Answers the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition (it is completed, failed or timed out).
func (c *Client) Cancel(ctx context.Context, id string, options *CancelOptions) (*Execution, error) {
	o := given(options)
	answer, err := call(ctx, c, c.executions().CancelExecution, &pb.CancelExecutionRequest{
		Id:               id,
		Reason:           o.Reason,
		GracePeriod:      toDuration(o.GracePeriod),
		ExpectedRevision: o.ExpectedRevision,
		RequestId:        named(o.RequestID),
	})
	return executionOf(answer, err)
}

// RetryOptions are what Retry may be told.
type RetryOptions struct {
	// AdditionalAttempts raises MaxAttempts by this.
	AdditionalAttempts int32
	// ExpectedRevision and RequestID are as in ChangeOptions.
	ExpectedRevision *int64
	RequestID        string
}

// Retry brings what is failed or timed out to retrying: it allows the next Start, and starts nothing by itself. Answers
// the basic view.
//
// Problems: ExecutionNotFound, InvalidStateTransition, MaxRetriesExceeded (no attempts are left).
func (c *Client) Retry(ctx context.Context, id string, options *RetryOptions) (*Execution, error) {
	o := given(options)
	answer, err := call(ctx, c, c.executions().RetryExecution, &pb.RetryExecutionRequest{
		Id:                 id,
		AdditionalAttempts: o.AdditionalAttempts,
		ExpectedRevision:   o.ExpectedRevision,
		RequestId:          named(o.RequestID),
	})
	return executionOf(answer, err)
}

package execution

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// NewExecution is an entry of BatchCreate: what Create takes.
type NewExecution struct {
	Type    string
	Payload any
	CreateOptions
}

// Outcome is what became of one entry of a batch.
type Outcome struct {
	// Execution is nil if there is an error.
	Execution *Execution
	// Created tells whether this entry, or the one that it repeats, created the execution. Of BatchCreate only.
	Created bool
	// Err is the problem that the entry was refused for.
	Err error
}

// BatchCreate creates up to 500 executions, each as Create does: each by itself, created, found or refused whatever
// becomes of the others. It answers an outcome for each, in their order; an empty view is the basic one. What an answer has
// no room for is fetched by Get.
//
// Problems of an entry: IdempotencyKeyReused, InvalidField, StoreUnavailable.
func (c *Client) BatchCreate(ctx context.Context, entries []NewExecution, view View) ([]Outcome, error) {
	wanted, err := toView(view)
	if err != nil {
		return nil, err
	}
	request := &pb.BatchCreateExecutionsRequest{View: wanted}
	for index, entry := range entries {
		create, err := toCreate(entry.Type, entry.Payload, entry.CreateOptions)
		if invalid, ok := errors.AsType[*InvalidValue](err); ok {
			invalid.Path = fmt.Sprintf("requests[%d].%s", index, invalid.Path)
		}
		if err != nil {
			return nil, err
		}
		request.Requests = append(request.Requests, create)
	}
	answer, err := call(ctx, c, c.executions().BatchCreateExecutions, request)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(answer.GetOutcomes()))
	for index, outcome := range answer.GetOutcomes() {
		outcomes[index] = c.outcome(ctx, outcome, view)
		outcomes[index].Created = outcome.GetCreated()
	}
	return outcomes, nil
}

// BatchGet answers up to 500 executions, each as last committed and in the order of the ids; an empty view is the basic
// one. What an answer has no room for is fetched by Get.
//
// Problems of an entry: ExecutionNotFound, InvalidField, StoreUnavailable.
func (c *Client) BatchGet(ctx context.Context, ids []string, view View) ([]Outcome, error) {
	wanted, err := toView(view)
	if err != nil {
		return nil, err
	}
	request := &pb.BatchGetExecutionsRequest{Ids: ids, View: wanted}
	answer, err := call(ctx, c, c.executions().BatchGetExecutions, request)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(answer.GetOutcomes()))
	for index, outcome := range answer.GetOutcomes() {
		outcomes[index] = c.outcome(ctx, outcome, view)
	}
	return outcomes, nil
}

// batchOutcome is what the outcomes of both batches have in common.
type batchOutcome interface {
	GetExecution() *pb.Execution
	GetRefusal() *pb.Refusal
	GetCut() bool
}

func (c *Client) outcome(ctx context.Context, message batchOutcome, view View) Outcome {
	if refusal := message.GetRefusal(); refusal != nil {
		code := codes.Code(refusal.GetCode())
		return Outcome{Err: problemOfRefusal(refusal.GetReason(), code, refusal.GetMessage(), refusal.GetMetadata())}
	}
	if message.GetCut() {
		execution, err := c.Get(ctx, message.GetExecution().GetId(), cmp.Or(view, ViewBasic))
		return Outcome{Execution: execution, Err: err}
	}
	return Outcome{Execution: fromExecution(message.GetExecution())}
}

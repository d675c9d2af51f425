package execution

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// Filter says which executions: those that match all that is given.
type Filter struct {
	// Statuses, Types and ParentID: those with one of these. Empty: any.
	Statuses []Status
	Types    []string
	ParentID string
	// CreatedFrom and CreatedBefore: those created in this time; the end is not part of it. Zero: no bound.
	CreatedFrom   time.Time
	CreatedBefore time.Time
}

// ListOptions are what List and ListPage may be told.
type ListOptions struct {
	// OldestFirst turns the order around, which is newest first.
	OldestFirst bool
	// PageSize is how many to ask for at a time. 0 leaves it to the server.
	PageSize int32
	// View is how much to answer. Empty: the basic view.
	View View
}

// Get answers an execution as last committed; an empty view is the full one.
//
// Problems: ExecutionNotFound.
func (c *Client) Get(ctx context.Context, id string, view View) (*Execution, error) {
	wanted, err := toView(view)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().GetExecution, &pb.GetExecutionRequest{Id: id, View: wanted})
	return executionOf(answer, err)
}

// GetByIdempotencyKey answers the execution that holds an idempotency key; an empty view is the full one.
//
// Problems: ExecutionNotFound.
func (c *Client) GetByIdempotencyKey(ctx context.Context, idempotencyKey string, view View) (*Execution, error) {
	wanted, err := toView(view)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().GetExecutionByIdempotencyKey, &pb.GetExecutionByIdempotencyKeyRequest{
		IdempotencyKey: idempotencyKey, View: wanted,
	})
	return executionOf(answer, err)
}

// List answers all executions that match, asking for the next page when it is needed. An error is the last that it
// answers.
func (c *Client) List(ctx context.Context, filter Filter, options *ListOptions) iter.Seq2[*Execution, error] {
	return func(yield func(*Execution, error) bool) {
		for token := ""; ; {
			page, err := c.ListPage(ctx, filter, token, options)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, execution := range page.Executions {
				if !yield(execution, nil) {
					return
				}
			}
			if token = page.NextPageToken; token == "" {
				return
			}
		}
	}
}

// ListPage answers one page of what List answers. The token is the NextPageToken of the page before, which was asked for
// with the same filter and order; empty for the first.
//
// Problems: InvalidPageToken.
func (c *Client) ListPage(ctx context.Context, filter Filter, token string, options *ListOptions) (*Page, error) {
	o := given(options)
	wanted, err := toFilter(filter)
	if err != nil {
		return nil, err
	}
	view, err := toView(o.View)
	if err != nil {
		return nil, err
	}
	order := "created_at desc"
	if o.OldestFirst {
		order = "created_at"
	}
	answer, err := call(ctx, c, c.executions().ListExecutions, &pb.ListExecutionsRequest{
		Filter: wanted, PageSize: o.PageSize, PageToken: token, OrderBy: order, View: view,
	})
	if err != nil {
		return nil, err
	}
	return &Page{fromExecutions(answer.GetExecutions()), answer.GetNextPageToken()}, nil
}

// Count answers how many executions match, in all and by status.
func (c *Client) Count(ctx context.Context, filter Filter) (*Count, error) {
	wanted, err := toFilter(filter)
	if err != nil {
		return nil, err
	}
	answer, err := call(ctx, c, c.executions().CountExecutions, &pb.CountExecutionsRequest{Filter: wanted})
	if err != nil {
		return nil, err
	}
	return fromCount(answer), nil
}

// WaitOptions are what Wait may be told.
type WaitOptions struct {
	// Timeout is how long to wait. When it has passed the execution is answered as it is: Status.AtRest tells. 0: for
	// as long as the context lasts.
	Timeout time.Duration
	// View is how much to answer. Empty: the full view.
	View View
}

// Wait waits until an execution is at rest, and answers it. It goes on over lost connections and restarts of the service.
//
// Problems: ExecutionNotFound (there is none, or there is no more), Unavailable and DeadlineExceeded (the service could
// not be reached before the timeout, give or take 5 s).
func (c *Client) Wait(ctx context.Context, id string, options *WaitOptions) (*Execution, error) {
	o := given(options)
	view, err := toView(o.View)
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(o.Timeout)
	limited := o.Timeout > 0
	var resume resume
	for {
		span := roundTrip
		if limited {
			span = max(time.Millisecond, min(span, time.Until(end)))
		}
		answer, err := c.waitOnce(ctx, id, span, view)
		switch {
		case err == nil && (answer.GetDone() || limited && !time.Now().Before(end)):
			return fromExecution(answer.GetExecution()), nil
		case err == nil:
			resume.succeeded()
		default:
			pause, hopeless := resume.pauseAfter(ctx, err)
			if hopeless != nil || limited && !time.Now().Add(pause).Before(end) {
				return nil, err
			}
			if err := sleep(ctx, pause); err != nil {
				return nil, err
			}
		}
	}
}

func (c *Client) waitOnce(
	ctx context.Context, id string, span time.Duration, view pb.ExecutionView,
) (*pb.WaitExecutionResponse, error) {
	line, giveBack, err := c.connection.longCall()
	if err != nil {
		return nil, err
	}
	defer giveBack()
	ctx, cancel := context.WithTimeout(ctx, span+grace)
	defer cancel()
	request := &pb.WaitExecutionRequest{Id: id, Timeout: durationpb.New(span.Truncate(time.Millisecond)), View: view}
	return call(ctx, c, line.executions.WaitExecution, request)
}

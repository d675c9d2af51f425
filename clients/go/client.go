package execution

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// Client speaks to the execution service. It may be used by many goroutines.
type Client struct {
	settings   settings
	connection *connection
}

// NewClient makes a client that connects with its first call.
//
// The target is the server as gRPC names it, such as "localhost:50051" or "dns:///execution-headless:50051". Calls go
// round robin over all addresses that the name has. An error means that the target or an option is none.
func NewClient(target string, options *ClientOptions) (*Client, error) {
	settings, err := newSettings(target, given(options))
	if err != nil {
		return nil, err
	}
	connection, err := openConnection(settings)
	if err != nil {
		return nil, err
	}
	return &Client{settings, connection}, nil
}

// Close ends all calls and closes the connections. A call after that answers ClientClosed. Its own error is always nil.
func (c *Client) Close() error {
	c.connection.close()
	return nil
}

func (c *Client) executions() pb.ExecutionServiceClient { return c.connection.short.executions }

func (c *Client) work() pb.WorkerServiceClient { return c.connection.short.work }

// call makes a unary call.
func call[Q, A any](
	ctx context.Context, c *Client, method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q,
) (A, error) {
	seconds := c.settings.Deadline.Seconds()
	if end, limited := ctx.Deadline(); limited {
		seconds = time.Until(end).Seconds()
	} else {
		limitedContext, cancel := context.WithTimeout(ctx, c.settings.Deadline)
		defer cancel()
		ctx = limitedContext
	}
	answer, err := method(ctx, request)
	if err != nil {
		err = c.problemOf(ctx, err)
		if late, ok := err.(*DeadlineExceeded); ok {
			// gRPC waits for a server that is not there until the deadline, and does not always say so.
			late.Message = fmt.Sprintf(
				"%s gave no answer within %.3g s: can it be reached? (%s)", c.settings.target, seconds, late.Message)
		}
	}
	return answer, err
}

// problemOf answers the problem that an error of gRPC stands for.
func (c *Client) problemOf(ctx context.Context, err error) error {
	problem := problemOf(err, ctx.Err())
	if ctx.Err() == nil && c.connection.isClosed() {
		if base, ok := errors.AsType[*Problem](problem); ok && (base.Code == codes.Canceled || base.Code == codes.Unavailable) {
			return clientClosed()
		}
	}
	return problem
}

// executionOf answers the execution of an answer.
func executionOf[A interface{ GetExecution() *pb.Execution }](answer A, err error) (*Execution, error) {
	if err != nil {
		return nil, err
	}
	return fromExecution(answer.GetExecution()), nil
}

// given answers options, of which nil is as good as empty ones.
func given[O any](options *O) O {
	if options == nil {
		var none O
		return none
	}
	return *options
}

// named gives a call a name of its own, if the caller gave none: then the automatic repeats are harmless.
func named(requestID string) string {
	if requestID != "" {
		return requestID
	}
	return newUUID()
}

// newUUID answers a random UUID (RFC 9562, version 4).
func newUUID() string {
	var bits [16]byte
	rand.Read(bits[:]) // Never fails.
	bits[6] = bits[6]&0x0f | 0x40
	bits[8] = bits[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", bits[:4], bits[4:6], bits[6:8], bits[8:10], bits[10:])
}

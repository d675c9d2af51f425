package execution

import (
	"sync"

	"google.golang.org/grpc"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// places is how many long calls share a connection. Servers that limit streams per connection allow at least 100
// (RFC 9113).
const places = 100

// connection is the channels of one client: one for short calls, others for long ones.
//
// A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in silence.
// Long calls (watches, waits, workers) would thus stop the short ones, so they have connections of their own, and as many
// as they need.
type connection struct {
	settings settings
	short    *line

	mu     sync.Mutex
	closed bool
	long   []*line
}

// line is a channel, its stubs, and how many long calls it carries.
type line struct {
	channel    *grpc.ClientConn
	executions pb.ExecutionServiceClient
	work       pb.WorkerServiceClient
	calls      int
}

// openConnection connects with the first call.
func openConnection(settings settings) (*connection, error) {
	short, err := openLine(settings)
	if err != nil {
		return nil, err
	}
	return &connection{settings: settings, short: short}, nil
}

func openLine(settings settings) (*line, error) {
	channel, err := grpc.NewClient(settings.target, settings.dialOptions()...)
	if err != nil {
		return nil, err
	}
	return &line{
		channel: channel, executions: pb.NewExecutionServiceClient(channel), work: pb.NewWorkerServiceClient(channel),
	}, nil
}

// longCall lends a place for one long call, until giveBack is called.
func (c *connection) longCall() (lent *line, giveBack func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, nil, clientClosed()
	}
	for _, line := range c.long {
		if line.calls < places {
			lent = line
			break
		}
	}
	if lent == nil {
		if lent, err = openLine(c.settings); err != nil {
			return nil, nil, err
		}
		c.long = append(c.long, lent)
	}
	lent.calls++
	return lent, func() { c.giveBack(lent) }, nil
}

func (c *connection) giveBack(line *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line.calls--
}

func (c *connection) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close ends all calls. May be called twice.
func (c *connection) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, line := range append(c.long, c.short) {
		line.channel.Close() // Its only error is that it was closed before.
	}
	c.long = nil
}

package execution

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// patience is how long a test waits for what must happen: nothing is asserted on how long it takes.
const patience = time.Minute

// scripted is a server that answers what a test says, and remembers what it was asked.
type scripted struct {
	pb.UnimplementedExecutionServiceServer
	pb.UnimplementedWorkerServiceServer

	start func(try int, request *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error)
	wait  func(ctx context.Context, try int) (*pb.WaitExecutionResponse, error)
	claim func(try int) (*pb.ClaimExecutionsResponse, error)
	watch func(try int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error
	all   func(try int, stream grpc.ServerStreamingServer[pb.WatchExecutionsResponse]) error
	work  func(try int, stream grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]) error

	mu       sync.Mutex
	requests []proto.Message
	metadata []metadata.MD
	peers    []string
}

// serve starts a scripted server, and a client of it.
func serve(t *testing.T, server *scripted, options *ClientOptions, how ...grpc.ServerOption) *Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	running := grpc.NewServer(how...)
	pb.RegisterExecutionServiceServer(running, server)
	pb.RegisterWorkerServiceServer(running, server)
	go running.Serve(listener)
	t.Cleanup(running.Stop)
	client, err := NewClient(listener.Addr().String(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// asked remembers a request, and answers how many there were before.
func (s *scripted) asked(ctx context.Context, request proto.Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent, _ := metadata.FromIncomingContext(ctx)
	from, _ := peer.FromContext(ctx)
	s.requests = append(s.requests, request)
	s.metadata = append(s.metadata, sent)
	s.peers = append(s.peers, from.Addr.String())
	return len(s.requests) - 1
}

func (s *scripted) StartExecution(
	ctx context.Context, request *pb.StartExecutionRequest,
) (*pb.StartExecutionResponse, error) {
	return s.start(s.asked(ctx, request), request)
}

func (s *scripted) WaitExecution(
	ctx context.Context, request *pb.WaitExecutionRequest,
) (*pb.WaitExecutionResponse, error) {
	return s.wait(ctx, s.asked(ctx, request))
}

func (s *scripted) ClaimExecutions(
	ctx context.Context, request *pb.ClaimExecutionsRequest,
) (*pb.ClaimExecutionsResponse, error) {
	return s.claim(s.asked(ctx, request))
}

func (s *scripted) WatchExecution(
	request *pb.WatchExecutionRequest, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse],
) error {
	return s.watch(s.asked(stream.Context(), request), stream)
}

func (s *scripted) WatchExecutions(
	request *pb.WatchExecutionsRequest, stream grpc.ServerStreamingServer[pb.WatchExecutionsResponse],
) error {
	return s.all(s.asked(stream.Context(), request), stream)
}

func (s *scripted) Work(stream grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]) error {
	hello, err := stream.Recv()
	if err != nil {
		return err
	}
	return s.work(s.asked(stream.Context(), hello), stream)
}

func started(id string) *pb.StartExecutionResponse {
	return &pb.StartExecutionResponse{Execution: &pb.Execution{Id: id}}
}

func draining() error { return status.Error(codes.Unavailable, "The server is about to stop.") }

// within is a context that ends after the patience.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

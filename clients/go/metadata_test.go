package execution

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// counted is metadata that says how often it was asked for.
func counted() *ClientOptions {
	var asks atomic.Int32
	return &ClientOptions{Metadata: func(context.Context) map[string]string {
		return map[string]string{"traceparent": fmt.Sprint(asks.Add(1))}
	}}
}

// traces are what came as traceparent, call by call.
func (s *scripted) traces() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, headers := range s.metadata {
		all = append(all, strings.Join(headers.Get("traceparent"), ","))
	}
	return all
}

func TestARepeatAsksForMetadataAgain(t *testing.T) {
	t.Parallel()
	server := &scripted{start: func(try int, _ *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		if try < 2 {
			return nil, draining()
		}
		return started("x"), nil
	}}
	if _, err := serve(t, server, counted()).Start(within(t), "x", nil); err != nil {
		t.Fatal(err)
	}
	if sent := server.traces(); !reflect.DeepEqual(sent, []string{"1", "2", "3"}) {
		t.Errorf("%v", sent)
	}
}

func TestAWatchThatGoesOnAsksForMetadataAgain(t *testing.T) {
	t.Parallel()
	server := &scripted{watch: func(try int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		if try == 0 {
			return send(stream, draining(), one(1, snapshot, running))
		}
		return send(stream, nil, one(2, statusChanged, completed))
	}}
	for _, err := range serve(t, server, counted()).Watch(within(t), "x", nil) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if sent := server.traces(); !reflect.DeepEqual(sent, []string{"1", "2"}) {
		t.Errorf("%v", sent)
	}
}

// working runs a worker with such options until its context ends.
func working(ctx context.Context, t *testing.T, server *scripted, options *ClientOptions) error {
	t.Helper()
	worker, err := NewWorker(serve(t, server, options), &WorkerOptions{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	worker.Handle("t", func(context.Context, *Job) (any, error) { return nil, nil })
	return worker.Run(ctx)
}

func TestEachStreamOfAWorkerAsksForMetadata(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(within(t))
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 {
			return draining()
		}
		stop()
		return toTheEnd(stream)
	}}
	if err := working(ctx, t, server, counted()); err != nil {
		t.Error(err)
	}
	if sent := server.traces(); len(sent) < 2 || !reflect.DeepEqual(sent[:2], []string{"1", "2"}) {
		t.Errorf("%v", sent)
	}
}

func TestMetadataThatCannotBeSentEndsWatchAndWorkerAndIsNamed(t *testing.T) {
	t.Parallel()
	server := &scripted{
		watch: func(int, grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
			return refusal(codes.NotFound, "EXECUTION_NOT_FOUND", nil)
		},
		work: func(int, workStreamServer) error { return refusal(codes.Unauthenticated, "CREDENTIALS_INVALID", nil) },
	}
	wrong := &ClientOptions{Metadata: func(context.Context) map[string]string { return map[string]string{"te": "x"} }}
	var problems []error
	for _, err := range serve(t, server, wrong).Watch(within(t), "x", nil) {
		problems = append(problems, err)
	}
	problems = append(problems, working(within(t), t, server, wrong))
	for _, err := range problems {
		if err == nil || !strings.Contains(err.Error(), `"te"`) {
			t.Errorf("%v", err)
		}
	}
	if len(problems) != 2 || len(server.requests) > 0 {
		t.Errorf("%v, %v", problems, server.requests)
	}
}

type traceKey struct{}

func TestMetadataOfTheCallersOwnIsSentWithEveryTry(t *testing.T) {
	t.Parallel()
	server := &scripted{
		start: func(try int, _ *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
			if try == 0 {
				return nil, draining()
			}
			return started("x"), nil
		},
		watch: func(int, grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
			return status.Error(codes.NotFound, "gone")
		},
	}
	client := serve(t, server, &ClientOptions{Token: "secret", Metadata: func(ctx context.Context) map[string]string {
		return map[string]string{"traceparent": ctx.Value(traceKey{}).(string)}
	}})
	if _, err := client.Start(context.WithValue(within(t), traceKey{}, "one"), "x", nil); err != nil {
		t.Fatal(err)
	}
	for range client.Watch(context.WithValue(within(t), traceKey{}, "two"), "x", nil) {
	}
	sent := []string{}
	for _, headers := range server.metadata {
		sent = append(sent, append(headers.Get("authorization"), headers.Get("traceparent")...)...)
	}
	want := []string{"Bearer secret", "one", "Bearer secret", "one", "Bearer secret", "two"}
	if !reflect.DeepEqual(sent, want) {
		t.Errorf("%v", sent)
	}
}

func TestMetadataThatCannotBeSentFailsTheCallAndIsNamed(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"no name": "x", "Large": "x", "authorization": "x", "te": "x", "grpc-x": "x", "x-bin": "x", "fine": "\n", "": "x",
	} {
		server := &scripted{}
		client := serve(t, server, &ClientOptions{Metadata: func(context.Context) map[string]string {
			return map[string]string{name: value}
		}})
		_, err := client.Start(within(t), "x", nil)
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(name)) || len(server.requests) > 0 {
			t.Errorf("%q: %v, %v", name, err, server.requests)
		}
	}
}

package execution

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

type workStreamServer = grpc.BidiStreamingServer[pb.WorkRequest, pb.WorkResponse]

// listenTo receives reports and acknowledges each, until one ends its attempt; answers that one. heed is shown each.
func listenTo(stream workStreamServer, heed func(*pb.WorkReport)) (*pb.WorkReport, error) {
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		for _, report := range request.GetReports() {
			heed(report)
			taken := &pb.WorkAcknowledgement{Sequence: report.GetSequence(), Revision: 3}
			if err := stream.Send(&pb.WorkResponse{Acknowledgements: []*pb.WorkAcknowledgement{taken}}); err != nil {
				return nil, err
			}
			if report.GetEnd() != nil {
				return report, nil
			}
		}
	}
}

func ignore(*pb.WorkReport) {}

// toTheEnd reads a stream until the worker has ended its side.
func toTheEnd(stream workStreamServer) error {
	for {
		if _, err := stream.Recv(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func assign(stream workStreamServer, id string) error {
	assignment := &pb.Execution{
		Id: id, Type: "t", Attempts: 1, Payload: structpb.NewStringValue("in"),
		Checkpoints: map[string]*structpb.Value{"before": structpb.NewNumberValue(7)},
	}
	return stream.Send(&pb.WorkResponse{Assignments: []*pb.Execution{assignment}})
}

func direct(stream workStreamServer, directive *pb.WorkDirective) error {
	directive.Id, directive.Attempt = "x", 1
	return stream.Send(&pb.WorkResponse{Directives: []*pb.WorkDirective{directive}})
}

// employ runs a worker against a server until stop is called, which answers how it ended.
func employ(t *testing.T, server *scripted, options WorkerOptions, handler Handler) (stop func() error) {
	t.Helper()
	options.Logger = slog.New(slog.DiscardHandler)
	worker, err := NewWorker(serve(t, server, nil), &options)
	if err != nil {
		t.Fatal(err)
	}
	worker.Handle("t", handler)
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

// handled has a worker do one execution with a handler, and answers how the worker reported its end.
func handled(t *testing.T, handler Handler) *pb.WorkReport {
	t.Helper()
	ends := make(chan *pb.WorkReport, 1)
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 {
			if err := assign(stream, "x"); err != nil {
				return err
			}
			end, err := listenTo(stream, ignore)
			if err != nil {
				return err
			}
			ends <- end
		}
		return toTheEnd(stream)
	}}
	employ(t, server, WorkerOptions{}, handler)
	return await(t, ends)
}

func await[V any](t *testing.T, values <-chan V) V {
	t.Helper()
	select {
	case value := <-values:
		return value
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("not reached")
	}
}

func TestAHandlersAnswerIsTheResult(t *testing.T) {
	t.Parallel()
	end := handled(t, func(_ context.Context, job *Job) (any, error) {
		if err := job.Progress(Progress{Current: 1, Total: 4}); err != nil {
			return nil, err
		}
		return []any{job.ID(), job.Attempt(), job.Payload(), job.Checkpoints()["before"]}, nil
	})
	result := fromValue(end.GetComplete().GetResult())
	if !reflect.DeepEqual(result, []any{"x", int64(1), "in", int64(7)}) {
		t.Errorf("%v", result)
	}
	if end.GetAttempt() != 1 || end.GetRequestId() == "" {
		t.Errorf("%v", end)
	}
}

func TestAnErrorFailsTheAttemptAndSaysWhetherToRepeatIt(t *testing.T) {
	t.Parallel()
	said := &ExecutionError{
		Message: "busy", Code: "BUSY", RetryDelay: new(time.Second), Details: map[string]any{"a": 1},
	}
	for name, one := range map[string]struct {
		err  error
		want *pb.ExecutionError
	}{
		"any":  {errors.New("broken"), &pb.ExecutionError{Message: "broken", Retryable: true}},
		"said": {fmt.Errorf("wrapped: %w", said), &pb.ExecutionError{Message: "wrapped: busy", Code: "BUSY"}},
		"problem": {
			typed(Problem{Message: "no", Reason: "CONTENTION"}),
			&pb.ExecutionError{Message: "no", Code: "CONTENTION", Retryable: true},
		},
		"mended": {&ExecutionError{Message: "\xff", Code: "a\n"}, &pb.ExecutionError{Message: "\ufffd", Code: "a?"}},
	} {
		got := failureOf(one.err, true)
		if got.Message != one.want.Message || got.Code != one.want.Code || got.Retryable != one.want.Retryable {
			t.Errorf("%s: %v", name, got)
		}
	}
	end := handled(t, func(context.Context, *Job) (any, error) { return nil, said })
	failed := end.GetFail()
	if failed.GetMessage() != "busy" || failed.GetRetryDelay().AsDuration() != time.Second ||
		failed.GetDetails().GetFields()["a"].GetNumberValue() != 1 {
		t.Errorf("%v", end)
	}
}

func TestAPanicFailsTheAttemptWithItsStack(t *testing.T) {
	t.Parallel()
	end := handled(t, func(context.Context, *Job) (any, error) { panic("broken") })
	failed := end.GetFail()
	if failed.GetMessage() != "panic: broken" || !failed.GetRetryable() ||
		!strings.Contains(failed.GetStack(), "worker_test.go") {
		t.Errorf("%v", end)
	}
}

// fragile is an error whose nil pointer panics, as many do.
type fragile struct{ text string }

func (f *fragile) Error() string { return f.text }

// brittle is a result that panics when it is converted.
type brittle struct{}

func (brittle) MarshalJSON() ([]byte, error) { panic("broken") }

func TestAPanicOfWhatAHandlerAnswersFailsTheAttemptAlone(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]Handler{
		"error":          func(context.Context, *Job) (any, error) { return nil, (*fragile)(nil) },
		"ExecutionError": func(context.Context, *Job) (any, error) { return nil, (*ExecutionError)(nil) },
		"result":         func(context.Context, *Job) (any, error) { return brittle{}, nil },
	} {
		if failed := handled(t, handler).GetFail(); !strings.HasPrefix(failed.GetMessage(), "panic: ") {
			t.Errorf("%s: %v", name, failed)
		}
	}
}

func TestAResultThatCannotBeSentFailsTheAttemptForGood(t *testing.T) {
	t.Parallel()
	end := handled(t, func(context.Context, *Job) (any, error) { return []any{1 << 60}, nil })
	failed := end.GetFail()
	if failed.GetRetryable() || !strings.HasPrefix(failed.GetMessage(), "result[0] ") {
		t.Errorf("%v", end)
	}
}

func TestAWorkerThatIsRefusedForGoodEnds(t *testing.T) {
	t.Parallel()
	client := serve(t, &scripted{}, nil)
	client.Close()
	worker, err := NewWorker(client, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Run(within(t)); err == nil {
		t.Error("it runs without a handler")
	}
	worker.Handle("t", func(context.Context, *Job) (any, error) { return nil, nil })
	if err := worker.Run(within(t)); !is[*ClientClosed](err) {
		t.Errorf("%v", err)
	}
}

func TestOptionsOutsideTheirLimitsAreRefused(t *testing.T) {
	for _, options := range []WorkerOptions{
		{Concurrency: -1}, {Concurrency: 1001}, {Lease: time.Millisecond}, {Lease: 2 * time.Hour}, {ProgressInterval: -1},
	} {
		if _, err := NewWorker(nil, &options); err == nil {
			t.Errorf("%+v was taken", options)
		}
	}
}

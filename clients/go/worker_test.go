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
		"any":     {errors.New("broken"), &pb.ExecutionError{Message: "broken", Retryable: true}},
		"said":    {fmt.Errorf("wrapped: %w", said), &pb.ExecutionError{Message: "wrapped: busy", Code: "BUSY"}},
		"problem": {typed(Problem{Message: "no", Reason: "CONTENTION"}), &pb.ExecutionError{Message: "no", Code: "CONTENTION", Retryable: true}},
		"mended":  {&ExecutionError{Message: "\xff", Code: "a\n"}, &pb.ExecutionError{Message: "\ufffd", Code: "a?"}},
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

func TestAResultThatCannotBeSentFailsTheAttemptForGood(t *testing.T) {
	t.Parallel()
	end := handled(t, func(context.Context, *Job) (any, error) { return []any{1 << 60}, nil })
	failed := end.GetFail()
	if failed.GetRetryable() || !strings.HasPrefix(failed.GetMessage(), "result[0] ") {
		t.Errorf("%v", end)
	}
}

func TestAWorkerGoesOnAfterABrokenStreamWithWhatItHolds(t *testing.T) {
	t.Parallel()
	var saved []*pb.WorkReport
	ends := make(chan *pb.WorkReport, 1)
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 { // It takes a checkpoint, and its acknowledgement is lost with the connection.
			if err := assign(stream, "x"); err != nil {
				return err
			}
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			saved = append(saved, request.GetReports()...)
			return draining()
		}
		end, err := listenTo(stream, func(report *pb.WorkReport) { saved = append(saved, report) })
		if err != nil {
			return err
		}
		ends <- end
		return toTheEnd(stream)
	}}
	stop := employ(t, server, WorkerOptions{Concurrency: 4}, func(_ context.Context, job *Job) (any, error) {
		if err := job.Checkpoint("k", 5); err != nil {
			return nil, err
		}
		return job.Checkpoints(), nil
	})
	end := await(t, ends)
	if result := fromValue(end.GetComplete().GetResult()); !reflect.DeepEqual(
		result, map[string]any{"before": int64(7), "k": int64(5)},
	) {
		t.Errorf("%v", result)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if len(saved) < 2 || saved[0].GetRequestId() != saved[1].GetRequestId() ||
		saved[1].GetCheckpoints()["k"].GetNumberValue() != 5 {
		t.Errorf("the checkpoint was not said again: %v", saved)
	}
	hello := server.requests[1].(*pb.WorkRequest).GetHello()
	if held := hello.GetHeld(); len(held) != 1 || held[0].GetId() != "x" || held[0].GetAttempt() != 1 {
		t.Errorf("%v", hello)
	}
	if hello.GetSlots() != 4 || !reflect.DeepEqual(hello.GetTypes(), []string{"t"}) {
		t.Errorf("%v", hello)
	}
}

// untilToldToStop is a handler that does nothing else.
func untilToldToStop(causes chan<- error) Handler {
	return func(ctx context.Context, _ *Job) (any, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return nil, ctx.Err()
	}
}

func TestACancelledJobIsGivenBack(t *testing.T) {
	t.Parallel()
	causes, ends := make(chan error, 1), make(chan *pb.WorkReport, 1)
	server := &scripted{work: func(_ int, stream workStreamServer) error {
		_ = assign(stream, "x")
		_ = direct(stream, &pb.WorkDirective{
			Directive: &pb.WorkDirective_CancelRequested{CancelRequested: &pb.CancelRequested{Reason: "not needed"}},
		})
		end, err := listenTo(stream, ignore)
		if err != nil {
			return err
		}
		ends <- end
		return toTheEnd(stream)
	}}
	employ(t, server, WorkerOptions{}, untilToldToStop(causes))
	cause := await(t, causes)
	if !errors.Is(cause, ErrCancelRequested) || !strings.Contains(cause.Error(), "not needed") {
		t.Errorf("%v", cause)
	}
	if end := await(t, ends); end.GetRelease() == nil {
		t.Errorf("%v", end)
	}
}

func TestOfALostAttemptNothingMoreIsWritten(t *testing.T) {
	t.Parallel()
	causes, later := make(chan error, 1), make(chan error, 1)
	server := &scripted{work: func(_ int, stream workStreamServer) error {
		_ = assign(stream, "x")
		_ = direct(stream, &pb.WorkDirective{
			Directive: &pb.WorkDirective_LeaseLost{LeaseLost: &pb.LeaseLost{Cause: "attempt_timeout"}},
		})
		_, err := listenTo(stream, func(report *pb.WorkReport) { t.Errorf("it still writes %v", report) })
		return err
	}}
	stop := employ(t, server, WorkerOptions{}, func(ctx context.Context, job *Job) (any, error) {
		<-ctx.Done()
		later <- job.Checkpoint("k", 1)
		return untilToldToStop(causes)(ctx, job)
	})
	if err := await(t, later); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("%v", err)
	}
	if cause := await(t, causes); !errors.Is(cause, ErrLeaseLost) || !strings.Contains(cause.Error(), "attempt_timeout") {
		t.Errorf("%v", cause)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestWithoutAWordFromTheServiceHandlersAreStopped(t *testing.T) {
	t.Parallel()
	causes := make(chan error, 1)
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 {
			_ = assign(stream, "x")
		}
		return toTheEnd(stream) // It answers nothing.
	}}
	employ(t, server, WorkerOptions{Lease: time.Second}, untilToldToStop(causes))
	if cause := await(t, causes); !errors.Is(cause, ErrLeaseLost) {
		t.Errorf("%v", cause)
	}
}

func TestAWorkerThatStopsGivesBackWhatItDoesNotEnd(t *testing.T) {
	t.Parallel()
	causes, ends, begun := make(chan error, 1), make(chan *pb.WorkReport, 1), make(chan struct{})
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 {
			_ = assign(stream, "x")
		}
		end, err := listenTo(stream, ignore)
		if err == io.EOF { // It takes nothing new.
			return nil
		}
		if err != nil {
			return err
		}
		ends <- end
		return toTheEnd(stream)
	}}
	stop := employ(t, server, WorkerOptions{Drain: -1}, func(ctx context.Context, job *Job) (any, error) {
		close(begun)
		return untilToldToStop(causes)(ctx, job)
	})
	await(t, begun)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if cause := await(t, causes); !errors.Is(cause, ErrWorkerStops) {
		t.Errorf("%v", cause)
	}
	if end := await(t, ends); end.GetRelease() == nil {
		t.Errorf("%v", end)
	}
	for _, request := range server.requests[1:] { // There is none if the end was reported before the stream closed.
		if types := request.(*pb.WorkRequest).GetHello().GetTypes(); len(types) != 0 {
			t.Errorf("a worker that stops asks for %v", types)
		}
	}
}

func TestARefusedResultFailsTheAttempt(t *testing.T) {
	t.Parallel()
	ends := make(chan *pb.WorkReport, 1)
	server := &scripted{work: func(_ int, stream workStreamServer) error {
		_ = assign(stream, "x")
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		_ = stream.Send(&pb.WorkResponse{Acknowledgements: []*pb.WorkAcknowledgement{{
			Sequence: request.GetReports()[0].GetSequence(),
			Refusal:  &pb.WorkRefusal{Reason: pb.ErrorReason_ERROR_REASON_PAYLOAD_TOO_LARGE, Message: "result: too large."},
		}}})
		end, err := listenTo(stream, ignore)
		if err != nil {
			return err
		}
		ends <- end
		return toTheEnd(stream)
	}}
	employ(t, server, WorkerOptions{}, func(context.Context, *Job) (any, error) { return "result", nil })
	failed := await(t, ends).GetFail()
	if failed.GetMessage() != "result: too large." || failed.GetRetryable() || failed.GetCode() != "PAYLOAD_TOO_LARGE" {
		t.Errorf("%v", failed)
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

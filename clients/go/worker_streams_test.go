package execution

import (
	"cmp"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

func TestAWorkerGoesOnAfterABrokenStreamWithWhatItHolds(t *testing.T) {
	t.Parallel()
	var saved []*pb.WorkReport
	ends := make(chan *pb.WorkReport, 1)
	server := &scripted{work: func(try int, stream workStreamServer) error {
		if try == 0 { // It takes a checkpoint, and its acknowledgement is lost with the connection.
			_ = assign(stream, "x")
			request, err := stream.Recv()
			saved = append(saved, request.GetReports()...)
			return cmp.Or(err, draining())
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

func TestTheLastProgressOutlivesARefusedResult(t *testing.T) {
	t.Parallel()
	ends, begun := make(chan *pb.WorkReport, 1), make(chan struct{})
	server := &scripted{work: func(_ int, stream workStreamServer) error {
		_ = assign(stream, "x")
		for refused := false; !refused; {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			for _, report := range request.GetReports() {
				answer := &pb.WorkAcknowledgement{Sequence: report.GetSequence()}
				if report.GetProgress().GetCurrent() == 1 {
					close(begun)
				}
				if refused = report.GetEnd() != nil; refused {
					answer.Refusal = &pb.WorkRefusal{Reason: pb.ErrorReason_ERROR_REASON_PAYLOAD_TOO_LARGE}
				}
				_ = stream.Send(&pb.WorkResponse{Acknowledgements: []*pb.WorkAcknowledgement{answer}})
			}
		}
		end, err := listenTo(stream, ignore)
		if err != nil {
			return err
		}
		ends <- end
		return toTheEnd(stream)
	}}
	employ(t, server, WorkerOptions{ProgressInterval: time.Hour}, func(_ context.Context, job *Job) (any, error) {
		if err := job.Progress(Progress{Current: 1}); err != nil {
			return nil, err
		}
		<-begun
		return "result", job.Progress(Progress{Current: 2})
	})
	if end := await(t, ends); end.GetFail() == nil || end.GetProgress().GetCurrent() != 2 {
		t.Errorf("%v", end)
	}
}

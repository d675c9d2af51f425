package execution

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

func refusal(code codes.Code, reason string, metadata map[string]string, more ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: errorDomain, Metadata: metadata}
	failed, err := status.New(code, "Refused.").WithDetails(append([]protoadapt.MessageV1{info}, more...)...)
	if err != nil {
		panic(err)
	}
	return failed.Err()
}

func TestEveryReasonHasAType(t *testing.T) {
	for number, name := range pb.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if _, known := byReason[reason]; !known && number != 0 {
			t.Errorf("%s has none", reason)
		}
	}
	for reason, make := range byReason {
		err := make(Problem{Reason: reason, Message: "Refused."})
		name := reflect.TypeOf(err).Elem().Name()
		if strings.ToUpper(name) != strings.ReplaceAll(reason, "_", "") {
			t.Errorf("%s is a %s", reason, name)
		}
		if problem, ok := errors.AsType[*Problem](err); !ok || problem.Reason != reason || err.Error() != "Refused." {
			t.Errorf("%s is no problem: %v", reason, err)
		}
	}
}

func TestAProblemTellsAllThatTheServiceSays(t *testing.T) {
	sent := refusal(codes.FailedPrecondition, "INVALID_STATE_TRANSITION", map[string]string{
		"executionId": "x", "from": "failed", "to": "running", "allowed": "retrying, frozen",
	})
	transition, ok := errors.AsType[*InvalidStateTransition](problemOf(sent, nil))
	if !ok {
		t.Fatal("it is none")
	}
	if transition.ExecutionID != "x" || transition.From != StatusFailed || transition.To != StatusRunning ||
		!reflect.DeepEqual(transition.Allowed, []Status{StatusRetrying, StatusUnknown}) {
		t.Errorf("%+v", transition)
	}
	if transition.Code != codes.FailedPrecondition || transition.Metadata["allowed"] != "retrying, frozen" {
		t.Errorf("%+v", transition.Problem)
	}
	if status.Code(transition) != codes.FailedPrecondition || len(status.Convert(transition).Details()) != 1 {
		t.Error("its status is lost")
	}
}

func TestDetailsBesideTheReasonAreTold(t *testing.T) {
	violations := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "payload", Description: "is too large."},
	}}
	pause := &errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)}
	metadata := map[string]string{"field": "payload", "sizeBytes": "12", "limitBytes": "10"}
	err := problemOf(refusal(codes.InvalidArgument, "PAYLOAD_TOO_LARGE", metadata, violations, pause), nil)
	large, ok := errors.AsType[*PayloadTooLarge](err)
	if !ok || large.Field != "payload" || large.SizeBytes != 12 || large.LimitBytes != 10 {
		t.Errorf("%+v", err)
	}
	field, ok := errors.AsType[*InvalidField](err)
	if !ok || field.RetryDelay != 3*time.Second ||
		!reflect.DeepEqual(field.FieldViolations, []FieldViolation{{"payload", "is too large."}}) {
		t.Errorf("%+v", field)
	}
}

func TestAReasonThatIsNotKnownComesAsTheTypeOfItsCode(t *testing.T) {
	err := problemOf(refusal(codes.Unavailable, "MOON_IN_THE_WAY", map[string]string{"phase": "full"}), nil)
	away, ok := errors.AsType[*Unavailable](err)
	if !ok || away.Reason != "MOON_IN_THE_WAY" || away.Metadata["phase"] != "full" {
		t.Errorf("%+v", err)
	}
	err = problemOf(refusal(codes.DataLoss, "LOST", nil), nil)
	if problem, ok := err.(*Problem); !ok || problem.Reason != "LOST" || problem.Code != codes.DataLoss {
		t.Errorf("%+v", err)
	}
}

func TestAReasonOfAnotherDomainIsNone(t *testing.T) {
	info := &errdetails.ErrorInfo{Reason: "EXECUTION_NOT_FOUND", Domain: "example.org"}
	failed, _ := status.New(codes.NotFound, "Not here.").WithDetails(info)
	if problem, ok := problemOf(failed.Err(), nil).(*Problem); !ok || problem.Reason != "" {
		t.Errorf("%+v", problem)
	}
}

func TestAnEndedContextIsFoundInTheProblem(t *testing.T) {
	err := problemOf(status.Error(codes.Canceled, "gone"), context.Canceled)
	if !is[*Cancelled](err) || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v", err)
	}
	if err := problemOf(status.Error(codes.Canceled, "by the server"), nil); errors.Is(err, context.Canceled) {
		t.Error("the caller has not cancelled")
	}
	if err := problemOf(status.Error(codes.DeadlineExceeded, "late"), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the deadline is not found")
	}
}

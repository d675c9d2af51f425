package execution

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const errorDomain = "execution.croco.dev"

// problemOf answers the problem that an error of gRPC stands for: by its reason, else by its code. cause is the error of
// the call's context, if that has ended.
func problemOf(err, cause error) error {
	failed := status.Convert(err)
	problem := Problem{Message: failed.Message(), Code: failed.Code(), answer: failed, cause: cause}
	if problem.Message == "" {
		problem.Message = failed.Code().String()
	}
	for _, detail := range failed.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.GetDomain() == errorDomain {
				problem.Reason = detail.GetReason()
			}
			problem.Metadata = detail.GetMetadata()
		case *errdetails.RetryInfo:
			problem.RetryDelay = detail.GetRetryDelay().AsDuration()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				problem.FieldViolations = append(
					problem.FieldViolations, FieldViolation{violation.GetField(), violation.GetDescription()},
				)
			}
		}
	}
	return typed(problem)
}

// typed makes a problem one of the type of its reason, else of its code.
func typed(problem Problem) error {
	if make := byReason[problem.Reason]; make != nil {
		return make(problem)
	}
	switch problem.Code {
	case codes.Unavailable:
		return &Unavailable{problem}
	case codes.DeadlineExceeded:
		problem.cause = context.DeadlineExceeded // The server may notice before the context does.
		return &DeadlineExceeded{problem}
	case codes.Canceled:
		return &Cancelled{problem}
	default:
		return &problem
	}
}

// problemOfRefusal answers the problem that one part of a call was refused for. A reason of 0 is one that the contract has
// no word for.
func problemOfRefusal(reason pb.ErrorReason, code codes.Code, message string, metadata map[string]string) error {
	name, _ := strings.CutPrefix(reason.String(), "ERROR_REASON_")
	if reason == pb.ErrorReason_ERROR_REASON_UNSPECIFIED {
		name = ""
	}
	return typed(Problem{Message: message, Code: code, Reason: name, Metadata: metadata})
}

func unavailable(message string) error {
	return &Unavailable{Problem{Message: message, Code: codes.Unavailable}}
}

func clientClosed() error {
	return &ClientClosed{Cancelled{Problem{Message: "The client is closed.", Code: codes.Canceled}}}
}

// is tells whether an error is of a type, or of one that embeds it.
func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

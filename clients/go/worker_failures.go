package execution

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const maxCodeCharacters = 256

// refusalCodes are the codes of the reasons that a report may be refused for: a refusal carries none.
var refusalCodes = map[pb.ErrorReason]codes.Code{
	pb.ErrorReason_ERROR_REASON_INVALID_FIELD:        codes.InvalidArgument,
	pb.ErrorReason_ERROR_REASON_PAYLOAD_TOO_LARGE:    codes.InvalidArgument,
	pb.ErrorReason_ERROR_REASON_EXECUTION_NOT_FOUND:  codes.NotFound,
	pb.ErrorReason_ERROR_REASON_ATTEMPT_FENCED:       codes.Aborted,
	pb.ErrorReason_ERROR_REASON_CONTENTION:           codes.Aborted,
	pb.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED:       codes.ResourceExhausted,
	pb.ErrorReason_ERROR_REASON_TOO_MANY_CHECKPOINTS: codes.ResourceExhausted,
	pb.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE:    codes.Unavailable,
	pb.ErrorReason_ERROR_REASON_SERVER_DRAINING:      codes.Unavailable,
	pb.ErrorReason_ERROR_REASON_UNEXPECTED:           codes.Internal,
}

// refused answers the problem that a refusal stands for.
func refused(refusal *pb.WorkRefusal) error {
	code, known := refusalCodes[refusal.GetReason()]
	if !known {
		code = codes.Unknown
	}
	return problemOfRefusal(refusal.GetReason(), code, refusal.GetMessage(), refusal.GetMetadata())
}

// isOver tells whether a refusal says that the attempt is over.
func isOver(problem error) bool {
	return is[*AttemptFenced](problem) || is[*ExecutionNotFound](problem)
}

// mayPass tells whether a report that was refused may be taken when it is repeated.
func mayPass(problem error) bool {
	return is[*Unavailable](problem) || is[*Contention](problem) || is[*QuotaExceeded](problem)
}

// causeOf answers why an attempt is over, in a few words.
func causeOf(problem error) string {
	if fenced, ok := errors.AsType[*AttemptFenced](problem); ok && fenced.Cause != "" {
		return fenced.Cause
	}
	return problem.Error()
}

// panicked is a handler's panic.
type panicked struct {
	value any
	stack string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func newPanic(value any) error { return &panicked{value, string(debug.Stack())} }

// failureOf answers what to tell the service of an error. retryable says whether another attempt may succeed, unless the
// error says so itself.
func failureOf(err error, retryable bool) *pb.ExecutionError {
	failure := &pb.ExecutionError{Retryable: retryable}
	if known, ok := errors.AsType[*ExecutionError](err); ok {
		var invalid error
		if failure, invalid = toError(*known); invalid != nil {
			err = fmt.Errorf("%w (its details cannot be sent: %w)", err, invalid)
		}
	} else if panicked, ok := errors.AsType[*panicked](err); ok {
		failure.Stack = panicked.stack
	} else if problem, ok := errors.AsType[*Problem](err); ok {
		failure.Code = problem.Reason
	}
	// What the service would refuse is mended: without a word of the failure the execution would never end.
	failure.Message = cmp.Or(strings.ToValidUTF8(err.Error(), "\ufffd"), fmt.Sprintf("%T", err))
	failure.Stack = strings.ToValidUTF8(failure.Stack, "\ufffd")
	failure.Code = printable(failure.Code)
	return failure
}

// printable replaces what is not printable, and cuts what is too long.
func printable(code string) string {
	signs := []rune(code)
	for index, sign := range signs {
		if !unicode.IsPrint(sign) {
			signs[index] = '?'
		}
	}
	return string(signs[:min(len(signs), maxCodeCharacters)])
}

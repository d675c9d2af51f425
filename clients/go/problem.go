package execution

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Problem is what all refusals and failures of calls have in common:
//
//	Problem
//	├── InvalidField             INVALID_ARGUMENT
//	│   ├── PayloadTooLarge
//	│   └── InvalidPageToken
//	├── ExecutionNotFound        NOT_FOUND
//	├── IdempotencyKeyReused     ALREADY_EXISTS
//	├── InvalidStateTransition   FAILED_PRECONDITION
//	├── MaxRetriesExceeded
//	├── ExecutionNotRunning
//	├── ExecutionActive
//	├── AttemptFenced            ABORTED
//	├── RevisionMismatch
//	├── Contention
//	├── WatchRevisionCompacted   OUT_OF_RANGE
//	├── QuotaExceeded            RESOURCE_EXHAUSTED
//	├── TooManyWatches
//	├── TooManyCheckpoints
//	├── Unavailable              UNAVAILABLE           also of the connection itself
//	│   ├── StoreUnavailable
//	│   └── ServerDraining
//	├── CredentialsMissing       UNAUTHENTICATED
//	├── CredentialsInvalid
//	├── MethodForbidden          PERMISSION_DENIED
//	├── Unexpected               INTERNAL
//	├── DeadlineExceeded         DEADLINE_EXCEEDED     no reason: made by gRPC
//	└── Cancelled                CANCELLED             no reason: made by gRPC
//	    └── ClientClosed                               made by this client
//
// A reason that a newer server has added comes as the type of its code, or as a plain *Problem. Where the context of the
// call has ended, [errors.Is] finds its error too.
type Problem struct {
	// Message is a sentence, for a person. Branch on the type, never on the message.
	Message string
	// Code is the canonical status code.
	Code codes.Code
	// Reason is the name in ErrorReason without its prefix; empty if the service gave none.
	Reason string
	// Metadata is what the service says beside it.
	Metadata map[string]string
	// FieldViolations say what is wrong with which field, for INVALID_ARGUMENT.
	FieldViolations []FieldViolation
	// RetryDelay is when to come back; 0 where the service does not say so.
	RetryDelay time.Duration

	answer *status.Status
	cause  error
}

// FieldViolation is what is wrong with one field of a request.
type FieldViolation struct {
	Field, Description string
}

// Error answers the message.
func (p *Problem) Error() string { return p.Message }

// Unwrap answers the error of the context that ended the call, if one did.
func (p *Problem) Unwrap() error { return p.cause }

// GRPCStatus answers the status of the call, for google.golang.org/grpc/status.
func (p *Problem) GRPCStatus() *status.Status {
	if p.answer == nil {
		return status.New(p.Code, p.Message)
	}
	return p.answer
}

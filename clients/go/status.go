package execution

import (
	"strings"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// unknown stands for what a newer server has added.
const unknown = "unknown"

// Status is where an execution stands.
type Status string

// The statuses. StatusUnknown is one that this version of the client does not know; it is never at rest.
const (
	StatusPending   Status = "pending"
	StatusRunning   Status = "running"
	StatusCompleted Status = "completed"
	StatusFailed    Status = "failed"
	StatusRetrying  Status = "retrying"
	StatusTimedOut  Status = "timed_out"
	StatusCancelled Status = "cancelled"
	StatusUnknown   Status = unknown
)

// AtRest tells whether an execution stays there until somebody retries it; completed and cancelled are final.
func (s Status) AtRest() bool {
	switch s {
	case StatusCompleted, StatusFailed, StatusTimedOut, StatusCancelled:
		return true
	default:
		return false
	}
}

// active tells whether an execution surely goes on from there.
func (s Status) active() bool {
	return s == StatusPending || s == StatusRunning || s == StatusRetrying
}

// StatusReason is why an execution has the status it has.
type StatusReason string

// The reasons; the contract's comments explain each.
const (
	ReasonCreated             StatusReason = "created"
	ReasonStarted             StatusReason = "started"
	ReasonSucceeded           StatusReason = "succeeded"
	ReasonRetryableFailure    StatusReason = "retryable_failure"
	ReasonNonRetryableFailure StatusReason = "non_retryable_failure"
	ReasonAttemptsExhausted   StatusReason = "attempts_exhausted"
	ReasonAttemptTimeout      StatusReason = "attempt_timeout"
	ReasonReportedTimeout     StatusReason = "reported_timeout"
	ReasonCancelRequested     StatusReason = "cancel_requested"
	ReasonManualRetry         StatusReason = "manual_retry"
	ReasonGivenUp             StatusReason = "given_up"
	ReasonStartExpired        StatusReason = "start_expired"
	ReasonTotalTimeout        StatusReason = "total_timeout"
	ReasonAutomaticRetry      StatusReason = "automatic_retry"
	ReasonLeaseExpired        StatusReason = "lease_expired"
	ReasonCrashesExhausted    StatusReason = "crashes_exhausted"
	ReasonReleased            StatusReason = "released"
	ReasonUnknown             StatusReason = unknown
)

// View is how much of an execution an answer carries. The empty one is what the verb says.
type View string

// The views. ViewBasic is without payload, result, checkpoints, history and the error's stack.
const (
	ViewBasic View = "basic"
	ViewFull  View = "full"
)

// WatchEvent is what a message of a watch is about.
type WatchEvent string

// The events of a watch.
const (
	// EventSnapshot is the execution as it is.
	EventSnapshot WatchEvent = "snapshot"
	// EventStatusChanged is one status change, in WatchMessage.Change.
	EventStatusChanged WatchEvent = "status_changed"
	// EventUpdated is any other change. Several changes may be one message.
	EventUpdated WatchEvent = "updated"
	// EventBookmark says that the snapshot is complete. Of WatchAll only.
	EventBookmark WatchEvent = "bookmark"
	// EventDeleted says that the execution was removed. Of WatchAll only.
	EventDeleted WatchEvent = "deleted"
	// EventMissing is made by the client, and of WatchAll only: while the connection was lost the execution was
	// deleted, or came to a status that the watch does not ask for.
	EventMissing WatchEvent = "missing"
	EventUnknown WatchEvent = unknown
)

// DirectiveKind is what a worker has to do about an attempt that it holds.
type DirectiveKind string

// The kinds of directives.
const (
	// DirectiveCancelRequested is to stop: somebody asked for the cancellation, for the reason given.
	DirectiveCancelRequested DirectiveKind = "cancel_requested"
	// DirectiveLeaseLost is to forget it: it ended for the status reason given. What is still written is refused.
	DirectiveLeaseLost DirectiveKind = "lease_lost"
	DirectiveUnknown   DirectiveKind = unknown
)

func fromStatus(number pb.ExecutionStatus) Status {
	return fromEnum[Status](number.String(), "EXECUTION_STATUS_")
}

func fromReason(number pb.StatusReason) StatusReason {
	return fromEnum[StatusReason](number.String(), "STATUS_REASON_")
}

func fromEvent(number pb.WatchEvent) WatchEvent {
	return fromEnum[WatchEvent](number.String(), "WATCH_EVENT_")
}

// fromEnum answers the word for a value of an enum; a number without a name is a value that a newer server has added.
func fromEnum[W ~string](name, prefix string) W {
	word, named := strings.CutPrefix(name, prefix)
	if !named || word == "UNSPECIFIED" {
		return unknown
	}
	return W(strings.ToLower(word))
}

func toStatus(status Status, path string) (pb.ExecutionStatus, error) {
	number, named := pb.ExecutionStatus_value["EXECUTION_STATUS_"+strings.ToUpper(string(status))]
	if !named || number == 0 {
		return 0, &InvalidValue{path, "is no status that one can ask for: " + string(status)}
	}
	return pb.ExecutionStatus(number), nil
}

func toView(view View) (pb.ExecutionView, error) {
	if view == "" {
		return pb.ExecutionView_EXECUTION_VIEW_UNSPECIFIED, nil
	}
	number, named := pb.ExecutionView_value["EXECUTION_VIEW_"+strings.ToUpper(string(view))]
	if !named || number == 0 {
		return 0, &InvalidValue{"view", "is no view: " + string(view)}
	}
	return pb.ExecutionView(number), nil
}

package execution

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

func fromExecution(message *pb.Execution) *Execution {
	return &Execution{
		ID:                      message.GetId(),
		Type:                    message.GetType(),
		Status:                  fromStatus(message.GetStatus()),
		StatusReason:            fromReason(message.GetStatusReason()),
		Payload:                 fromValue(message.GetPayload()),
		HasPayload:              message.GetPayload() != nil,
		Result:                  fromValue(message.GetResult()),
		HasResult:               message.GetResult() != nil,
		Error:                   fromOptional(message.GetError(), fromError),
		Attempts:                message.GetAttempts(),
		MaxAttempts:             message.GetMaxAttempts(),
		CreatedAt:               fromMoment(message.GetCreatedAt()),
		UpdatedAt:               fromMoment(message.GetUpdatedAt()),
		StartedAt:               fromMoment(message.GetStartedAt()),
		CompletedAt:             fromMoment(message.GetCompletedAt()),
		Timeout:                 message.GetTimeout().AsDuration(),
		RetryPolicy:             fromOptional(message.GetRetryPolicy(), fromRetryPolicy),
		IdempotencyKey:          message.GetIdempotencyKey(),
		ParentID:                message.GetParentId(),
		Metadata:                fromValues(message.GetMetadata().GetFields()),
		Labels:                  message.GetLabels(),
		Checkpoints:             fromValues(message.GetCheckpoints()),
		CheckpointSizes:         message.GetCheckpointSizes(),
		Progress:                fromOptional(message.GetProgress(), fromProgress),
		Revision:                message.GetRevision(),
		History:                 fromHistory(message.GetHistory()),
		StatusChanges:           message.GetStatusChanges(),
		CancellationReason:      message.GetCancellationReason(),
		CancellationRequestedAt: fromMoment(message.GetCancellationRequestedAt()),
		CancellationForcedAt:    fromMoment(message.GetCancellationForcedAt()),
		StartTimeout:            message.GetStartTimeout().AsDuration(),
		TotalTimeout:            message.GetTotalTimeout().AsDuration(),
		NextAttemptAt:           fromMoment(message.GetNextAttemptAt()),
		Retention:               fromOptional(message.GetRetention(), fromRetention),
		ExpiresAt:               fromMoment(message.GetExpiresAt()),
		ScheduledAt:             fromMoment(message.GetScheduledAt()),
		Priority:                message.GetPriority(),
		Lease:                   fromOptional(message.GetLease(), fromLease),
		Crashes:                 message.GetCrashes(),
		MaxCrashes:              message.GetMaxCrashes(),
		RefundedAttempts:        message.GetRefundedAttempts(),
		TraceParent:             message.GetTraceParent(),
	}
}

func fromExecutions(messages []*pb.Execution) []*Execution {
	executions := make([]*Execution, len(messages))
	for index, message := range messages {
		executions[index] = fromExecution(message)
	}
	return executions
}

func fromError(message *pb.ExecutionError) ExecutionError {
	return ExecutionError{
		Message:    message.GetMessage(),
		Code:       message.GetCode(),
		Stack:      message.GetStack(),
		Retryable:  message.GetRetryable(),
		RetryDelay: fromOptional(message.GetRetryDelay(), (*durationpb.Duration).AsDuration),
		Details:    fromValues(message.GetDetails().GetFields()),
	}
}

func fromRetryPolicy(message *pb.RetryPolicy) RetryPolicy {
	return RetryPolicy{
		InitialInterval:    fromOptional(message.GetInitialInterval(), (*durationpb.Duration).AsDuration),
		BackoffCoefficient: message.BackoffCoefficient,
		MaximumInterval:    fromOptional(message.GetMaximumInterval(), (*durationpb.Duration).AsDuration),
		Jitter:             message.Jitter,
		NonRetryableCodes:  message.GetNonRetryableCodes(),
		RetryTimeouts:      message.GetRetryTimeouts(),
	}
}

func fromRetention(message *pb.Retention) Retention {
	return Retention{message.GetSucceeded().AsDuration(), message.GetFailed().AsDuration()}
}

func fromLease(message *pb.Lease) Lease {
	return Lease{message.GetWorkerId(), message.GetDuration().AsDuration(), fromMoment(message.GetExpiresAt())}
}

func fromProgress(message *pb.Progress) Progress {
	return Progress{
		Current:   message.GetCurrent(),
		Total:     message.GetTotal(),
		Message:   message.GetMessage(),
		Percent:   message.Percent,
		Attempt:   message.GetAttempt(),
		UpdatedAt: fromMoment(message.GetUpdatedAt()),
	}
}

func fromHistory(messages []*pb.HistoryEntry) []HistoryEntry {
	entries := make([]HistoryEntry, len(messages))
	for index, message := range messages {
		entries[index] = fromHistoryEntry(message)
	}
	return entries
}

func fromHistoryEntry(message *pb.HistoryEntry) HistoryEntry {
	entry := HistoryEntry{
		Revision: message.GetRevision(),
		At:       fromMoment(message.GetAt()),
		To:       fromStatus(message.GetTo()),
		Reason:   fromReason(message.GetReason()),
		Attempt:  message.GetAttempt(),
		Actor:    message.GetActor(),
	}
	if message.GetFrom() != pb.ExecutionStatus_EXECUTION_STATUS_UNSPECIFIED {
		entry.From = fromStatus(message.GetFrom())
	}
	return entry
}

// fromCount counts statuses that this client does not know together.
func fromCount(message *pb.CountExecutionsResponse) *Count {
	count := Count{message.GetCount(), make(map[Status]int64)}
	for _, entry := range message.GetByStatus() {
		count.ByStatus[fromStatus(entry.GetStatus())] += entry.GetCount()
	}
	return &count
}

func fromDirective(message *pb.WorkDirective) Directive {
	directive := Directive{ID: message.GetId(), Attempt: message.GetAttempt(), Kind: DirectiveUnknown}
	switch {
	case message.GetCancelRequested() != nil:
		directive.Kind = DirectiveCancelRequested
		directive.Reason = message.GetCancelRequested().GetReason()
		directive.ForcedAt = fromMoment(message.GetCancelRequested().GetForcedAt())
	case message.GetLeaseLost() != nil:
		directive.Kind = DirectiveLeaseLost
		directive.Reason = message.GetLeaseLost().GetCause()
	}
	return directive
}

// watchResponse is what the messages of the two kinds of watch have in common.
type watchResponse interface {
	GetRevision() int64
	GetEvent() pb.WatchEvent
	GetChange() *pb.HistoryEntry
	GetExecution() *pb.Execution
}

func fromWatch(id string, message watchResponse) WatchMessage {
	told := WatchMessage{ID: id, Revision: message.GetRevision(), Event: fromEvent(message.GetEvent())}
	told.Change = fromOptional(message.GetChange(), fromHistoryEntry)
	if message.GetExecution() != nil {
		told.Execution = fromExecution(message.GetExecution())
	}
	return told
}

// fromOptional converts a message that may not be there.
func fromOptional[M, V any](message *M, convert func(*M) V) *V {
	if message == nil {
		return nil
	}
	return new(convert(message))
}

// fromMoment answers the zero time for one that is not set.
func fromMoment(timestamp *timestamppb.Timestamp) time.Time {
	if timestamp == nil {
		return time.Time{}
	}
	return timestamp.AsTime()
}

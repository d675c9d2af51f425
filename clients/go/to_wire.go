package execution

import (
	"fmt"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// toCount converts a number that may not be given.
func toCount(number *int, path string) (*int32, error) {
	if number == nil {
		return nil, nil
	}
	if *number < math.MinInt32 || *number > math.MaxInt32 {
		return nil, &InvalidValue{path, fmt.Sprintf("is %d, which is beyond 32 bits", *number)}
	}
	return new(int32(*number)), nil
}

// toDuration converts a length of time of which 0 is none.
func toDuration(span time.Duration) *durationpb.Duration {
	if span == 0 {
		return nil
	}
	return durationpb.New(span)
}

func toOptionalDuration(span *time.Duration) *durationpb.Duration {
	if span == nil {
		return nil
	}
	return durationpb.New(*span)
}

func toTimestamp(moment time.Time) *timestamppb.Timestamp {
	if moment.IsZero() {
		return nil
	}
	return timestamppb.New(moment)
}

// toProgress converts what a worker may say of its progress.
func toProgress(progress *Progress) (*pb.Progress, error) {
	if progress == nil {
		return nil, nil
	}
	for name, number := range map[string]float64{"current": progress.Current, "total": progress.Total} {
		if math.IsNaN(number) || math.IsInf(number, 0) {
			return nil, &InvalidValue{"progress." + name, fmt.Sprintf("is %v; it has to be finite", number)}
		}
	}
	return &pb.Progress{
		Current: progress.Current, Total: progress.Total, Message: progress.Message, Percent: progress.Percent,
	}, checkText(progress.Message, "progress.message")
}

func toError(failure ExecutionError) (*pb.ExecutionError, error) {
	details, err := toStruct(failure.Details, "details")
	return &pb.ExecutionError{
		Message:    failure.Message,
		Code:       failure.Code,
		Stack:      failure.Stack,
		Retryable:  failure.Retryable,
		RetryDelay: toOptionalDuration(failure.RetryDelay),
		Details:    details,
	}, err
}

func toRetryPolicy(policy *RetryPolicy) *pb.RetryPolicy {
	if policy == nil {
		return nil
	}
	return &pb.RetryPolicy{
		InitialInterval:    toOptionalDuration(policy.InitialInterval),
		BackoffCoefficient: policy.BackoffCoefficient,
		MaximumInterval:    toOptionalDuration(policy.MaximumInterval),
		Jitter:             policy.Jitter,
		NonRetryableCodes:  policy.NonRetryableCodes,
		RetryTimeouts:      policy.RetryTimeouts,
	}
}

func toRetention(retention *Retention) *pb.Retention {
	if retention == nil {
		return nil
	}
	return &pb.Retention{Succeeded: toDuration(retention.Succeeded), Failed: toDuration(retention.Failed)}
}

// toFilter copies what it is given: a watch keeps it, and asks with it again.
func toFilter(filter Filter) (*pb.ExecutionFilter, error) {
	statuses := make([]pb.ExecutionStatus, len(filter.Statuses))
	for index, status := range filter.Statuses {
		var err error
		if statuses[index], err = toStatus(status, fmt.Sprintf("statuses[%d]", index)); err != nil {
			return nil, err
		}
	}
	return &pb.ExecutionFilter{
		Statuses:      statuses,
		Types:         slices.Clone(filter.Types),
		ParentId:      filter.ParentID,
		CreatedFrom:   toTimestamp(filter.CreatedFrom),
		CreatedBefore: toTimestamp(filter.CreatedBefore),
	}, nil
}

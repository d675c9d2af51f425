package main

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"

	"google.golang.org/grpc/codes"

	execution "github.com/croco-dev/execution/clients/go"
)

func executionJSON(e *execution.Execution) object {
	if e == nil {
		return nil
	}
	all := object{
		"id": e.ID, "type": e.Type, "status": e.Status, "status_reason": e.StatusReason,
		"payload": e.Payload, "has_payload": e.HasPayload, "result": e.Result, "has_result": e.HasResult,
		"error": nil, "attempts": e.Attempts, "max_attempts": e.MaxAttempts,
		"idempotency_key": e.IdempotencyKey, "parent_id": e.ParentID, "metadata": e.Metadata,
		"labels": orEmpty(e.Labels), "checkpoints": e.Checkpoints, "checkpoint_sizes": orEmpty(e.CheckpointSizes),
		"progress": nil, "revision": e.Revision, "history": historyJSON(e.History),
		"status_changes": e.StatusChanges, "cancellation_reason": e.CancellationReason,
		"retry_policy": nil, "retention": nil, "priority": e.Priority, "lease": nil,
		"crashes": e.Crashes, "max_crashes": e.MaxCrashes, "refunded_attempts": e.RefundedAttempts,
		"trace_parent": e.TraceParent,
	}
	maps.Copy(all, timesJSON(e))
	maps.Copy(all, partsJSON(e))
	return all
}

func timesJSON(e *execution.Execution) object {
	return object{
		"created_at": moment(e.CreatedAt), "updated_at": moment(e.UpdatedAt), "started_at": moment(e.StartedAt),
		"completed_at": moment(e.CompletedAt), "scheduled_at": moment(e.ScheduledAt),
		"next_attempt_at": moment(e.NextAttemptAt), "expires_at": moment(e.ExpiresAt),
		"cancellation_requested_at": moment(e.CancellationRequestedAt),
		"cancellation_forced_at":    moment(e.CancellationForcedAt),
		"timeout":                   spanOr(e.Timeout), "start_timeout": spanOr(e.StartTimeout),
		"total_timeout": spanOr(e.TotalTimeout),
	}
}

// partsJSON answers the messages of an execution that are there.
func partsJSON(e *execution.Execution) object {
	parts := object{}
	if failed := e.Error; failed != nil {
		parts["error"] = object{
			"message": failed.Message, "code": failed.Code, "stack": failed.Stack, "retryable": failed.Retryable,
			"retry_delay": span(failed.RetryDelay), "details": failed.Details,
		}
	}
	if p := e.Progress; p != nil {
		parts["progress"] = object{
			"current": p.Current, "total": p.Total, "message": p.Message, "percent": p.Percent, "attempt": p.Attempt,
		}
	}
	if policy := e.RetryPolicy; policy != nil {
		parts["retry_policy"] = object{
			"initial_interval": span(policy.InitialInterval), "backoff_coefficient": policy.BackoffCoefficient,
			"maximum_interval": span(policy.MaximumInterval), "jitter": policy.Jitter,
			"non_retryable_codes": append([]string{}, policy.NonRetryableCodes...),
			"retry_timeouts":      policy.RetryTimeouts,
		}
	}
	if kept := e.Retention; kept != nil {
		parts["retention"] = object{"succeeded": spanOr(kept.Succeeded), "failed": spanOr(kept.Failed)}
	}
	if lease := e.Lease; lease != nil {
		parts["lease"] = object{
			"worker_id": lease.WorkerID, "duration": lease.Duration.Milliseconds(), "expires_at": moment(lease.ExpiresAt),
		}
	}
	return parts
}

func executionsJSON(executions []*execution.Execution) []object {
	all := make([]object, len(executions))
	for index, one := range executions {
		all[index] = executionJSON(one)
	}
	return all
}

func historyJSON(history []execution.HistoryEntry) []object {
	entries := make([]object, len(history))
	for index, entry := range history {
		entries[index] = entryJSON(entry)
	}
	return entries
}

func entryJSON(entry execution.HistoryEntry) object {
	var from any
	if entry.From != "" {
		from = entry.From
	}
	return object{
		"revision": entry.Revision, "at": moment(entry.At), "from": from, "to": entry.To, "reason": entry.Reason,
		"attempt": entry.Attempt, "actor": entry.Actor,
	}
}

func messageJSON(message execution.WatchMessage) object {
	told := object{
		"id": message.ID, "revision": message.Revision, "event": message.Event, "change": nil,
		"execution": executionJSON(message.Execution),
	}
	if message.Change != nil {
		told["change"] = entryJSON(*message.Change)
	}
	return told
}

// problemOf answers what to say of an error; nil if there is none.
func problemOf(err error) any {
	if err == nil {
		return nil
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", err), "*execution.")
	if problem, ok := errors.AsType[*execution.Problem](err); ok {
		fields := make([]string, len(problem.FieldViolations))
		for index, violation := range problem.FieldViolations {
			fields[index] = violation.Field
		}
		return object{
			"code": codeName(problem.Code), "reason": problem.Reason, "metadata": orEmpty(problem.Metadata),
			"fields": fields, "type": kind, "message": problem.Message,
		}
	}
	local := object{
		"code": "UNKNOWN", "reason": "", "metadata": object{}, "fields": []string{}, "type": kind, "local": true,
		"message": err.Error(),
	}
	if _, ok := errors.AsType[*execution.InvalidValue](err); ok {
		local["code"] = "INVALID_ARGUMENT"
	}
	return local
}

// codeName answers gRPC's own name of a code: NOT_FOUND for codes.NotFound.
func codeName(code codes.Code) string {
	switch code {
	case codes.OK:
		return "OK"
	case codes.Canceled:
		return "CANCELLED"
	}
	var name strings.Builder
	for index, letter := range code.String() {
		if index > 0 && unicode.IsUpper(letter) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToUpper(letter))
	}
	return name.String()
}

func moment(moment time.Time) any {
	if moment.IsZero() {
		return nil
	}
	return moment.UnixMilli()
}

func spanOr(span time.Duration) any {
	if span == 0 {
		return nil
	}
	return span.Milliseconds()
}

func span(span *time.Duration) any {
	if span == nil {
		return nil
	}
	return span.Milliseconds()
}

// orEmpty answers {} for a map that is not there.
func orEmpty[V any](values map[string]V) map[string]V {
	if values == nil {
		return map[string]V{}
	}
	return values
}

package main

import (
	"context"
	"maps"

	execution "github.com/croco-dev/execution/clients/go"
)

// verb performs one verb of the client.
type verb func(ctx context.Context, client *execution.Client, with arguments) (any, error)

var verbs = map[string]verb{
	"create":                 create,
	"get":                    get,
	"get_by_idempotency_key": getByIdempotencyKey,
	"wait":                   wait,
	"list":                   list,
	"list_page":              listPage,
	"count":                  count,
	"update":                 update,
	"delete":                 remove,
	"start":                  start,
	"complete":               complete,
	"fail":                   fail,
	"cancel":                 cancel,
	"retry":                  retry,
	"time_out":               timeOut,
	"update_progress":        updateProgress,
	"save_checkpoints":       saveCheckpoints,
	"claim":                  claim,
	"heartbeat":              heartbeat,
	"release":                release,
	"batch_create":           batchCreate,
	"batch_get":              batchGet,
	"server_info":            serverInfo,
	"bench":                  bench,
}

// answered is what most verbs answer.
func answered(one *execution.Execution, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return executionJSON(one), nil
}

func create(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	options := createOptions(with)
	one, created, err := client.Create(ctx, with.text("type"), with.value("payload"), &options)
	if err != nil {
		return nil, err
	}
	answer := executionJSON(one)
	answer["created"] = created
	return answer, nil
}

func createOptions(with arguments) execution.CreateOptions {
	return execution.CreateOptions{
		MaxAttempts:    optional(with, "max_attempts", with.number),
		Timeout:        with.span("timeout_ms"),
		StartTimeout:   with.span("start_timeout_ms"),
		TotalTimeout:   with.span("total_timeout_ms"),
		RetryPolicy:    retryPolicy(with),
		Retention:      retention(with),
		ScheduledAt:    with.moment("scheduled_at_ms"),
		Priority:       optional(with, "priority", with.number),
		MaxCrashes:     optional(with, "max_crashes", with.number),
		IdempotencyKey: with.text("idempotency_key"),
		ParentID:       with.text("parent_id"),
		Metadata:       with.values("metadata"),
		Labels:         with.labels("labels"),
		RequestID:      with.text("request_id"),
	}
}

// retryPolicy answers nil where none is given, and an empty one for null.
func retryPolicy(with arguments) *execution.RetryPolicy {
	if !with.has("retry_policy") {
		return nil
	}
	policy := with.part("retry_policy")
	return &execution.RetryPolicy{
		InitialInterval:    optional(policy, "initial_interval_ms", policy.span),
		BackoffCoefficient: optional(policy, "backoff_coefficient", policy.double),
		MaximumInterval:    optional(policy, "maximum_interval_ms", policy.span),
		Jitter:             optional(policy, "jitter", policy.double),
		NonRetryableCodes:  policy.texts("non_retryable_codes"),
		RetryTimeouts:      policy.yes("retry_timeouts"),
	}
}

func retention(with arguments) *execution.Retention {
	if !with.has("retention") {
		return nil
	}
	kept := with.part("retention")
	return &execution.Retention{Succeeded: kept.span("succeeded_ms"), Failed: kept.span("failed_ms")}
}

func update(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	changes := execution.Changes{
		MaxAttempts:  optional(with, "max_attempts", with.number),
		Timeout:      optional(with, "timeout_ms", with.span),
		TotalTimeout: optional(with, "total_timeout_ms", with.span),
		RetryPolicy:  retryPolicy(with),
	}
	if with.has("metadata") {
		changes.Metadata = orEmpty(with.values("metadata"))
	}
	if with.has("labels") {
		changes.Labels = orEmpty(with.labels("labels"))
	}
	return answered(client.Update(ctx, with.text("id"), changes, changeOptions(with)))
}

func changeOptions(with arguments) *execution.ChangeOptions {
	return &execution.ChangeOptions{
		ExpectedRevision: optional(with, "expected_revision", with.integer), RequestID: with.text("request_id"),
	}
}

func remove(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return nil, client.Delete(ctx, with.text("id"), &execution.DeleteOptions{
		Force:            with.yes("force"),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	})
}

func cancel(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Cancel(ctx, with.text("id"), &execution.CancelOptions{
		Reason:           with.text("reason"),
		GracePeriod:      with.span("grace_period_ms"),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	}))
}

func retry(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Retry(ctx, with.text("id"), &execution.RetryOptions{
		AdditionalAttempts: with.count("additional_attempts"),
		ExpectedRevision:   optional(with, "expected_revision", with.integer),
		RequestID:          with.text("request_id"),
	}))
}

func batchCreate(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	var entries []execution.NewExecution
	for _, entry := range with.parts("requests") {
		entries = append(entries, execution.NewExecution{
			Type: entry.text("type"), Payload: entry.value("payload"), CreateOptions: createOptions(entry),
		})
	}
	outcomes, err := client.BatchCreate(ctx, entries, execution.View(with.text("view")))
	return outcomesJSON(outcomes, true), err
}

func batchGet(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	outcomes, err := client.BatchGet(ctx, with.texts("ids"), execution.View(with.text("view")))
	return outcomesJSON(outcomes, false), err
}

func outcomesJSON(outcomes []execution.Outcome, created bool) object {
	results := make([]object, len(outcomes))
	for index, outcome := range outcomes {
		if outcome.Err != nil {
			results[index] = object{"problem": problemOf(outcome.Err)}
			continue
		}
		results[index] = object{"execution": executionJSON(outcome.Execution)}
		if created {
			maps.Copy(results[index], object{"created": outcome.Created})
		}
	}
	return object{"results": results}
}

func serverInfo(ctx context.Context, client *execution.Client, _ arguments) (any, error) {
	info, err := client.ServerInfo(ctx)
	if err != nil {
		return nil, err
	}
	return object{
		"version": info.Version, "store": info.StoreKind, "partitions": info.Partitions, "durability": info.Durability,
	}, nil
}

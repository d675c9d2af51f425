package main

import (
	"context"

	execution "github.com/croco-dev/execution/clients/go"
)

func start(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Start(ctx, with.text("id"), changeOptions(with)))
}

func complete(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Complete(ctx, with.text("id"), with.value("result"), endOptions(with)))
}

func fail(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Fail(ctx, with.text("id"), *failure(with.part("error")), endOptions(with)))
}

func failure(with arguments) *execution.ExecutionError {
	return &execution.ExecutionError{
		Message:    with.text("message"),
		Code:       with.text("code"),
		Stack:      with.text("stack"),
		Retryable:  with.yes("retryable"),
		RetryDelay: optional(with, "retry_delay_ms", with.span),
		Details:    with.values("details"),
	}
}

func endOptions(with arguments) *execution.EndOptions {
	return &execution.EndOptions{
		Progress:         optionalProgress(with),
		Checkpoints:      with.values("checkpoints"),
		Attempt:          optional(with, "attempt", with.count),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	}
}

func optionalProgress(with arguments) *execution.Progress {
	if with["progress"] == nil {
		return nil
	}
	return new(progress(with.part("progress")))
}

func progress(with arguments) execution.Progress {
	return execution.Progress{
		Current: with.double("current"), Total: with.double("total"), Message: with.text("message"),
		Percent: optional(with, "percent", with.double),
	}
}

func timeOut(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.TimeOut(ctx, with.text("id"), attemptOptions(with)))
}

func updateProgress(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.UpdateProgress(ctx, with.text("id"), progress(with), attemptOptions(with)))
}

func attemptOptions(with arguments) *execution.AttemptOptions {
	return &execution.AttemptOptions{
		Attempt:          optional(with, "attempt", with.count),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	}
}

func saveCheckpoints(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.SaveCheckpoints(ctx, with.text("id"), with.values("checkpoints"), &execution.SaveOptions{
		Progress:         optionalProgress(with),
		Attempt:          optional(with, "attempt", with.count),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	}))
}

func claim(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	claimed, err := client.Claim(ctx, with.text("worker_id"), with.texts("types"), &execution.ClaimOptions{
		MaxExecutions: with.count("max_executions"),
		LeaseDuration: with.span("lease_duration_ms"),
		Wait:          optional(with, "wait_ms", with.span),
	})
	return object{"executions": executionsJSON(claimed)}, err
}

func heartbeat(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	var held []execution.HeldAttempt
	for _, attempt := range with.parts("held") {
		held = append(held, execution.HeldAttempt{ID: attempt.text("id"), Attempt: attempt.count("attempt")})
	}
	directives, err := client.Heartbeat(ctx, held)
	told := make([]object, len(directives))
	for index, directive := range directives {
		told[index] = object{
			"id": directive.ID, "attempt": directive.Attempt, "kind": directive.Kind, "reason": directive.Reason,
		}
	}
	return object{"directives": told}, err
}

func release(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Release(ctx, with.text("id"), &execution.ReleaseOptions{
		Delay:            with.span("delay_ms"),
		Attempt:          optional(with, "attempt", with.count),
		ExpectedRevision: optional(with, "expected_revision", with.integer),
		RequestID:        with.text("request_id"),
	}))
}

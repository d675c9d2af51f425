package main

import (
	"context"

	execution "github.com/croco-dev/execution/clients/go"
)

func get(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Get(ctx, with.text("id"), execution.View(with.text("view"))))
}

func getByIdempotencyKey(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	key, view := with.text("idempotency_key"), execution.View(with.text("view"))
	return answered(client.GetByIdempotencyKey(ctx, key, view))
}

func wait(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	return answered(client.Wait(ctx, with.text("id"), &execution.WaitOptions{
		Timeout: with.span("timeout_ms"), View: execution.View(with.text("view")),
	}))
}

func list(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	var all []*execution.Execution
	for one, err := range client.List(ctx, filter(with), listOptions(with)) {
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return object{"executions": executionsJSON(all)}, nil
}

func listPage(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	page, err := client.ListPage(ctx, filter(with), with.text("page_token"), listOptions(with))
	if err != nil {
		return nil, err
	}
	return object{"executions": executionsJSON(page.Executions), "next_page_token": page.NextPageToken}, nil
}

func count(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	counted, err := client.Count(ctx, filter(with))
	if err != nil {
		return nil, err
	}
	return object{"total": counted.Total, "by_status": counted.ByStatus}, nil
}

func filter(with arguments) execution.Filter {
	return execution.Filter{
		Statuses:      with.statuses("statuses"),
		Types:         with.texts("types"),
		ParentID:      with.text("parent_id"),
		CreatedFrom:   with.moment("created_from_ms"),
		CreatedBefore: with.moment("created_before_ms"),
	}
}

func listOptions(with arguments) *execution.ListOptions {
	return &execution.ListOptions{
		OldestFirst: with.yes("oldest_first"),
		PageSize:    with.count("page_size"),
		View:        execution.View(with.text("view")),
	}
}

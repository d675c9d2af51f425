package main

import (
	"context"
	"sync"

	execution "github.com/croco-dev/execution/clients/go"
)

const callsPerLife = 6

// bench lets executions live, several at a time, and answers how many calls that took.
func bench(ctx context.Context, client *execution.Client, with arguments) (any, error) {
	lifecycles, kind, payload := with.number("lifecycles"), with.text("type"), with.value("payload")
	lives := make(chan struct{}, lifecycles)
	for range lifecycles {
		lives <- struct{}{}
	}
	close(lives)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var loops sync.WaitGroup
	for range with.number("concurrency") {
		loops.Go(func() {
			for range lives {
				if err := life(ctx, client, kind, payload); err != nil {
					stop(err)
					return
				}
			}
		})
	}
	loops.Wait()
	return object{"calls": lifecycles * callsPerLife}, context.Cause(ctx)
}

func life(ctx context.Context, client *execution.Client, kind string, payload any) error {
	created, _, err := client.Create(ctx, kind, payload, nil)
	if err != nil {
		return err
	}
	started, err := client.Start(ctx, created.ID, nil)
	if err != nil {
		return err
	}
	attempt := &execution.AttemptOptions{Attempt: &started.Attempts}
	for page := range 3 {
		progress := execution.Progress{Current: float64(page + 1), Total: 3, Message: "Rendering"}
		if _, err := client.UpdateProgress(ctx, created.ID, progress, attempt); err != nil {
			return err
		}
	}
	end := &execution.EndOptions{Attempt: &started.Attempts}
	_, err = client.Complete(ctx, created.ID, map[string]any{"pages": 3}, end)
	return err
}

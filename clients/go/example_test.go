package execution_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os/signal"
	"syscall"

	execution "github.com/croco-dev/execution/clients/go"
)

func ExampleClient_Watch() {
	client, err := execution.NewClient("localhost:50051", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	id := "0190a3c4-5b6c-7d3e-8f00-112233445566"
	for message, err := range client.Watch(context.Background(), id, nil) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Revision, message.Event)
	}
}

func ExampleProblem() {
	client, err := execution.NewClient("localhost:50051", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Start(context.Background(), "0190a3c4-5b6c-7d3e-8f00-112233445566", nil)
	if problem, ok := errors.AsType[*execution.InvalidStateTransition](err); ok {
		fmt.Println("It is", problem.From, "and what can follow is", problem.Allowed)
	}
}

func ExampleWorker() {
	client, err := execution.NewClient("localhost:50051", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	worker, err := execution.NewWorker(client, &execution.WorkerOptions{Concurrency: 10})
	if err != nil {
		log.Fatal(err)
	}
	worker.Handle("resize-images", func(ctx context.Context, job *execution.Job) (any, error) {
		next, _ := execution.Decode[int](job.Checkpoints()["next"])
		for at := next; at < 100; at++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if err := job.Checkpoint("next", at+1); err != nil {
				return nil, err
			}
			_ = job.Progress(execution.Progress{Current: float64(at + 1), Total: 100})
		}
		return map[string]any{"resized": 100}, nil
	})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := worker.Run(ctx); err != nil {
		log.Print(err)
	}
}

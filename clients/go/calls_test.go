package execution

import (
	"context"
	"crypto/tls"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

func TestAnUnavailableServiceIsAskedAgainWithTheSameRequestID(t *testing.T) {
	t.Parallel()
	server := &scripted{start: func(try int, request *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		switch try {
		case 0:
			return nil, draining()
		case 1: // As a server that stops ends calls that it has not taken up.
			return nil, status.Error(codes.Canceled, "CANCELLED")
		default:
			return started(request.GetId()), nil
		}
	}}
	execution, err := serve(t, server, nil).Start(within(t), "x", nil)
	if err != nil || execution.ID != "x" || len(server.requests) != 3 {
		t.Fatalf("%v, %v, after %d tries", execution, err, len(server.requests))
	}
	names := map[string]bool{}
	for _, request := range server.requests {
		names[request.(*pb.StartExecutionRequest).GetRequestId()] = true
	}
	if len(names) != 1 || names[""] {
		t.Errorf("request ids: %v", names)
	}
}

func TestFiveTriesAreEnough(t *testing.T) {
	t.Parallel()
	server := &scripted{start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		return nil, draining()
	}}
	_, err := serve(t, server, nil).Start(within(t), "x", nil)
	if !is[*Unavailable](err) || len(server.requests) != 5 {
		t.Errorf("%v, after %d tries", err, len(server.requests))
	}
}

func TestAClaimIsNotRepeated(t *testing.T) {
	t.Parallel()
	server := &scripted{claim: func(int) (*pb.ClaimExecutionsResponse, error) { return nil, draining() }}
	_, err := serve(t, server, nil).Claim(within(t), "w", []string{"t"}, nil)
	if !is[*Unavailable](err) || len(server.requests) != 1 {
		t.Errorf("%v, after %d tries", err, len(server.requests))
	}
}

func TestARefusalIsNotRepeated(t *testing.T) {
	t.Parallel()
	server := &scripted{start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		return nil, refusal(codes.NotFound, "EXECUTION_NOT_FOUND", map[string]string{"executionId": "x"})
	}}
	_, err := serve(t, server, nil).Start(within(t), "x", nil)
	if missing, ok := errors.AsType[*ExecutionNotFound](err); !ok || missing.ExecutionID != "x" {
		t.Errorf("%v", err)
	}
	if len(server.requests) != 1 {
		t.Errorf("%d tries", len(server.requests))
	}
}

func TestACallWithoutADeadlineGetsTheClients(t *testing.T) {
	t.Parallel()
	listening := make(chan struct{})
	server := &scripted{start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		<-listening
		return started("x"), nil
	}}
	t.Cleanup(func() { close(listening) })
	client := serve(t, server, &ClientOptions{Deadline: 1})
	_, err := client.Start(context.Background(), "x", nil)
	if !is[*DeadlineExceeded](err) || !errors.Is(err, context.DeadlineExceeded) ||
		!strings.Contains(err.Error(), client.settings.target) {
		t.Errorf("%v", err)
	}
}

func TestTheEndOfTheContextEndsTheCall(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(within(t))
	server := &scripted{wait: func(call context.Context, _ int) (*pb.WaitExecutionResponse, error) {
		cancel()
		<-call.Done()
		return nil, call.Err()
	}}
	_, err := serve(t, server, nil).Wait(ctx, "x", nil)
	if !is[*Cancelled](err) || !errors.Is(err, context.Canceled) || len(server.requests) != 1 {
		t.Errorf("%v, after %d tries", err, len(server.requests))
	}
}

func TestATokenIsSentWithEveryCall(t *testing.T) {
	t.Parallel()
	server := &scripted{start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) {
		return started("x"), nil
	}}
	if _, err := serve(t, server, &ClientOptions{Token: "secret"}).Start(within(t), "x", nil); err != nil {
		t.Fatal(err)
	}
	if sent := server.metadata[0].Get("authorization"); !reflect.DeepEqual(sent, []string{"Bearer secret"}) {
		t.Errorf("%v", sent)
	}
}

func TestATargetThatWouldBeLookedForInVainIsRefused(t *testing.T) {
	for _, target := range []string{"", "http://localhost:1", "https://execution", "grpc://localhost:1"} {
		if _, err := NewClient(target, nil); err == nil || !strings.Contains(err.Error(), "host:port") {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestATokenThatNoHeaderCanHoldIsRefused(t *testing.T) {
	for _, token := range []string{"s3cret\n", "s3cr\u00e9t"} {
		_, err := NewClient("localhost:1", &ClientOptions{Token: token})
		if err == nil || !strings.Contains(err.Error(), "printable ASCII") || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestATokenGoesInPlainTextToThisMachineOnly(t *testing.T) {
	for target, mine := range map[string]bool{
		"localhost:50051": true, "127.0.0.1:1": true, "[::1]:50051": true, "unix:/run/execution": true,
		"dns:///localhost:50051": true, "execution:443": false, "dns:///execution:443": false,
		"localhost.example.org:443": false, "10.0.0.1:1": false, "127.0.0.1.example.org:1": false,
	} {
		client, err := NewClient(target, &ClientOptions{Token: "secret"})
		if (err == nil) != mine {
			t.Errorf("%s: %v", target, err)
		}
		if err == nil {
			client.Close()
		}
		encrypted, err := NewClient(target, &ClientOptions{Token: "secret", TLS: &tls.Config{}})
		if err != nil {
			t.Fatal(target, err)
		}
		encrypted.Close()
	}
}

func TestLongCallsHaveConnectionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	all.Add(places + 1)
	server := &scripted{
		start: func(int, *pb.StartExecutionRequest) (*pb.StartExecutionResponse, error) { return started("x"), nil },
		watch: func(_ int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
			all.Done()
			<-stream.Context().Done()
			return nil
		},
	}
	client := serve(t, server, nil)
	ctx, cancel := context.WithCancel(within(t))
	var watches sync.WaitGroup
	for range places + 1 {
		watches.Go(func() {
			for range client.Watch(ctx, "x", nil) {
			}
		})
	}
	all.Wait()
	if _, err := client.Start(ctx, "x", nil); err != nil {
		t.Fatal(err)
	}
	perConnection := map[string]int{}
	for _, from := range server.peers {
		perConnection[from]++
	}
	counts := map[int]int{}
	for _, calls := range perConnection {
		counts[calls]++
	}
	if !reflect.DeepEqual(counts, map[int]int{places: 1, 1: 2}) {
		t.Errorf("calls by connection: %v", perConnection)
	}
	cancel()
	watches.Wait()
	for _, line := range client.connection.long {
		if line.calls != 0 {
			t.Errorf("%d places are still taken", line.calls)
		}
	}
}

func TestAClosedClientSaysSo(t *testing.T) {
	t.Parallel()
	client := serve(t, &scripted{}, nil)
	client.Close()
	if _, err := client.Start(within(t), "x", nil); !is[*ClientClosed](err) {
		t.Errorf("%v", err)
	}
	for _, err := range client.Watch(within(t), "x", nil) {
		if !is[*ClientClosed](err) {
			t.Errorf("%v", err)
		}
	}
	client.Close()
}

// TestEveryCallHasAVerb holds the client against the contract.
func TestEveryCallHasAVerb(t *testing.T) {
	special := map[string]string{
		"WatchExecutions": "WatchAll", "GetServerInfo": "ServerInfo", "Work": "",
		"GetExecutionByIdempotencyKey": "GetByIdempotencyKey",
	}
	client := reflect.TypeFor[*Client]()
	for _, service := range []grpc.ServiceDesc{pb.ExecutionService_ServiceDesc, pb.WorkerService_ServiceDesc} {
		var names []string
		for _, method := range service.Methods {
			names = append(names, method.MethodName)
		}
		for _, stream := range service.Streams {
			names = append(names, stream.StreamName)
		}
		for _, name := range names {
			verb, ok := special[name]
			if !ok {
				verb = strings.TrimSuffix(strings.TrimSuffix(name, "s"), "Execution")
				if !strings.HasSuffix(name, "Executions") && !strings.HasSuffix(name, "Execution") {
					verb = name
				}
			}
			if _, has := client.MethodByName(verb); verb != "" && !has {
				t.Errorf("%s has none", name)
			}
		}
	}
}

// TestEveryWordOfTheContractIsKnown holds the words of this client against the enums of the contract.
func TestEveryWordOfTheContractIsKnown(t *testing.T) {
	for number := range pb.ExecutionStatus_name {
		status := fromStatus(pb.ExecutionStatus(number))
		if number != 0 && !status.AtRest() && !status.active() {
			t.Errorf("%s is neither at rest nor active", status)
		}
	}
	if fromStatus(99) != StatusUnknown || fromReason(99) != ReasonUnknown || fromEvent(0) != EventUnknown {
		t.Error("what is not known is not unknown")
	}
	if reasons := len(pb.StatusReason_name); reasons != 18 {
		t.Errorf("there are %d reasons: status.go names 17 and what is not specified", reasons)
	}
}

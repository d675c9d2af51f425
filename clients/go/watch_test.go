package execution

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const (
	running   = pb.ExecutionStatus_EXECUTION_STATUS_RUNNING
	completed = pb.ExecutionStatus_EXECUTION_STATUS_COMPLETED

	snapshot      = pb.WatchEvent_WATCH_EVENT_SNAPSHOT
	statusChanged = pb.WatchEvent_WATCH_EVENT_STATUS_CHANGED
	updated       = pb.WatchEvent_WATCH_EVENT_UPDATED
	bookmark      = pb.WatchEvent_WATCH_EVENT_BOOKMARK
	deleted       = pb.WatchEvent_WATCH_EVENT_DELETED
)

func one(revision int64, event pb.WatchEvent, status pb.ExecutionStatus) *pb.WatchExecutionResponse {
	message := &pb.WatchExecutionResponse{Revision: revision, Event: event}
	if event != bookmark {
		message.Execution = &pb.Execution{Id: "x", Status: status, Revision: revision}
	}
	return message
}

func each(id string, revision int64, event pb.WatchEvent, status pb.ExecutionStatus) *pb.WatchExecutionsResponse {
	message := &pb.WatchExecutionsResponse{Id: id, Revision: revision, Event: event}
	if event != bookmark && event != deleted {
		message.Execution = &pb.Execution{Id: id, Status: status, Revision: revision}
	}
	return message
}

// told is what a watch has told, in short.
type told struct {
	id       string
	revision int64
	event    WatchEvent
}

func short(message WatchMessage) told { return told{message.ID, message.Revision, message.Event} }

// send sends messages and ends the stream as told.
func send[M interface{}](stream grpc.ServerStreamingServer[M], end error, messages ...*M) error {
	for _, message := range messages {
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return end
}

// silence waits until the other side has given a stream up.
func silence(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAWatchGoesOnOverBrokenStreamsWithoutAGapAndWithoutARepeat(t *testing.T) {
	t.Parallel()
	server := &scripted{watch: func(try int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		switch try {
		case 0:
			return send(stream, draining(), one(1, snapshot, running), one(2, updated, running))
		case 1: // A repeat, and then the end of the connection.
			return send(stream, status.Error(codes.Internal, "RST_STREAM"), one(2, updated, running), one(4, bookmark, 0))
		case 2: // Ended with OK although it is running.
			return send(stream, nil, one(5, statusChanged, running))
		case 3:
			return silence(stream.Context())
		default:
			return send(stream, nil, one(6, statusChanged, completed))
		}
	}}
	client := serve(t, server, &ClientOptions{WatchSilence: 500 * time.Millisecond})
	var all []told
	for message, err := range client.Watch(within(t), "x", nil) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, short(message))
	}
	want := []told{
		{"x", 1, EventSnapshot}, {"x", 2, EventUpdated}, {"x", 5, EventStatusChanged}, {"x", 6, EventStatusChanged},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("%v", all)
	}
	var cursors []int64
	for _, request := range server.requests {
		cursors = append(cursors, request.(*pb.WatchExecutionRequest).GetAfterRevision())
	}
	// A slow machine may find a stream silent that is not, and ask again: with the same cursor.
	if !reflect.DeepEqual(slices.Compact(cursors), []int64{0, 2, 4, 5}) {
		t.Errorf("asked after %v", cursors)
	}
}

func TestAWatchOfWhatIsNotThereEnds(t *testing.T) {
	t.Parallel()
	server := &scripted{watch: func(int, grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		return refusal(codes.NotFound, "EXECUTION_NOT_FOUND", nil)
	}}
	problems := 0
	for _, err := range serve(t, server, nil).Watch(within(t), "x", nil) {
		if !is[*ExecutionNotFound](err) {
			t.Errorf("%v", err)
		}
		problems++
	}
	if problems != 1 {
		t.Errorf("%d problems", problems)
	}
}

func TestAWatchWhoseStreamsKeepBreakingGivesUp(t *testing.T) {
	t.Parallel()
	server := &scripted{watch: func(int, grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		return status.Error(codes.Internal, "broken")
	}}
	for _, err := range serve(t, server, nil).Watch(within(t), "x", nil) {
		if problem, ok := errors.AsType[*Problem](err); !ok || problem.Code != codes.Internal {
			t.Errorf("%v", err)
		}
	}
	if len(server.requests) != brokenTries+1 {
		t.Errorf("%d tries", len(server.requests))
	}
}

func TestTheEndOfTheContextEndsTheWatch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	server := &scripted{watch: func(_ int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		_ = send(stream, nil, one(1, snapshot, running))
		return silence(stream.Context())
	}}
	var last error
	for _, err := range serve(t, server, nil).Watch(ctx, "x", nil) {
		cancel()
		last = err
	}
	if !is[*Cancelled](last) || !errors.Is(last, context.Canceled) || len(server.requests) != 1 {
		t.Errorf("%v, after %d streams", last, len(server.requests))
	}
}

func TestLeavingTheLoopEndsTheCall(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	server := &scripted{watch: func(_ int, stream grpc.ServerStreamingServer[pb.WatchExecutionResponse]) error {
		defer close(ended)
		_ = send(stream, nil, one(1, snapshot, running))
		return silence(stream.Context())
	}}
	for range serve(t, server, nil).Watch(within(t), "x", nil) {
		break
	}
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the call goes on")
	}
}

func TestAWatchOfManyBridgesALostConnectionByASnapshot(t *testing.T) {
	t.Parallel()
	server := &scripted{all: func(try int, stream grpc.ServerStreamingServer[pb.WatchExecutionsResponse]) error {
		if try == 0 {
			return send(stream, draining(), each("a", 1, snapshot, running), each("b", 3, snapshot, running),
				each("c", 1, snapshot, running), each("", 0, bookmark, 0), each("c", 2, statusChanged, completed),
				each("", 0, bookmark, 0), each("d", 1, snapshot, running), each("d", 1, deleted, 0))
		}
		// b has not changed, a has, and c left the filter before the connection was lost.
		_ = send(stream, nil, each("b", 3, snapshot, running), each("", 0, bookmark, 0), each("b", 4, updated, running))
		return silence(stream.Context())
	}}
	var all []told
	filter := Filter{Statuses: []Status{StatusRunning}}
	for message, err := range serve(t, server, nil).WatchAll(within(t), filter, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, short(message)); message.Revision == 4 {
			break
		}
	}
	want := []told{
		{"a", 1, EventSnapshot}, {"b", 3, EventSnapshot}, {"c", 1, EventSnapshot}, {"", 0, EventBookmark},
		{"c", 2, EventStatusChanged}, {"d", 1, EventSnapshot}, {"d", 1, EventDeleted},
		{"a", 1, EventMissing}, {"", 0, EventBookmark}, {"b", 4, EventUpdated},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("%v", all)
	}
	for _, request := range server.requests {
		if !request.(*pb.WatchExecutionsRequest).GetSnapshot() {
			t.Error("a stream began without a snapshot")
		}
	}
}

func TestAWatchOfChangesOnlyAsksForASnapshotWhenItGoesOn(t *testing.T) {
	all := &watchingAll{filter: &pb.ExecutionFilter{}, known: map[string]int64{}}
	if all.request().GetSnapshot() {
		t.Error("the first stream began with a snapshot")
	}
	if told := all.take(each("", 0, bookmark, 0)); told != nil {
		t.Errorf("a bookmark without a snapshot was told: %v", told)
	}
	if !all.request().GetSnapshot() {
		t.Error("the second stream began without a snapshot")
	}
}

func TestAFollowedWatchStaysWhenTheExecutionComesToRest(t *testing.T) {
	watched := &watchingOne{id: "x", follow: true}
	watched.take(one(1, snapshot, completed))
	if watched.ended() {
		t.Error("it has ended")
	}
	// A final status that this client does not know must not be asked for again and again.
	newer := &watchingOne{id: "x"}
	newer.take(one(1, snapshot, 99))
	if !newer.ended() {
		t.Error("it has not ended")
	}
}

func TestWaitAsksUntilTheExecutionIsAtRest(t *testing.T) {
	t.Parallel()
	server := &scripted{wait: func(_ context.Context, try int) (*pb.WaitExecutionResponse, error) {
		switch try {
		case 0:
			return &pb.WaitExecutionResponse{Execution: &pb.Execution{Status: running}}, nil
		case 1:
			return nil, status.Error(codes.Unknown, "broken by a proxy")
		default:
			return &pb.WaitExecutionResponse{Execution: &pb.Execution{Status: completed}, Done: true}, nil
		}
	}}
	execution, err := serve(t, server, nil).Wait(within(t), "x", nil)
	if err != nil || execution.Status != StatusCompleted || len(server.requests) != 3 {
		t.Errorf("%v, %v, after %d calls", execution, err, len(server.requests))
	}
}

func TestWaitAnswersTheExecutionAsItIsWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	server := &scripted{wait: func(context.Context, int) (*pb.WaitExecutionResponse, error) {
		return &pb.WaitExecutionResponse{Execution: &pb.Execution{Status: running}}, nil
	}}
	execution, err := serve(t, server, nil).Wait(within(t), "x", &WaitOptions{Timeout: 50 * time.Millisecond})
	if err != nil || execution.Status != StatusRunning {
		t.Errorf("%v, %v", execution, err)
	}
}

package execution

import (
	"maps"
	"slices"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat. Nothing here
// does I/O. (A stream is cut more often than one may think: by servers that drain or bound the age of a connection, by
// proxies, by networks.)

// watching is what the two kinds of watch have in common.
type watching[Q, M any] interface {
	// request answers what to ask for next.
	request() Q
	// take takes note of a message and answers what is to be told of it.
	take(message M) []WatchMessage
	// ended tells whether a stream that ended with OK is the end of the watch.
	ended() bool
}

// watchingOne is a watch of one execution. Its cursor is the revision.
type watchingOne struct {
	id       string
	revision *int64
	follow   bool
	view     pb.ExecutionView
	status   Status
}

// request asks for what comes after the last message.
func (w *watchingOne) request() *pb.WatchExecutionRequest {
	return &pb.WatchExecutionRequest{Id: w.id, AfterRevision: w.revision, Follow: w.follow, View: w.view}
}

// take answers the message, unless it is a bookmark or was told before.
func (w *watchingOne) take(message *pb.WatchExecutionResponse) []WatchMessage {
	if message.GetExecution() != nil {
		w.status = fromStatus(message.GetExecution().GetStatus())
	} else if message.GetChange() != nil {
		w.status = fromStatus(message.GetChange().GetTo())
	}
	if w.revision != nil && message.GetRevision() <= *w.revision {
		return nil
	}
	w.revision = new(message.GetRevision())
	if message.GetEvent() == pb.WatchEvent_WATCH_EVENT_BOOKMARK {
		return nil
	}
	return []WatchMessage{fromWatch(w.id, message)}
}

// ended tells whether the execution came to rest.
//
// The server knows best: after a revision no message may have told the status, and a newer server may have final statuses
// that are unknown here. Only what is known to be active was cut off.
func (w *watchingOne) ended() bool { return !w.follow && !w.status.active() }

// watchingAll is a watch of all executions that match a filter. It has no cursor: it knows the revision of each execution
// instead.
//
// A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not changed is
// not told again, and what is not in it any more is told as missing.
type watchingAll struct {
	filter   *pb.ExecutionFilter
	snapshot bool
	known    map[string]int64
	// unseen is what a snapshot under way has not told of yet; nil outside of one.
	unseen map[string]int64
}

// request asks for a snapshot, unless this is the first time and none is wanted, and for the changes from then on.
func (w *watchingAll) request() *pb.WatchExecutionsRequest {
	request := &pb.WatchExecutionsRequest{Filter: w.filter, Snapshot: w.snapshot}
	w.unseen = nil
	if w.snapshot {
		w.unseen = make(map[string]int64, len(w.known))
		maps.Copy(w.unseen, w.known)
	}
	w.snapshot = true
	return request
}

// take answers the message, unless it was told before, or is a bookmark that does not end a snapshot.
func (w *watchingAll) take(message *pb.WatchExecutionsResponse) []WatchMessage {
	id, revision := message.GetId(), message.GetRevision()
	if message.GetEvent() == pb.WatchEvent_WATCH_EVENT_BOOKMARK {
		return w.endOfSnapshot(message)
	}
	delete(w.unseen, id)
	switch {
	case message.GetEvent() == pb.WatchEvent_WATCH_EVENT_DELETED:
		delete(w.known, id)
	case revision <= w.known[id]:
		return nil
	case w.leftFilter(message):
		delete(w.known, id) // No snapshot will hold it.
	default:
		w.known[id] = revision
	}
	return []WatchMessage{fromWatch(id, message)}
}

// ended tells that such a watch never ends by itself.
func (w *watchingAll) ended() bool { return false }

// leftFilter looks at the status, which is the only part of a filter that an execution can leave.
func (w *watchingAll) leftFilter(message *pb.WatchExecutionsResponse) bool {
	status := message.GetChange().GetTo()
	if message.GetExecution() != nil {
		status = message.GetExecution().GetStatus()
	}
	return len(w.filter.GetStatuses()) > 0 && status != 0 && !slices.Contains(w.filter.GetStatuses(), status)
}

func (w *watchingAll) endOfSnapshot(message *pb.WatchExecutionsResponse) []WatchMessage {
	if w.unseen == nil {
		return nil
	}
	var told []WatchMessage
	for id, revision := range w.unseen {
		told = append(told, WatchMessage{ID: id, Revision: revision, Event: EventMissing})
		delete(w.known, id)
	}
	w.unseen = nil
	return append(told, fromWatch(message.GetId(), message))
}

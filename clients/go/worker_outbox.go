package execution

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

const (
	reportsPerMessage = 1_000
	// bytesPerMessage is less than the 4 MiB that the service takes. One report is never near that: what is in it has
	// limits of its own.
	bytesPerMessage = 3 << 20
	// repeatPause is how long to wait before a report is repeated that was refused for something that passes.
	repeatPause = 500 * time.Millisecond
)

// outbox is what the worker has reported and nobody has acknowledged yet. Guarded by the run's mutex.
//
// A report is sent in order, and again after a broken stream, until it is acknowledged. By its request id the service
// knows a repeat, so neither a lost report nor a lost acknowledgement changes what happens: each has its effect once.
type outbox struct {
	name    string
	last    int64
	entries map[int64]*entry
	toSend  []int64
	// filled has an element when take may answer something, or wake was called.
	filled chan struct{}
	// later runs a function after a time, with the mutex held.
	later func(time.Duration, func())
}

// entry is a report and whom to tell, with nil when it was taken and else with why it was not.
type entry struct {
	report   *pb.WorkReport
	repeat   bool
	answered func(problem error)
}

func newOutbox(later func(time.Duration, func())) *outbox {
	return &outbox{
		name: newUUID(), entries: make(map[int64]*entry), filled: make(chan struct{}, 1), later: later,
	}
}

// add has a report sent, which gets its sequence and request id here. Without repeat it is not sent again after a broken
// stream, but forgotten without an answer. An error means that it is larger than the service takes.
func (o *outbox) add(report *pb.WorkReport, repeat bool, answered func(problem error)) error {
	if size := proto.Size(report); size > bytesPerMessage {
		return fmt.Errorf("the report has %d bytes; the limit is %d", size, bytesPerMessage)
	}
	o.last++
	report.Sequence = o.last
	report.RequestId = fmt.Sprintf("%s-%d", o.name, o.last)
	o.entries[o.last] = &entry{report, repeat, answered}
	o.toSend = append(o.toSend, o.last)
	o.wake()
	return nil
}

// take answers a message of all that has gathered, as far as one message holds it; nil if there is nothing.
func (o *outbox) take() *pb.WorkRequest {
	request, size := &pb.WorkRequest{}, 0
	for len(o.toSend) > 0 && len(request.Reports) < reportsPerMessage {
		if entry := o.entries[o.toSend[0]]; entry != nil {
			size += proto.Size(entry.report)
			if len(request.Reports) > 0 && size > bytesPerMessage {
				break
			}
			request.Reports = append(request.Reports, entry.report)
		}
		o.toSend = o.toSend[1:]
	}
	if len(request.Reports) == 0 {
		return nil
	}
	return request
}

func (o *outbox) wake() {
	select {
	case o.filled <- struct{}{}:
	default:
	}
}

// sendAgain takes note that the stream broke: whatever is not acknowledged has to be sent on the next one.
func (o *outbox) sendAgain() {
	o.toSend = o.toSend[:0]
	for sequence, entry := range o.entries {
		if entry.repeat {
			o.toSend = append(o.toSend, sequence)
		} else {
			delete(o.entries, sequence)
		}
	}
	slices.Sort(o.toSend)
	o.wake()
}

// acknowledge tells whoever made the report, or repeats it if it was refused for something that passes.
func (o *outbox) acknowledge(acknowledgement *pb.WorkAcknowledgement) {
	sequence := acknowledgement.GetSequence()
	entry := o.entries[sequence]
	if entry == nil {
		return // It was sent twice, and this is the second answer.
	}
	var problem error
	if refusal := acknowledgement.GetRefusal(); refusal != nil {
		problem = refused(refusal)
	}
	if entry.repeat && mayPass(problem) {
		o.later(repeatPause, func() { o.repeat(sequence) })
		return
	}
	delete(o.entries, sequence)
	entry.answered(problem)
}

func (o *outbox) repeat(sequence int64) {
	if o.entries[sequence] != nil && !slices.Contains(o.toSend, sequence) {
		o.toSend = append(o.toSend, sequence)
		o.wake()
	}
}

package execution

import (
	"context"
	"fmt"
	"time"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// What a run does about what it holds. Methods that do not lock are called with the mutex held.

func (r *run) begin(assignment *pb.Execution) {
	handler := r.handlers[assignment.GetType()]
	if r.draining || handler == nil { // It was under way before the server knew.
		release := &pb.WorkReport{
			Id: assignment.GetId(), Attempt: assignment.GetAttempts(), End: &pb.WorkReport_Release{Release: &pb.WorkRelease{}},
		}
		// It is small, and whatever becomes of it, the lease runs out.
		_ = r.outbox.add(release, true, func(error) { r.noteChange() })
		return
	}
	attempt := newAttempt(r, assignment, handler)
	r.held[heldAttempt{attempt.id, attempt.number}] = attempt
	r.attempts[attempt] = struct{}{}
}

func (r *run) follow(directive *pb.WorkDirective) {
	attempt := r.held[heldAttempt{directive.GetId(), directive.GetAttempt()}]
	switch {
	case directive.GetDrain() != nil:
		r.log.Info("the server stops; the worker goes on elsewhere")
	case attempt == nil:
	case directive.GetCancelRequested() != nil:
		reason := directive.GetCancelRequested().GetReason()
		r.log.Info("asked to stop", "execution", attempt, "reason", reason)
		attempt.askToStop(fmt.Errorf("%w: %s", ErrCancelRequested, reason))
	case directive.GetLeaseLost() != nil:
		attempt.lose(directive.GetLeaseLost().GetCause())
	}
}

// stopped takes note that the handler of an attempt runs no more.
func (r *run) stopped(attempt *attempt) {
	delete(r.attempts, attempt)
	r.noteChange()
}

// over takes note that an attempt is the worker's no more: its end is settled, or it was lost.
func (r *run) over(attempt *attempt) {
	delete(r.held, heldAttempt{attempt.id, attempt.number})
	r.noteChange()
}

// unsettled takes note that an attempt is over and the server takes no word of it: its lease has to run out.
func (r *run) unsettled(attempt *attempt) {
	r.over(attempt)
	r.reconnect("An attempt is given up.")
}

// reconnect begins a new stream, which tells the server what is held now: it keeps the leases of that and no more.
func (r *run) reconnect(why string) {
	if r.stream != nil {
		r.stream.giveUp(why)
	}
}

// feelPulse sees to it that nothing runs on whose lease may be lost.
func (r *run) feelPulse(ctx context.Context) {
	ticker := time.NewTicker(r.pulse.beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.feelBeat()
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) feelBeat() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.held) == 0 {
		r.pulse.heard(time.Now()) // There is nothing to lose.
		return
	}
	switch r.pulse.judge(time.Now()) {
	case ask:
		for _, attempt := range r.held {
			attempt.keep()
			break // One answer is enough.
		}
	case reconnect:
		r.reconnect("The server does not answer.")
	case lose:
		for _, attempt := range r.held {
			attempt.lose("the server is not heard any more")
		}
		r.reconnect("The leases are lost.")
	}
}

// drain sees to it, when the worker is to stop, that what runs ends; closes drained when it takes too long.
func (r *run) drain(stopping, ctx context.Context, drained chan<- struct{}) {
	select {
	case <-stopping.Done():
	case <-ctx.Done():
		return
	}
	r.beginToDrain()
	r.untilFinished(ctx, r.options.Drain)
	r.eachUnfinished(func(attempt *attempt) { attempt.askToStop(ErrWorkerStops) })
	r.untilFinished(ctx, unwindTime)
	r.eachUnfinished((*attempt).giveBack)
	if sleep(ctx, flushTime) == nil {
		r.log.Warn("the worker ends without an answer to its last reports")
		close(drained)
	}
}

func (r *run) beginToDrain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
	r.log.Info("the worker stops", "running", len(r.unfinished()))
	if r.stream != nil {
		r.stream.finish()
	}
}

func (r *run) eachUnfinished(do func(*attempt)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, attempt := range r.unfinished() {
		do(attempt)
	}
}

// untilFinished waits until no attempt is unfinished, for a time.
func (r *run) untilFinished(ctx context.Context, span time.Duration) {
	end := time.After(span)
	for !r.isFinished() {
		select {
		case <-r.changed:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *run) isFinished() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.unfinished()) == 0
}

// unfinished answers the attempts that the worker still has to see to their end.
func (r *run) unfinished() []*attempt {
	var unfinished []*attempt
	for attempt := range r.attempts {
		if !attempt.muted {
			unfinished = append(unfinished, attempt)
		}
	}
	return unfinished
}

func (r *run) isIdle() bool { return len(r.unfinished()) == 0 && len(r.outbox.entries) == 0 }

// noteChange takes note that something has ended or was answered: it may have been the last.
func (r *run) noteChange() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
	if r.draining && r.isIdle() && r.stream != nil {
		r.stream.finish()
	}
}

package execution

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

// attempt is one attempt, from its assignment to the acknowledgement of its end. Guarded by the run's mutex.
type attempt struct {
	run      *run
	id       string
	number   int32
	job      *Job
	progress conflatedProgress

	context context.Context
	cancel  context.CancelCauseFunc
	// running tells whether its handler runs.
	running bool
	// muted tells that nothing more is written of it: its end was reported, or it was lost.
	muted  bool
	saving map[chan error]struct{}
}

// newAttempt begins one. The run's mutex is held.
func newAttempt(run *run, assignment *pb.Execution, handler Handler) *attempt {
	a := &attempt{
		run: run, id: assignment.GetId(), number: assignment.GetAttempts(), running: true, saving: make(map[chan error]struct{}),
	}
	a.context, a.cancel = context.WithCancelCause(run.values)
	a.progress = conflatedProgress{interval: run.options.ProgressInterval, send: a.sendProgress, later: run.later}
	execution := fromExecution(assignment)
	a.job = &Job{Execution: execution, attempt: a, checkpoints: fromValues(assignment.GetCheckpoints())}
	go a.work(handler)
	return a
}

var errGone = errors.New("the handler has ended its goroutine")

func (a *attempt) String() string { return fmt.Sprintf("%s, attempt %d", a.id, a.number) }

// work runs the handler and reports how the attempt ended, be it that the handler ended its goroutine.
func (a *attempt) work(handler Handler) {
	var result any
	err := errGone
	defer func() { a.worked(result, err) }()
	result, err = protect(handler, a.context, a.job)
}

func (a *attempt) worked(result any, err error) {
	end := a.outcome(result, err)
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	a.running = false
	a.cancel(nil)
	if !a.muted {
		a.end(end)
	}
	a.run.stopped(a)
}

// protect makes an error of a panic: it must not end the other attempts of the process.
func protect(handler Handler, ctx context.Context, job *Job) (result any, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = newPanic(value)
		}
	}()
	return handler(ctx, job)
}

// outcome answers the report of what the handler answered. Methods of its result and of its error may panic, as those of
// nil pointers do, which must not end the other attempts either.
func (a *attempt) outcome(result any, err error) (end *pb.WorkReport) {
	defer func() {
		if value := recover(); value != nil {
			end = a.failure(newPanic(value), true)
		}
	}()
	if err == nil {
		value, invalid := toOptionalValue(result, "result")
		if invalid == nil {
			return a.report(&pb.WorkReport{End: &pb.WorkReport_Complete{Complete: &pb.WorkCompletion{Result: value}}})
		}
		a.run.log.Warn("the result cannot be sent", "execution", a, "error", invalid)
		return a.failure(invalid, false)
	}
	if stop := context.Cause(a.context); stop != nil && (errors.Is(err, context.Canceled) || errors.Is(err, stop)) {
		return a.report(&pb.WorkReport{End: &pb.WorkReport_Release{Release: &pb.WorkRelease{}}})
	}
	a.run.log.Warn("the handler failed", "execution", a, "error", err)
	return a.failure(err, true)
}

// askToStop has the handler stop. When it has, the execution is given back, which cancels it if that was requested.
func (a *attempt) askToStop(why error) { a.cancel(why) }

// lose takes note that the attempt is over without the worker's doing: it stops the handler and writes nothing more.
func (a *attempt) lose(cause string) {
	if !a.muted {
		a.run.log.Warn("the lease is lost", "execution", a, "cause", cause)
		a.drop(fmt.Errorf("%w: %s", ErrLeaseLost, cause))
	}
}

// drop stops the handler and writes nothing more.
func (a *attempt) drop(why error) {
	a.muted = true
	a.cancel(why)
	for saved := range a.saving {
		a.settle(saved, why)
	}
	a.run.over(a)
}

// giveBack gives the execution back, although its handler has not stopped.
func (a *attempt) giveBack() {
	if !a.muted {
		a.run.log.Warn("given back while its handler still runs", "execution", a)
		a.end(a.report(&pb.WorkReport{End: &pb.WorkReport_Release{Release: &pb.WorkRelease{}}}))
	}
}

// keep reports that it goes on, to see whether the report is answered.
func (a *attempt) keep() { a.send(a.report(&pb.WorkReport{}), false, a.kept) }

// save saves checkpoints; returns when they are durable, refused, or the attempt is over.
func (a *attempt) save(checkpoints map[string]*structpb.Value) error {
	saved := make(chan error, 1)
	if err := a.beginToSave(checkpoints, saved); err != nil {
		return err
	}
	return <-saved
}

func (a *attempt) beginToSave(checkpoints map[string]*structpb.Value, saved chan error) error {
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	if a.muted {
		return overBecause(context.Cause(a.context))
	}
	a.saving[saved] = struct{}{}
	a.send(a.report(&pb.WorkReport{Checkpoints: checkpoints}), true, func(problem error) {
		if isOver(problem) {
			a.lose(causeOf(problem))
			problem = overBecause(context.Cause(a.context))
		}
		a.settle(saved, problem)
	})
	return nil
}

func overBecause(cause error) error {
	if cause == nil || errors.Is(cause, context.Canceled) {
		return errors.New("the attempt is over")
	}
	return cause
}

// settle tells who waits for a checkpoint, once.
func (a *attempt) settle(saved chan error, problem error) {
	if _, waits := a.saving[saved]; waits {
		delete(a.saving, saved)
		saved <- problem
	}
}

func (a *attempt) sendProgress(progress Progress, answered func(problem error)) {
	converted, err := toProgress(&progress)
	if err != nil || a.muted {
		return
	}
	a.send(a.report(&pb.WorkReport{Progress: converted}), true, func(problem error) {
		a.kept(problem)
		answered(problem)
	})
}

// send has a report sent that cannot be too large, or else is as good as refused.
func (a *attempt) send(report *pb.WorkReport, repeat bool, answered func(problem error)) {
	if err := a.run.outbox.add(report, repeat, answered); err != nil {
		answered(err)
	}
}

// kept takes note that a report was answered that does not end the attempt.
func (a *attempt) kept(problem error) {
	if isOver(problem) {
		a.lose(causeOf(problem))
	} else if problem != nil {
		a.run.log.Warn("a report was refused", "execution", a, "error", problem)
	}
}

// end reports how the attempt ended; a result that is not taken ends it as a failure.
func (a *attempt) end(end *pb.WorkReport) {
	a.muted = true
	if newest, err := toProgress(a.progress.take()); err == nil && newest != nil {
		end.Progress = newest
	}
	err := a.run.outbox.add(end, true, func(problem error) {
		if problem != nil {
			a.run.log.Warn("its end was refused", "execution", a, "error", problem)
		}
		switch {
		case problem == nil || isOver(problem):
			a.run.over(a)
		case end.GetComplete() != nil:
			inVain := is[*InvalidField](problem) || is[*TooManyCheckpoints](problem)
			a.endInstead(end, problem, !inVain)
		default:
			a.run.unsettled(a)
		}
	})
	if err != nil { // It is too large.
		a.endInstead(end, err, false)
	}
}

// endInstead reports a failure where the end cannot be sent or is not taken, with the progress that it would have kept.
func (a *attempt) endInstead(end *pb.WorkReport, why error, retryable bool) {
	failure := a.failure(why, retryable)
	failure.Progress = end.GetProgress()
	a.end(failure)
}

func (a *attempt) failure(err error, retryable bool) *pb.WorkReport {
	return a.report(&pb.WorkReport{End: &pb.WorkReport_Fail{Fail: failureOf(err, retryable)}})
}

func (a *attempt) report(content *pb.WorkReport) *pb.WorkReport {
	content.Id, content.Attempt = a.id, a.number
	return content
}

package execution

import (
	"maps"
	"sync"
)

// Job is what a handler is given: the execution that it works on, and how to report of it. It may be used by many
// goroutines.
type Job struct {
	// Execution is the execution as it was when the attempt began, in full. Its Attempts is the number of this one.
	Execution *Execution

	attempt     *attempt
	mu          sync.Mutex
	checkpoints map[string]any
}

// ID answers the execution's id.
func (j *Job) ID() string { return j.Execution.ID }

// Attempt answers which attempt this is: 1 for the first.
func (j *Job) Attempt() int32 { return j.Execution.Attempts }

// Payload answers the input; nil also where there is none. [Decode] makes other types of it.
func (j *Job) Payload() any { return j.Execution.Payload }

// Checkpoints answers what this attempt and those before it left behind to go on from.
func (j *Job) Checkpoints() map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.checkpoints)
}

// Progress says how far the work is. It costs next to nothing: only the newest is sent, every now and then; the last
// always is. The error is an InvalidValue: a number is outside its limits.
func (j *Job) Progress(progress Progress) error {
	if err := checkProgress(progress); err != nil {
		return err
	}
	j.attempt.run.mu.Lock()
	defer j.attempt.run.mu.Unlock()
	j.attempt.progress.put(progress)
	return nil
}

// Checkpoint keeps a JSON value under a key, over every failure and retry; nil removes the key. It is durable when the
// answer is nil.
//
// It does not heed the handler's context, so that who is told to stop can still say where: it answers when the value is
// kept, refused (as with TooManyCheckpoints or InvalidField), or when the attempt is over.
func (j *Job) Checkpoint(key string, value any) error {
	values, err := toValues(map[string]any{key: value}, "checkpoints")
	if err != nil {
		return err
	}
	if err := j.attempt.save(values); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if kept := fromValue(values[key]); kept != nil {
		j.checkpoints[key] = kept
	} else {
		delete(j.checkpoints, key)
	}
	return nil
}

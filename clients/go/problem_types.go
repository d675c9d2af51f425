package execution

// One type per reason of error_reason.proto, and one for each code that gRPC makes by itself. Each has the type that it
// embeds for errors.As too: whoever asks for an *Unavailable gets a *StoreUnavailable as well. The fields are the
// metadata of the reason's example in error_reason.proto.

type (
	// InvalidField means that a field of the request is missing, malformed or outside its limits.
	InvalidField struct {
		Problem
		Field string
	}

	// PayloadTooLarge means that a field of the request is larger than its limit.
	PayloadTooLarge struct {
		InvalidField
		SizeBytes  int64
		LimitBytes int64
	}

	// InvalidPageToken means that the page token was not made by this service, or was made for another filter or
	// order.
	InvalidPageToken struct {
		InvalidField
	}

	// ExecutionNotFound means that there is no such execution, or there is no more. One of the two fields is empty.
	ExecutionNotFound struct {
		Problem
		ExecutionID    string
		IdempotencyKey string
	}

	// IdempotencyKeyReused means that the idempotency key belongs to an execution of another type or payload:
	// ExecutionID.
	IdempotencyKeyReused struct {
		Problem
		IdempotencyKey string
		ExecutionID    string
	}

	// InvalidStateTransition means that the status does not allow the call. Allowed are the statuses that can follow
	// From.
	InvalidStateTransition struct {
		Problem
		ExecutionID string
		From        Status
		To          Status
		Allowed     []Status
	}

	// MaxRetriesExceeded means that Retry found no attempts left; RetryOptions.AdditionalAttempts would allow more.
	MaxRetriesExceeded struct {
		Problem
		ExecutionID string
		Attempts    int32
		MaxAttempts int32
	}

	// ExecutionNotRunning means that progress and checkpoints are taken while the execution is running only.
	ExecutionNotRunning struct {
		Problem
		ExecutionID string
		Status      Status
	}

	// ExecutionActive means that Delete without DeleteOptions.Force takes only executions that are pending or at rest.
	ExecutionActive struct {
		Problem
		ExecutionID string
		Status      Status
	}

	// AttemptFenced means that the caller's attempt is over, so nothing of it is taken: stop working. Cause says how
	// it ended.
	AttemptFenced struct {
		Problem
		ExecutionID    string
		Attempt        int32
		CurrentAttempt int32
		Status         Status
		Cause          string
	}

	// RevisionMismatch means that the execution is not at the revision that the caller expects.
	RevisionMismatch struct {
		Problem
		ExecutionID      string
		ExpectedRevision int64
		Revision         int64
	}

	// Contention means that other callers kept changing the execution until the server gave up. Nothing was changed;
	// call again.
	Contention struct {
		Problem
		ExecutionID string
	}

	// WatchRevisionCompacted means that the history does not reach back to the revision to resume after: watch again
	// without it.
	WatchRevisionCompacted struct {
		Problem
		ExecutionID    string
		AfterRevision  int64
		OldestRevision int64
	}

	// QuotaExceeded means that a quota of the deployment is used up. RetryDelay says when to come back.
	QuotaExceeded struct {
		Problem
		Limit int64
	}

	// TooManyWatches means that all watches there may be are taken, or a watch of many executions was not read fast
	// enough.
	TooManyWatches struct {
		Problem
		Limit int64
	}

	// TooManyCheckpoints means that the execution would have more checkpoints than it may have. Nothing was saved.
	TooManyCheckpoints struct {
		Problem
		ExecutionID string
		Limit       int64
	}

	// Unavailable means that no answer came, and the automatic repeats did not help. Whether the call took effect is
	// not known: the same
	// call with the same request id may be made again.
	Unavailable struct {
		Problem
	}

	// StoreUnavailable means that the service cannot reach its store.
	StoreUnavailable struct {
		Unavailable
	}

	// ServerDraining means that the server is about to stop; another one answers. Revision is set for a watch only.
	ServerDraining struct {
		Unavailable
		Revision int64
	}

	// CredentialsMissing means that the call carries no credentials and needs some.
	CredentialsMissing struct {
		Problem
	}

	// CredentialsInvalid means that the call's credentials are unknown or have expired.
	CredentialsInvalid struct {
		Problem
	}

	// MethodForbidden means that the caller may not use this method.
	MethodForbidden struct {
		Problem
		Method string
	}

	// Unexpected means that a fault of the service. Its log has the cause under IncidentID.
	Unexpected struct {
		Problem
		IncidentID string
	}

	// DeadlineExceeded means that no answer came before the call's deadline, be it that the server cannot be
	// reached. See Unavailable.
	DeadlineExceeded struct {
		Problem
	}

	// Cancelled means that the call was ended before its answer came.
	Cancelled struct {
		Problem
	}

	// ClientClosed means that the client was closed.
	ClientClosed struct {
		Cancelled
	}
)

// Unwrap answers the more general problem.
func (p *InvalidField) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *PayloadTooLarge) Unwrap() error { return &p.InvalidField }

// Unwrap answers the more general problem.
func (p *InvalidPageToken) Unwrap() error { return &p.InvalidField }

// Unwrap answers the more general problem.
func (p *ExecutionNotFound) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *IdempotencyKeyReused) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *InvalidStateTransition) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *MaxRetriesExceeded) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *ExecutionNotRunning) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *ExecutionActive) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *AttemptFenced) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *RevisionMismatch) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *Contention) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *WatchRevisionCompacted) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *QuotaExceeded) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *TooManyWatches) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *TooManyCheckpoints) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *Unavailable) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *StoreUnavailable) Unwrap() error { return &p.Unavailable }

// Unwrap answers the more general problem.
func (p *ServerDraining) Unwrap() error { return &p.Unavailable }

// Unwrap answers the more general problem.
func (p *CredentialsMissing) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *CredentialsInvalid) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *MethodForbidden) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *Unexpected) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *DeadlineExceeded) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *Cancelled) Unwrap() error { return &p.Problem }

// Unwrap answers the more general problem.
func (p *ClientClosed) Unwrap() error { return &p.Cancelled }

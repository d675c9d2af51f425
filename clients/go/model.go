package execution

import "time"

// Execution is one unit of work and all that is known about it; execution.proto explains every field.
//
// JSON values (Payload, Result, Metadata, Checkpoints) are nil, bool, int64, float64, string, []any and map[string]any;
// [Decode] makes other types of them. Payload is nil both where it is JSON null and where none was sent: HasPayload
// tells the two apart, as HasResult does for Result. The basic view carries neither. A time that is not set is the zero
// time, a duration that is not set is 0.
type Execution struct {
	ID           string
	Type         string
	Status       Status
	StatusReason StatusReason
	Payload      any
	HasPayload   bool
	Result       any
	HasResult    bool
	// Error is the last attempt's failure; nil if there is none.
	Error       *ExecutionError
	Attempts    int32
	MaxAttempts int32
	CreatedAt   time.Time
	UpdatedAt   time.Time
	StartedAt   time.Time
	CompletedAt time.Time
	Timeout     time.Duration
	// RetryPolicy is nil where the contract's defaults hold.
	RetryPolicy     *RetryPolicy
	IdempotencyKey  string
	ParentID        string
	Metadata        map[string]any
	Labels          map[string]string
	Checkpoints     map[string]any
	CheckpointSizes map[string]int32
	// Progress is nil before the first report.
	Progress                *Progress
	Revision                int64
	History                 []HistoryEntry
	StatusChanges           int32
	CancellationReason      string
	CancellationRequestedAt time.Time
	CancellationForcedAt    time.Time
	StartTimeout            time.Duration
	TotalTimeout            time.Duration
	NextAttemptAt           time.Time
	Retention               *Retention
	ExpiresAt               time.Time
	ScheduledAt             time.Time
	Priority                int32
	// Lease is nil where it runs without one.
	Lease            *Lease
	Crashes          int32
	MaxCrashes       int32
	RefundedAttempts int32
	// TraceParent is the trace that created it, as W3C Trace Context writes it.
	TraceParent string
}

// ExecutionError is a failure, as the worker reported it. It is an error, so that a [Handler] can answer one to say
// more about its failure than other errors do.
type ExecutionError struct {
	// Message says what went wrong, for a person.
	Message string
	// Code says what went wrong, for a program.
	Code string
	// Stack says where it went wrong.
	Stack string
	// Retryable tells whether another attempt may succeed.
	Retryable bool
	// RetryDelay is when to repeat it, this once instead of the retry policy. nil: the policy says.
	RetryDelay *time.Duration
	// Details are free data.
	Details map[string]any
}

// Error answers the message.
func (e *ExecutionError) Error() string { return e.Message }

// Progress is how far an attempt is.
type Progress struct {
	// Current and Total count in a unit of the worker's choice; a total of 0 is not known.
	Current, Total float64
	// Message says what is being done, for a person.
	Message string
	// Percent is 0 to 100. nil leaves it to the server to compute.
	Percent *float64
	// Attempt and UpdatedAt are set by the server only.
	Attempt   int32
	UpdatedAt time.Time
}

// HistoryEntry is one status change. Revision and Attempt are the execution's after the change.
type HistoryEntry struct {
	Revision int64
	At       time.Time
	// From is empty for the creation.
	From    Status
	To      Status
	Reason  StatusReason
	Attempt int32
	// Actor is "server" for a deadline that the server keeps, else the caller where calls carry an identity.
	Actor string
}

// RetryPolicy says when the next attempt comes after a failure that may be repeated. What is nil is as the contract says.
type RetryPolicy struct {
	// The pause grows by BackoffCoefficient from InitialInterval to MaximumInterval, less a random part of up to
	// Jitter (0 to 1).
	InitialInterval    *time.Duration
	BackoffCoefficient *float64
	MaximumInterval    *time.Duration
	Jitter             *float64
	// NonRetryableCodes are the codes of errors that are never repeated.
	NonRetryableCodes []string
	// RetryTimeouts has attempts that timed out repeated too.
	RetryTimeouts bool
}

// Retention is how long a record is kept once it is at rest. 0 is for ever in an answer, and as the server is set in a
// request.
type Retention struct {
	// Succeeded is for what is completed or cancelled.
	Succeeded time.Duration
	// Failed is for what is failed or timed out.
	Failed time.Duration
}

// Lease is a worker's hold on a running execution: until ExpiresAt, unless the worker is heard of before.
type Lease struct {
	WorkerID  string
	Duration  time.Duration
	ExpiresAt time.Time
}

// Page is some of the executions of a list. An empty NextPageToken means that no more follow.
type Page struct {
	Executions    []*Execution
	NextPageToken string
}

// Count is how many executions match, in all and in each status that the filter allows.
type Count struct {
	Total    int64
	ByStatus map[Status]int64
}

// HeldAttempt is an attempt that a worker holds.
type HeldAttempt struct {
	ID      string
	Attempt int32
}

// Directive is what a worker has to do about an attempt that it holds.
type Directive struct {
	ID      string
	Attempt int32
	Kind    DirectiveKind
	Reason  string
	// ForcedAt is when the server cancels by itself.
	ForcedAt time.Time
}

// WatchMessage is what a watch tells.
type WatchMessage struct {
	ID string
	// Revision is the cursor: a watch with it as WatchOptions.AfterRevision goes on from here.
	Revision int64
	Event    WatchEvent
	// Change is set for EventStatusChanged only.
	Change *HistoryEntry
	// Execution is the execution as of Revision. nil where a later message of the same watch has already overtaken it,
	// and for bookmarks, deletions and what is missing.
	Execution *Execution
}

package execution

import (
	"strconv"
	"strings"
)

// byReason makes a problem of its reason's type.
var byReason = map[string]func(Problem) error{
	"INVALID_FIELD": func(p Problem) error { return &InvalidField{p, p.text("field")} },
	"PAYLOAD_TOO_LARGE": func(p Problem) error {
		return &PayloadTooLarge{
			InvalidField{p, p.text("field")},
			p.number("sizeBytes"),
			p.number("limitBytes"),
		}
	},
	"INVALID_PAGE_TOKEN": func(p Problem) error { return &InvalidPageToken{InvalidField{p, p.text("field")}} },
	"EXECUTION_NOT_FOUND": func(p Problem) error {
		return &ExecutionNotFound{
			p,
			p.text("executionId"),
			p.text("idempotencyKey"),
		}
	},
	"IDEMPOTENCY_KEY_REUSED": func(p Problem) error {
		return &IdempotencyKeyReused{
			p,
			p.text("idempotencyKey"),
			p.text("executionId"),
		}
	},
	"INVALID_STATE_TRANSITION": func(p Problem) error {
		return &InvalidStateTransition{
			p,
			p.text("executionId"),
			p.status("from"),
			p.status("to"),
			p.statuses("allowed"),
		}
	},
	"MAX_RETRIES_EXCEEDED": func(p Problem) error {
		return &MaxRetriesExceeded{
			p,
			p.text("executionId"),
			int32(p.number("attempts")),
			int32(p.number("maxAttempts")),
		}
	},
	"EXECUTION_NOT_RUNNING": func(p Problem) error {
		return &ExecutionNotRunning{
			p,
			p.text("executionId"),
			p.status("status"),
		}
	},
	"EXECUTION_ACTIVE": func(p Problem) error {
		return &ExecutionActive{
			p,
			p.text("executionId"),
			p.status("status"),
		}
	},
	"ATTEMPT_FENCED": func(p Problem) error {
		return &AttemptFenced{
			p,
			p.text("executionId"),
			int32(p.number("attempt")),
			int32(p.number("currentAttempt")),
			p.status("status"),
			p.text("cause"),
		}
	},
	"REVISION_MISMATCH": func(p Problem) error {
		return &RevisionMismatch{
			p,
			p.text("executionId"),
			p.number("expectedRevision"),
			p.number("revision"),
		}
	},
	"CONTENTION": func(p Problem) error { return &Contention{p, p.text("executionId")} },
	"WATCH_REVISION_COMPACTED": func(p Problem) error {
		return &WatchRevisionCompacted{
			p,
			p.text("executionId"),
			p.number("afterRevision"),
			p.number("oldestRevision"),
		}
	},
	"QUOTA_EXCEEDED":   func(p Problem) error { return &QuotaExceeded{p, p.number("limit")} },
	"TOO_MANY_WATCHES": func(p Problem) error { return &TooManyWatches{p, p.number("limit")} },
	"TOO_MANY_CHECKPOINTS": func(p Problem) error {
		return &TooManyCheckpoints{
			p,
			p.text("executionId"),
			p.number("limit"),
		}
	},
	"STORE_UNAVAILABLE":   func(p Problem) error { return &StoreUnavailable{Unavailable{p}} },
	"SERVER_DRAINING":     func(p Problem) error { return &ServerDraining{Unavailable{p}, p.number("revision")} },
	"CREDENTIALS_MISSING": func(p Problem) error { return &CredentialsMissing{p} },
	"CREDENTIALS_INVALID": func(p Problem) error { return &CredentialsInvalid{p} },
	"METHOD_FORBIDDEN":    func(p Problem) error { return &MethodForbidden{p, p.text("method")} },
	"UNEXPECTED":          func(p Problem) error { return &Unexpected{p, p.text("incidentId")} },
}

func (p *Problem) text(key string) string { return p.Metadata[key] }

// number answers 0 for what is no number: a problem is told as well as it can be.
func (p *Problem) number(key string) int64 {
	number, _ := strconv.ParseInt(p.Metadata[key], 10, 64)
	return number
}

func (p *Problem) status(key string) Status { return knownStatus(p.Metadata[key]) }

func (p *Problem) statuses(key string) []Status {
	var statuses []Status
	for name := range strings.SplitSeq(p.Metadata[key], ",") {
		if name = strings.TrimSpace(name); name != "" {
			statuses = append(statuses, knownStatus(name))
		}
	}
	return statuses
}

func knownStatus(name string) Status {
	if _, err := toStatus(Status(name), ""); err != nil {
		return StatusUnknown
	}
	return Status(name)
}

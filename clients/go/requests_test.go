package execution

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func TestAnUpdateNamesWhatIsGivenAndNothingElse(t *testing.T) {
	for name, one := range map[string]struct {
		changes Changes
		paths   []string
	}{
		"nothing": {Changes{}, nil},
		"all that is cleared": {
			Changes{
				Metadata: map[string]any{}, Labels: map[string]string{}, Timeout: new(time.Duration(0)),
				RetryPolicy: &RetryPolicy{},
			},
			[]string{"metadata", "labels", "timeout", "retry_policy"},
		},
		"numbers": {Changes{MaxAttempts: new(4), TotalTimeout: new(time.Hour)}, []string{"max_attempts", "total_timeout"}},
	} {
		changed, mask, err := toChanges("x", one.changes)
		if err != nil || !reflect.DeepEqual(mask.GetPaths(), one.paths) {
			t.Errorf("%s: %v, %v", name, mask, err)
		}
		if changed.Timeout != nil || changed.RetryPolicy != nil {
			t.Errorf("%s: what is cleared is sent: %v", name, changed)
		}
	}
}

func TestANumberThatIsGivenIsSentEvenIfItIsZero(t *testing.T) {
	request, err := toCreate("t", nil, CreateOptions{MaxAttempts: new(0), Priority: new(0), MaxCrashes: new(0)})
	if err != nil || request.MaxAttempts == nil || request.Priority == nil || request.MaxCrashes == nil {
		t.Errorf("%v, %v", request, err)
	}
	if _, err := toCreate("t", nil, CreateOptions{MaxAttempts: new(math.MaxInt32 + 1)}); !is[*InvalidValue](err) {
		t.Errorf("%v", err)
	}
}

func TestWhatCannotBeSentInABatchIsNamedWithItsPlace(t *testing.T) {
	client := serve(t, &scripted{}, nil)
	entries := []NewExecution{{Type: "t"}, {Type: "t", Payload: map[string]any{"n": math.NaN()}}}
	_, err := client.BatchCreate(within(t), entries, "")
	if !is[*InvalidValue](err) || err.Error() != "requests[1].payload.n is NaN, which JSON does not have." {
		t.Errorf("%v", err)
	}
}

func TestAFilterRefusesAStatusThatIsNone(t *testing.T) {
	_, err := toFilter(Filter{Statuses: []Status{StatusRunning, StatusUnknown}})
	if !is[*InvalidValue](err) {
		t.Errorf("%v", err)
	}
}

func TestAFilterIsAsItWasWhenItWasGiven(t *testing.T) {
	types := []string{"a"}
	filter, err := toFilter(Filter{Types: types})
	types[0] = "b"
	if err != nil || !reflect.DeepEqual(filter.Types, []string{"a"}) {
		t.Errorf("%v, %v", filter, err)
	}
}

package execution

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	pb "github.com/croco-dev/execution/clients/go/executionv1"
)

func TestThePulseAsksThenReconnectsThenLoses(t *testing.T) {
	begin := time.Unix(0, 0)
	pulse := newPulse(12*time.Second, begin)
	var verdicts []verdict
	for beat := 1; beat <= 8; beat++ {
		verdicts = append(verdicts, pulse.judge(begin.Add(time.Duration(beat)*time.Second)))
	}
	want := []verdict{goOn, ask, goOn, reconnect, reconnect, reconnect, reconnect, lose}
	if !reflect.DeepEqual(verdicts, want) {
		t.Errorf("%v", verdicts)
	}
	pulse.heard(begin.Add(8 * time.Second))
	if verdict := pulse.judge(begin.Add(9 * time.Second)); verdict != goOn {
		t.Errorf("%v", verdict)
	}
	// A pause of the process: one judgement alone loses nothing.
	if verdict := pulse.judge(begin.Add(time.Hour)); verdict == lose {
		t.Error("lost at the first beat after a pause")
	}
}

// paused keeps what is to be done later.
type paused []func()

func (p *paused) later(_ time.Duration, do func()) { *p = append(*p, do) }

func (p *paused) goOn() {
	due := *p
	*p = nil
	for _, do := range due {
		do()
	}
}

func sequences(request *pb.WorkRequest) []int64 {
	var all []int64
	for _, report := range request.GetReports() {
		all = append(all, report.GetSequence())
	}
	return all
}

func TestTheOutboxSaysAgainWhatIsNotAcknowledged(t *testing.T) {
	var answers []error
	var pauses paused
	box := newOutbox(pauses.later)
	answered := func(problem error) { answers = append(answers, problem) }
	for repeat := range 4 {
		if err := box.add(&pb.WorkReport{}, repeat != 1, answered); err != nil {
			t.Fatal(err)
		}
	}
	if sent := sequences(box.take()); !reflect.DeepEqual(sent, []int64{1, 2, 3, 4}) || box.take() != nil {
		t.Errorf("%v", sent)
	}
	box.acknowledge(&pb.WorkAcknowledgement{Sequence: 1})
	box.acknowledge(&pb.WorkAcknowledgement{Sequence: 1})
	box.sendAgain()
	if sent := sequences(box.take()); !reflect.DeepEqual(sent, []int64{3, 4}) || len(answers) != 1 {
		t.Errorf("%v, %v", sent, answers)
	}
	passing := &pb.WorkRefusal{Reason: pb.ErrorReason_ERROR_REASON_STORE_UNAVAILABLE}
	box.acknowledge(&pb.WorkAcknowledgement{Sequence: 3, Refusal: passing})
	final := &pb.WorkRefusal{Reason: pb.ErrorReason_ERROR_REASON_ATTEMPT_FENCED, Metadata: map[string]string{"cause": "x"}}
	box.acknowledge(&pb.WorkAcknowledgement{Sequence: 4, Refusal: final})
	pauses.goOn()
	if sent := sequences(box.take()); !reflect.DeepEqual(sent, []int64{3}) {
		t.Errorf("%v", sent)
	}
	if len(answers) != 2 || answers[0] != nil || !isOver(answers[1]) || causeOf(answers[1]) != "x" {
		t.Errorf("%v", answers)
	}
}

func TestTheOutboxKeepsToTheSizeOfAMessage(t *testing.T) {
	box := newOutbox(nil)
	large := map[string]*structpb.Value{"k": structpb.NewStringValue(string(make([]byte, bytesPerMessage/2)))}
	for range 3 {
		if err := box.add(&pb.WorkReport{Checkpoints: large}, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if sent := sequences(box.take()); len(sent) != 1 {
			t.Errorf("%v", sent)
		}
	}
	large["l"] = large["k"]
	if err := box.add(&pb.WorkReport{Checkpoints: large}, true, nil); err == nil {
		t.Error("a report that is larger than a message was taken")
	}
}

func TestOnlyTheNewestProgressIsSent(t *testing.T) {
	var sent []float64
	var acknowledge func(error)
	var pauses paused
	progress := conflatedProgress{later: pauses.later, send: func(progress Progress, answered func(error)) {
		sent, acknowledge = append(sent, progress.Current), answered
	}}
	for current := range 3 {
		progress.put(Progress{Current: float64(current)})
	}
	pauses.goOn()
	progress.put(Progress{Current: 3})
	progress.put(Progress{Current: 4})
	if pauses.goOn(); !reflect.DeepEqual(sent, []float64{2}) {
		t.Errorf("sent before the one before was acknowledged: %v", sent)
	}
	acknowledge(nil)
	pauses.goOn()
	acknowledge(errors.New("refused"))
	progress.put(Progress{Current: 5})
	if last := progress.take(); !reflect.DeepEqual(sent, []float64{2, 4}) || last.Current != 5 {
		t.Errorf("%v, %v", sent, last)
	}
}

func TestProgressIsAsItWasWhenItWasSaid(t *testing.T) {
	progress, percent := conflatedProgress{underWay: true}, 10.0
	progress.put(Progress{Percent: &percent})
	percent = 200
	if said := progress.take(); *said.Percent != 10 {
		t.Errorf("%v", *said.Percent)
	}
}

func TestProgressOutsideItsLimitsIsRefused(t *testing.T) {
	for _, progress := range []Progress{
		{Current: -1}, {Total: -1}, {Percent: new(101.0)}, {Message: string(make([]byte, maxMessageBytes+1))}, {Message: "\xff"},
	} {
		if !is[*InvalidValue](checkProgress(progress)) {
			t.Errorf("%v was taken", progress)
		}
	}
	if err := checkProgress(Progress{Current: 3, Total: 2, Percent: new(100.0)}); err != nil {
		t.Error(err)
	}
}

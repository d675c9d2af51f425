package execution

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

type picture struct {
	Name  string     `json:"name"`
	Sizes []int      `json:"sizes,omitempty"`
	Taken *time.Time `json:"taken"`
}

func TestWhatIsSentComesBackAsGosOwnValues(t *testing.T) {
	for name, one := range map[string]struct{ sent, back any }{
		"integers": {
			[]any{0, -1, int8(7), uint64(8), int64(exact), -exact},
			[]any{int64(0), int64(-1), int64(7), int64(8), int64(exact), int64(-exact)},
		},
		"doubles":            {[]float64{0.5, 1e300, 2.0}, []any{0.5, 1e300, int64(2)}},
		"doubles beyond":     {float64(1 << 60), float64(1 << 60)},
		"texts and booleans": {[]any{"é", "", true, false}, []any{"é", "", true, false}},
		"nothing":            {[]any{nil, (*int)(nil), Null}, []any{nil, nil, nil}},
		"maps":               {map[string]int{"a": 1}, map[string]any{"a": int64(1)}},
		"pointers":           {new(3), int64(3)},
		"structs": {
			picture{Name: "p", Sizes: []int{1}}, map[string]any{"name": "p", "sizes": []any{int64(1)}, "taken": nil},
		},
		"bytes":           {[]byte{1, 2}, "AQI="},
		"marshalers":      {time.UnixMilli(0).UTC(), "1970-01-01T00:00:00Z"},
		"raw JSON":        {json.RawMessage(`{"a":[1e2]}`), map[string]any{"a": []any{int64(100)}}},
		"numbers as text": {json.Number("12"), int64(12)},
		"other keys":      {map[int]string{1: "a"}, map[string]any{"1": "a"}},
		"a named type":    {StatusFailed, "failed"},
	} {
		value, err := toValue(one.sent, "payload", maxLevels)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if back := fromValue(overTheWire(t, value)); !reflect.DeepEqual(back, one.back) {
			t.Errorf("%s: %#v came back as %#v", name, one.sent, back)
		}
	}
}

func overTheWire(t *testing.T, value *structpb.Value) *structpb.Value {
	t.Helper()
	wire, err := proto.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	received := &structpb.Value{}
	if err := proto.Unmarshal(wire, received); err != nil {
		t.Fatal(err)
	}
	return received
}

func TestWhatJSONCannotHoldIsRefusedWithItsPath(t *testing.T) {
	for name, one := range map[string]struct {
		sent any
		path string
	}{
		"an integer":           {map[string]any{"items": []any{0, 1, 2, int64(exact + 1)}}, "payload.items[3]"},
		"an unsigned integer":  {[]uint64{math.MaxUint64}, "payload[0]"},
		"the least integer":    {int64(math.MinInt64), "payload"},
		"NaN":                  {map[string]float64{"a": math.NaN()}, "payload.a"},
		"Infinity":             {[]any{[]any{math.Inf(-1)}}, "payload[0][0]"},
		"not UTF-8":            {[]string{"a", "\xff"}, "payload[1]"},
		"a key":                {map[string]any{"\xff": 1}, "A key of payload"},
		"a function":           {map[string]any{"f": func() {}}, "payload.f"},
		"in a struct":          {struct{ N []int64 }{[]int64{exact + 1}}, "payload.N[0]"},
		"text beyond":          {json.Number("9007199254740993"), "payload"},
		"text that is none":    {json.Number("1e999"), "payload"},
		"a cycle":              {cycle(), "payload"},
		"nested too deep":      {nested(maxLevels + 1), "payload" + strings.Repeat("[0]", maxLevels)},
		"NaN within a struct":  {[]any{struct{ X float64 }{math.NaN()}}, "payload[0]"},
		"a channel's type too": {make(chan int), "payload"},
	} {
		_, err := toValue(one.sent, "payload", maxLevels)
		invalid, ok := errors.AsType[*InvalidValue](err)
		if !ok {
			t.Errorf("%s: was not refused: %v", name, err)
		} else if !strings.HasPrefix(invalid.Path, one.path) || !strings.HasPrefix(err.Error(), one.path) {
			t.Errorf("%s: %q does not name %q", name, err, one.path)
		}
	}
}

// nested answers lists in lists, with a number in the innermost.
func nested(levels int) any {
	value := any(1)
	for range levels {
		value = []any{value}
	}
	return value
}

// cycle answers a list that holds itself.
func cycle() any {
	list := []any{nil}
	list[0] = list
	return list
}

func TestThirtyLevelsAreTaken(t *testing.T) {
	if _, err := toValue(nested(maxLevels), "payload", maxLevels); err != nil {
		t.Error(err)
	}
}

func TestNoPayloadAndNullAreToldApart(t *testing.T) {
	none, err := toCreate("t", nil, CreateOptions{})
	if err != nil || none.Payload != nil {
		t.Errorf("nil is %v, %v", none.Payload, err)
	}
	null, err := toCreate("t", Null, CreateOptions{})
	if err != nil || null.Payload == nil || fromValue(null.Payload) != nil {
		t.Errorf("Null is %v, %v", null.Payload, err)
	}
}

func TestDecodeMakesOtherTypes(t *testing.T) {
	decoded, err := Decode[picture](map[string]any{"name": "p", "sizes": []any{int64(1), int64(2)}})
	if err != nil || !reflect.DeepEqual(decoded, picture{Name: "p", Sizes: []int{1, 2}}) {
		t.Errorf("%v, %v", decoded, err)
	}
	if zero, err := Decode[int](nil); zero != 0 || err != nil {
		t.Errorf("%v, %v", zero, err)
	}
	if _, err := Decode[int]("text"); err == nil {
		t.Error("a text was made a number")
	}
}

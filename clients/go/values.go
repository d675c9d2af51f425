package execution

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"
)

// A google.protobuf.Value holds every number as a double. So that what was sent comes back as it was, an integral double
// of up to 2**53 is an int64 here, and an integer beyond that is refused instead of being rounded without a word.
// Everything else that a Value cannot hold is refused too, with the path of the culprit, before anything is sent.
const (
	exact = 1 << 53
	// More levels than the contract allows cannot be parsed: protobuf stops at 100 nested messages, and a level takes
	// three in some languages.
	maxLevels = 30
)

// Null is JSON null where nil means that there is no value: as a payload and as a result.
var Null any = null{}

type null struct{}

func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// InvalidValue says that an argument cannot be sent. Nothing was.
type InvalidValue struct {
	// Path says which part of which argument, as in "payload.items[3]".
	Path string
	// Description says what is wrong with it.
	Description string
}

// Error answers a sentence with the path.
func (e *InvalidValue) Error() string { return e.Path + " " + e.Description + "." }

// Decode makes a value of another type of a JSON value of the service, as encoding/json does. nil gives the zero value.
func Decode[T any](value any) (T, error) {
	var decoded T
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	return decoded, err
}

// toOptionalValue converts a payload or a result, of which nil is none.
func toOptionalValue(value any, path string) (*structpb.Value, error) {
	if value == nil {
		return nil, nil
	}
	return toValue(value, path, maxLevels)
}

// toStruct converts free data, of which nil is none.
func toStruct(values map[string]any, path string) (*structpb.Struct, error) {
	if values == nil {
		return nil, nil
	}
	value, err := toValue(values, path, maxLevels)
	return value.GetStructValue(), err
}

// toValues converts values that are sent each for itself.
func toValues(values map[string]any, path string) (map[string]*structpb.Value, error) {
	converted := make(map[string]*structpb.Value, len(values))
	for key, value := range values {
		if err := checkText(key, "A key of "+path); err != nil {
			return nil, err
		}
		var err error
		if converted[key], err = toValue(value, path+"."+key, maxLevels); err != nil {
			return nil, err
		}
	}
	return converted, nil
}

// toValue converts what Go has for a JSON value: what encoding/json can write.
func toValue(value any, path string, levels int) (*structpb.Value, error) {
	switch value := value.(type) {
	case nil, null:
		return structpb.NewNullValue(), nil
	case json.Number:
		return toNumber(value, path)
	case json.Marshaler, encoding.TextMarshaler, []byte:
		return throughJSON(value, path, levels)
	}
	reflected := reflect.ValueOf(value)
	switch reflected.Kind() {
	case reflect.Bool:
		return structpb.NewBoolValue(reflected.Bool()), nil
	case reflect.String:
		return structpb.NewStringValue(reflected.String()), checkText(reflected.String(), path)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return toInteger(reflected.Int(), path)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return toInteger(int64(min(reflected.Uint(), math.MaxInt64)), path)
	case reflect.Float32, reflect.Float64:
		return toDouble(reflected.Float(), path)
	default:
		return toNested(reflected, path, levels)
	}
}

func toNested(value reflect.Value, path string, levels int) (*structpb.Value, error) {
	switch value.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if value.IsNil() {
			return structpb.NewNullValue(), nil
		}
	}
	switch {
	case value.Kind() == reflect.Pointer:
		return toValue(value.Elem().Interface(), path, levels)
	case value.Kind() == reflect.Slice, value.Kind() == reflect.Array:
		return toList(value, path, levels)
	case value.Kind() == reflect.Map && value.Type().Key().Kind() == reflect.String:
		return toObject(value, path, levels)
	default:
		return throughJSON(value.Interface(), path, levels)
	}
}

func toList(list reflect.Value, path string, levels int) (*structpb.Value, error) {
	items := make([]*structpb.Value, list.Len())
	for index := range items {
		itemPath := fmt.Sprintf("%s[%d]", path, index)
		if levels == 0 {
			return nil, tooDeep(path)
		}
		var err error
		if items[index], err = toValue(list.Index(index).Interface(), itemPath, levels-1); err != nil {
			return nil, err
		}
	}
	return structpb.NewListValue(&structpb.ListValue{Values: items}), nil
}

func toObject(object reflect.Value, path string, levels int) (*structpb.Value, error) {
	fields := make(map[string]*structpb.Value, object.Len())
	for entries := object.MapRange(); entries.Next(); {
		key := entries.Key().String()
		if levels == 0 {
			return nil, tooDeep(path)
		}
		if err := checkText(key, "A key of "+path); err != nil {
			return nil, err
		}
		var err error
		if fields[key], err = toValue(entries.Value().Interface(), path+"."+key, levels-1); err != nil {
			return nil, err
		}
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: fields}), nil
}

// throughJSON converts structs and whatever says itself how it looks in JSON.
func throughJSON(value any, path string, levels int) (*structpb.Value, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, &InvalidValue{path, fmt.Sprintf("is of type %T, which JSON does not have: %v", value, err)}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, &InvalidValue{path, fmt.Sprintf("is of type %T, which is no JSON: %v", value, err)}
	}
	return toValue(plain, path, levels)
}

func toInteger(number int64, path string) (*structpb.Value, error) {
	if number > exact || number < -exact {
		return nil, &InvalidValue{path, "is an integer beyond 2**53, which JSON numbers cannot hold exactly"}
	}
	return structpb.NewNumberValue(float64(number)), nil
}

func toDouble(number float64, path string) (*structpb.Value, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, &InvalidValue{path, fmt.Sprintf("is %v, which JSON does not have", number)}
	}
	return structpb.NewNumberValue(number), nil
}

// toNumber converts a number that is given as text. An integer is taken if a double prints as the same digits.
func toNumber(text json.Number, path string) (*structpb.Value, error) {
	number, err := text.Float64()
	if err != nil {
		return nil, &InvalidValue{path, "is no number that JSON can hold: " + string(text)}
	}
	digits := strconv.FormatFloat(number, 'f', -1, 64)
	if !strings.ContainsAny(string(text), ".eE") && math.Abs(number) >= exact && digits != string(text) {
		return nil, &InvalidValue{path, "is an integer beyond 2**53, which JSON numbers cannot hold exactly"}
	}
	return toDouble(number, path)
}

func checkText(text, path string) error {
	if !utf8.ValidString(text) {
		return &InvalidValue{path, "is not UTF-8"}
	}
	return nil
}

func tooDeep(path string) error {
	return &InvalidValue{path, fmt.Sprintf("is nested deeper than %d levels", maxLevels)}
}

// fromValue converts to nil, bool, int64, float64, string, []any or map[string]any.
func fromValue(value *structpb.Value) any {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_StringValue:
		return kind.StringValue
	case *structpb.Value_NumberValue:
		return fromNumber(kind.NumberValue)
	case *structpb.Value_BoolValue:
		return kind.BoolValue
	case *structpb.Value_StructValue:
		return fromValues(kind.StructValue.GetFields())
	case *structpb.Value_ListValue:
		items := make([]any, len(kind.ListValue.GetValues()))
		for index, item := range kind.ListValue.GetValues() {
			items[index] = fromValue(item)
		}
		return items
	default:
		return nil
	}
}

func fromValues(values map[string]*structpb.Value) map[string]any {
	converted := make(map[string]any, len(values))
	for key, value := range values {
		converted[key] = fromValue(value)
	}
	return converted
}

func fromNumber(number float64) any {
	if number == math.Trunc(number) && math.Abs(number) <= exact {
		return int64(number)
	}
	return number
}

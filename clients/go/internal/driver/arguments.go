package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	execution "github.com/croco-dev/execution/clients/go"
)

// object is a JSON object.
type object = map[string]any

// arguments are what a command comes with.
type arguments map[string]any

func parse(line []byte) (command, error) {
	var parsed command
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		return parsed, fmt.Errorf("%s: %w", line, err)
	}
	return parsed, nil
}

func (a arguments) has(name string) bool {
	_, given := a[name]
	return given
}

func (a arguments) text(name string) string {
	text, _ := a[name].(string)
	return text
}

func (a arguments) yes(name string) bool { return a[name] == true }

func (a arguments) integer(name string) int64 { return int64(a.double(name)) }

func (a arguments) number(name string) int { return int(a.integer(name)) }

func (a arguments) count(name string) int32 { return int32(a.integer(name)) }

func (a arguments) double(name string) float64 {
	switch number := native(a[name]).(type) {
	case int64:
		return float64(number)
	case float64:
		return number
	default:
		return 0
	}
}

// span answers a length of time, of which 0 is none.
func (a arguments) span(name string) time.Duration {
	return time.Duration(a.integer(name)) * time.Millisecond
}

func (a arguments) moment(name string) time.Time {
	if a[name] == nil {
		return time.Time{}
	}
	return time.UnixMilli(a.integer(name))
}

func (a arguments) texts(name string) []string {
	list, _ := a[name].([]any)
	texts := make([]string, len(list))
	for index, item := range list {
		texts[index], _ = item.(string)
	}
	return texts
}

func (a arguments) statuses(name string) []execution.Status {
	var statuses []execution.Status
	for _, status := range a.texts(name) {
		statuses = append(statuses, execution.Status(status))
	}
	return statuses
}

func (a arguments) part(name string) arguments {
	part, _ := a[name].(object)
	return part
}

func (a arguments) parts(name string) []arguments {
	list, _ := a[name].([]any)
	parts := make([]arguments, len(list))
	for index, item := range list {
		parts[index] = item.(object)
	}
	return parts
}

// value answers a JSON value where null is a value of its own.
func (a arguments) value(name string) any {
	if a.has(name) && a[name] == nil {
		return execution.Null
	}
	return native(a[name])
}

// values answers the values of an object; nil if it is not given.
func (a arguments) values(name string) map[string]any {
	values, _ := native(a[name]).(object)
	return values
}

func (a arguments) labels(name string) map[string]string {
	given, ok := a[name].(object)
	if !ok {
		return nil
	}
	labels := make(map[string]string, len(given))
	for key := range given {
		labels[key] = arguments(given).text(key)
	}
	return labels
}

// optional answers a pointer to an argument, nil if it is not given.
func optional[V any](a arguments, name string, read func(string) V) *V {
	if !a.has(name) {
		return nil
	}
	return new(read(name))
}

// native makes Go's own values of JSON, and replaces {"$integer": …} and {"$double": …}.
func native(value any) any {
	switch value := value.(type) {
	case json.Number:
		if !strings.ContainsAny(string(value), ".eE") {
			if integer, err := strconv.ParseInt(string(value), 10, 64); err == nil {
				return integer
			}
		}
		double, _ := value.Float64()
		return double
	case []any:
		items := make([]any, len(value))
		for index, item := range value {
			items[index] = native(item)
		}
		return items
	case object:
		if text, ok := value["$integer"].(string); ok {
			return native(json.Number(text))
		}
		if text, ok := value["$double"].(string); ok {
			return special(text)
		}
		fields := make(object, len(value))
		for key, field := range value {
			fields[key] = native(field)
		}
		return fields
	default:
		return value
	}
}

func special(text string) float64 {
	switch text {
	case "NaN":
		return math.NaN()
	case "-Infinity":
		return math.Inf(-1)
	case "Infinity":
		return math.Inf(1)
	}
	number, _ := strconv.ParseFloat(text, 64)
	return number
}

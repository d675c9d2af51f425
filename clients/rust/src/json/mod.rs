//! JSON values between Rust and `google.protobuf.Value`.
//!
//! Whatever serde can serialise can be sent; what comes back is a `serde_json::Value`. A `Value` of protobuf holds every
//! number as a double. So that what was sent comes back as it was, an integral double of up to 2^53 is an integer, and an
//! integer beyond that is refused instead of being rounded without a word. Everything else that JSON cannot hold is
//! refused too, with the path of the culprit, before anything is sent.

mod collections;
mod writer;

use prost_types::{Struct, Value, value::Kind};
use serde::Serialize;

use crate::Problem;

use writer::Writer;

/// The largest integer up to which a double holds each exactly: 2^53.
const EXACT: u64 = 1 << 53;
/// More levels than the contract allows cannot be parsed: protobuf stops at 100 nested messages, and a level takes three.
const LEVELS: usize = 30;

/// Convert what serde can serialise; `path` is what to call it in an error, as in `payload`.
pub(crate) fn to_value<T: Serialize + ?Sized>(json: &T, path: &str) -> Result<Value, Problem> {
    json.serialize(Writer::new(path)).map_err(|refused| Problem::invalid(refused.sentence(path)))
}

/// Convert what serialises to a JSON object; see `to_value`.
pub(crate) fn to_struct<T: Serialize + ?Sized>(json: &T, path: &str) -> Result<Struct, Problem> {
    match to_value(json, path)?.kind {
        Some(Kind::StructValue(object)) => Ok(object),
        _ => Err(Problem::invalid(format!("{path} must be a JSON object."))),
    }
}

/// Convert to what serde makes of JSON. A value without a kind is null.
pub(crate) fn from_value(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(boolean)) => boolean.into(),
        Some(Kind::NumberValue(number)) => from_number(number),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(from_value).collect(),
        Some(Kind::StructValue(object)) => from_struct(object).into(),
    }
}

/// Convert an object; see `from_value`.
pub(crate) fn from_struct(object: Struct) -> serde_json::Map<String, serde_json::Value> {
    object.fields.into_iter().map(|(key, value)| (key, from_value(value))).collect()
}

fn from_number(number: f64) -> serde_json::Value {
    let exact = number.fract() == 0.0 && number.abs() <= EXACT as f64;
    if exact { (number as i64).into() } else { number.into() }
}

#[cfg(test)]
mod tests;

//! What comes with a command, in Rust's types.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use croco_execution_client::{
    Call, Changing, ExecutionStatus, Failure, Fenced, Filter, Guarded, Progress, Retention, RetryPolicy,
    View, Viewed,
};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Map, Value};

/// The arguments of a command by their names. One that is not there is `None`.
#[derive(Clone)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(arguments) => Self(arguments),
            other => panic!("{other} are no arguments"),
        }
    }

    pub fn json(&self, name: &str) -> Option<Sent<'_>> {
        self.0.get(name).map(Sent)
    }

    /// Whether it is there and null.
    pub fn is_null(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_null)
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(Into::into)
    }

    pub fn name(&self) -> String {
        self.text("as").expect("a name")
    }

    pub fn id(&self) -> String {
        self.text("id").expect("an id")
    }

    pub fn long(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    pub fn int(&self, name: &str) -> Option<i32> {
        self.long(name).and_then(|number| number.try_into().ok())
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.0.get(name)?.as_array()?.iter();
        Some(texts.filter_map(Value::as_str).map(Into::into).collect())
    }

    /// The argument `name` with the suffix `_ms`.
    pub fn span(&self, name: &str) -> Option<Duration> {
        self.0.get(&format!("{name}_ms")).and_then(Value::as_u64).map(Duration::from_millis)
    }

    pub fn moment(&self, name: &str) -> Option<SystemTime> {
        self.span(name).map(|since| UNIX_EPOCH + since)
    }

    pub fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name).and_then(Value::as_object).cloned().map(Self)
    }

    pub fn list(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        list.into_iter().map(Self::new).collect()
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, Sent<'_>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), Sent(value)))
    }

    pub fn labels(&self) -> Option<Vec<(String, String)>> {
        let pairs = self.0.get("labels")?.as_object()?.iter();
        Some(pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect())
    }

    pub fn filter(&self) -> Filter {
        let statuses = self.texts("statuses").unwrap_or_default();
        let statuses: Vec<ExecutionStatus> =
            statuses.iter().map(|status| status.parse().expect("a status")).collect();
        Filter::default()
            .statuses(statuses)
            .given(self.texts("types"), Filter::types)
            .given(self.text("parent_id"), Filter::parent_id)
            .given(self.moment("created_from"), Filter::created_from)
            .given(self.moment("created_before"), Filter::created_before)
    }

    pub fn progress(&self) -> Progress {
        Progress::new(self.number("current").unwrap_or_default(), self.number("total").unwrap_or_default())
            .given(self.text("message"), Progress::message)
            .given(self.number("percent"), Progress::percent)
    }

    pub fn failure(&self) -> Failure {
        let message = self.text("message").unwrap_or_default();
        if self.flag("retryable") { Failure::retryable(message) } else { Failure::permanent(message) }
            .given(self.text("code"), Failure::code)
            .given(self.text("stack"), Failure::stack)
            .given(self.span("retry_delay"), Failure::retry_delay)
            .given(self.json("details"), Failure::details)
    }

    pub fn retry_policy(&self) -> Option<RetryPolicy> {
        let given = self.object("retry_policy")?;
        Some(RetryPolicy {
            initial_interval: given.span("initial_interval"),
            backoff_coefficient: given.number("backoff_coefficient"),
            maximum_interval: given.span("maximum_interval"),
            jitter: given.number("jitter"),
            non_retryable_codes: given.texts("non_retryable_codes").unwrap_or_default(),
            retry_timeouts: given.flag("retry_timeouts"),
        })
    }

    pub fn retention(&self) -> Option<Retention> {
        let given = self.object("retention")?;
        Some(Retention { succeeded: given.span("succeeded"), failed: given.span("failed") })
    }

    pub fn deadline<R>(&self, call: Call<R>) -> Call<R> {
        call.given(self.span("deadline"), Call::deadline)
    }

    pub fn view<R: Viewed>(&self, call: Call<R>) -> Call<R> {
        self.deadline(call).given(self.wanted_view(), Call::view)
    }

    pub fn wanted_view(&self) -> Option<View> {
        let view = self.text("view")?;
        Some(if view == "full" { View::Full } else { View::Basic })
    }

    pub fn named<R: Changing>(&self, call: Call<R>) -> Call<R> {
        self.deadline(call).given(self.text("request_id"), Call::request_id)
    }

    pub fn guarded<R: Changing + Guarded>(&self, call: Call<R>) -> Call<R> {
        self.named(call).given(self.long("expected_revision"), Call::expected_revision)
    }

    pub fn fenced<R: Changing + Guarded + Fenced>(&self, call: Call<R>) -> Call<R> {
        self.guarded(call).given(self.int("attempt"), Call::attempt)
    }
}

/// Sets what is given, and leaves out what is not.
pub trait Given: Sized {
    fn given<T>(self, value: Option<T>, set: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }
}

impl<T> Given for T {}

/// A JSON value, sent with the numbers that JSON cannot write.
#[derive(Clone, Copy)]
pub struct Sent<'a>(&'a Value);

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Sent(item)))?;
                list.end()
            }
            Value::Object(fields) => {
                let stands_for =
                    |name| fields.get(name).and_then(Value::as_str).filter(|_| fields.len() == 1);
                if let Some(integer) = stands_for("$integer") {
                    return serializer.serialize_i64(integer.parse().expect("an integer"));
                }
                if let Some(double) = stands_for("$double") {
                    return serializer.serialize_f64(double.parse().expect("a number"));
                }
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(key, item)| object.serialize_entry(key, &Sent(item)))?;
                object.end()
            }
            other => other.serialize(serializer),
        }
    }
}

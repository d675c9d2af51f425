//! Headers of the caller's own, such as those of a trace.

use std::{fmt, sync::Arc};

use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};

use crate::Problem;

/// What the client, gRPC and HTTP say themselves. Some of it would be left out without a word, and some break the call.
const TAKEN: [&str; 11] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

type Ask = dyn Fn() -> Vec<(String, String)> + Send + Sync;

/// Asks the caller for headers.
#[derive(Clone)]
pub(crate) struct Metadata(Arc<Ask>);

impl Metadata {
    pub(crate) fn new<I, K, V>(ask: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<String>,
        V: Into<String>,
    {
        let texts = move || ask().into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self(Arc::new(texts))
    }

    /// Add what the caller answers now.
    pub(crate) fn add_to(&self, headers: &mut MetadataMap) -> Result<(), Problem> {
        for (name, value) in (self.0)() {
            headers.append(key(&name)?, text(&name, &value)?);
        }
        Ok(())
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Metadata")
    }
}

/// The name as it is sent: HTTP/2 has small letters only.
fn key(name: &str) -> Result<MetadataKey<Ascii>, Problem> {
    let small = name.to_ascii_lowercase();
    if TAKEN.contains(&small.as_str()) || small.starts_with("grpc-") {
        return Err(Problem::invalid(format!("metadata: {name:?} is not the caller's to set.")));
    }
    let possible = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    Some(small)
        .filter(|small| small.chars().all(possible))
        .and_then(|small| small.parse().ok())
        .ok_or_else(|| Problem::invalid(format!("metadata: {name:?} is no name of a header with a text.")))
}

/// Without the value in the message: it may be a secret.
fn text(name: &str, value: &str) -> Result<MetadataValue<Ascii>, Problem> {
    let printable = value.chars().all(|c| (' '..='~').contains(&c));
    Some(value).filter(|_| printable).and_then(|value| value.parse().ok()).ok_or_else(|| {
        Problem::invalid(format!("metadata: {name:?} has other than printable ASCII characters."))
    })
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::Metadata;
    use crate::Problem;

    fn added(name: &'static str, value: &'static str) -> Result<MetadataMap, Problem> {
        let mut headers = MetadataMap::new();
        Metadata::new(move || [(name, value)]).add_to(&mut headers).map(|()| headers)
    }

    #[test]
    fn names_are_taken_in_any_case_and_values_may_be_empty() {
        for (name, value) in [("traceparent", "00-1-2-01"), ("X-B3-TraceId", "~ 1"), ("tracestate", "")] {
            let headers = added(name, value).unwrap();
            assert_eq!(headers.get(name.to_lowercase()).unwrap().to_str().unwrap(), value);
        }
    }

    #[test]
    fn what_cannot_be_sent_is_an_invalid_argument() {
        for name in
            ["", "two words", ":path", "a/b", "naïve", "line\n", "trace-bin", "Authorization", "te", "grpc-x"]
        {
            let problem = added(name, "x").unwrap_err();
            assert!(matches!(problem, Problem::InvalidArgument { .. }), "{name:?}");
            assert!(problem.to_string().contains(&format!("{name:?}")), "{problem}");
        }
        for value in ["line\n", "\t", "ü", "\u{7f}"] {
            let problem = added("name", value).unwrap_err();
            assert!(problem.to_string().contains("\"name\""), "{value:?}: {problem}");
        }
    }
}

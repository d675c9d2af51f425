//! From what the service and the connection say to the problems of `problems.rs`.

use std::{collections::BTreeMap, error::Error};

use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt;

use crate::{
    Problem,
    problems::{Details, FieldViolation},
    proto,
};

const DOMAIN: &str = "execution.croco.dev";

/// How far a call came that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// There was no connection: nothing was sent.
    Nobody,
    /// The connection broke: whether anybody saw the call is not known.
    Unknown,
    /// The server answered.
    Server,
}

/// Tell how far a call came.
///
/// A status that a server sends has no source; one that tonic makes of a broken connection has.
pub(crate) fn reached(status: &Status) -> Reached {
    if caused_by::<ConnectError>(status) || status.message().starts_with("Service was not ready") {
        Reached::Nobody
    } else if status.source().is_some() && !caused_by::<TimeoutExpired>(status) {
        Reached::Unknown
    } else {
        Reached::Server
    }
}

fn caused_by<E: Error + 'static>(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<E>() {
            return true;
        }
        source = error.source();
    }
    false
}

/// The problem that a status stands for.
pub(crate) fn problem_of(status: &Status) -> Problem {
    if caused_by::<TimeoutExpired>(status) {
        return Problem::deadline_exceeded("No answer came before the deadline.");
    }
    if reached(status) != Reached::Server {
        // tonic has half a dozen codes for it, by what broke first.
        return Problem::unavailable(format!("The connection is lost: {}", innermost(status)));
    }
    let mut details = Details::new(status.code(), sentence(status));
    if let Some(info) = status.get_details_error_info() {
        if info.domain == DOMAIN {
            details.reason = info.reason;
        }
        details.metadata = info.metadata.into_iter().collect();
    }
    if let Some(request) = status.get_details_bad_request() {
        let violations = request.field_violations.into_iter();
        details.field_violations = violations
            .map(|violation| FieldViolation { field: violation.field, description: violation.description })
            .collect();
    }
    details.retry_delay = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
    Problem::of(details)
}

fn sentence(status: &Status) -> String {
    if status.message().is_empty() {
        status.code().description().to_owned()
    } else {
        status.message().to_owned()
    }
}

fn innermost(status: &Status) -> String {
    let mut error: &dyn Error = status;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The problem that a refusal of one part of a call stands for.
pub(crate) fn problem_of_part(refusal: proto::Refusal) -> Problem {
    of_reason(refusal.reason, Code::from(refusal.code), refusal.message, refusal.metadata)
}

/// The problem that a refusal of a report stands for. It carries no code, as its reason implies one.
pub(crate) fn problem_of_report(refusal: proto::WorkRefusal) -> Problem {
    let code = match refusal.reason() {
        proto::ErrorReason::InvalidField | proto::ErrorReason::PayloadTooLarge => Code::InvalidArgument,
        proto::ErrorReason::ExecutionNotFound => Code::NotFound,
        proto::ErrorReason::AttemptFenced | proto::ErrorReason::Contention => Code::Aborted,
        proto::ErrorReason::QuotaExceeded | proto::ErrorReason::TooManyCheckpoints => Code::ResourceExhausted,
        proto::ErrorReason::StoreUnavailable | proto::ErrorReason::ServerDraining => Code::Unavailable,
        proto::ErrorReason::Unexpected => Code::Internal,
        _ => Code::Unknown,
    };
    of_reason(refusal.reason, code, refusal.message, refusal.metadata)
}

fn of_reason(reason: i32, code: Code, message: String, metadata: BTreeMap<String, String>) -> Problem {
    let name = proto::ErrorReason::try_from(reason).map_or("", |reason| reason.as_str_name());
    let reason = name.trim_start_matches("ERROR_REASON_").to_owned();
    Problem::of(Details { reason, metadata, ..Details::new(code, message) })
}

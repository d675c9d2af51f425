//! What the worker has reported and nobody has acknowledged yet.
//!
//! A report is sent in order, and again after a broken stream, until it is acknowledged. By its `request_id` the service
//! knows a repeat, so neither a lost report nor a lost acknowledgement changes what happens: each has its effect once.

use std::collections::{BTreeMap, VecDeque};

use prost::Message;
use uuid::Uuid;

use crate::{
    Problem,
    proto::{WorkAcknowledgement, WorkReport, WorkRequest},
    refusals::problem_of_report,
};

const REPORTS_PER_MESSAGE: usize = 1_000;
/// The service takes messages of 4 MiB. One report is never near that: what is in it has limits of its own.
const BYTES_PER_MESSAGE: usize = 3 * 1024 * 1024;

/// The reports of one worker. `P` is what a report is for, which comes back with its acknowledgement.
pub(super) struct Outbox<P> {
    name: Uuid,
    last: i64,
    entries: BTreeMap<i64, Entry<P>>,
    to_send: VecDeque<i64>,
}

struct Entry<P> {
    report: WorkReport,
    purpose: P,
    repeat: bool,
}

/// What becomes of an acknowledged report.
pub(super) enum Acknowledged<P> {
    /// It was taken, or refused for good.
    Settled(P, Option<Problem>),
    /// It was refused for something that passes: `repeat` it after a while.
    Later(i64),
    /// It was sent twice, and this is the second answer.
    Known,
}

impl<P> Outbox<P> {
    pub(super) fn new() -> Self {
        Self { name: Uuid::new_v4(), last: 0, entries: BTreeMap::new(), to_send: VecDeque::new() }
    }

    /// Tell whether every report was acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Have a report sent; its sequence and request id are given to it here.
    ///
    /// What is not to `repeat` is forgotten, without an answer, when the stream breaks. A report that is larger than the
    /// service takes comes back with its purpose.
    pub(super) fn add(
        &mut self,
        mut report: WorkReport,
        purpose: P,
        repeat: bool,
    ) -> Result<(), (P, Problem)> {
        let size = report.encoded_len();
        if size > BYTES_PER_MESSAGE {
            let sentence = format!("The report has {size} bytes; the limit is {BYTES_PER_MESSAGE}.");
            return Err((purpose, Problem::invalid(sentence)));
        }
        self.last += 1;
        report.sequence = self.last;
        report.request_id = format!("{}-{}", self.name, self.last);
        self.entries.insert(self.last, Entry { report, purpose, repeat });
        self.to_send.push_back(self.last);
        Ok(())
    }

    /// A message of all that has gathered, as far as one message holds it; `None` if there is nothing.
    pub(super) fn take(&mut self) -> Option<WorkRequest> {
        let mut request = WorkRequest::default();
        let mut size = 0;
        while let Some(sequence) = self.to_send.front()
            && request.reports.len() < REPORTS_PER_MESSAGE
        {
            if let Some(entry) = self.entries.get(sequence) {
                size += entry.report.encoded_len();
                if !request.reports.is_empty() && size > BYTES_PER_MESSAGE {
                    break;
                }
                request.reports.push(entry.report.clone());
            }
            self.to_send.pop_front();
        }
        (!request.reports.is_empty()).then_some(request)
    }

    /// The stream broke: whatever is not acknowledged has to be sent on the next one.
    pub(super) fn send_again(&mut self) {
        self.entries.retain(|_, entry| entry.repeat);
        self.to_send = self.entries.keys().copied().collect();
    }

    /// Send a report again that was refused for something that passes.
    pub(super) fn repeat(&mut self, sequence: i64) {
        if self.entries.contains_key(&sequence) && !self.to_send.contains(&sequence) {
            self.to_send.push_back(sequence);
        }
    }

    pub(super) fn acknowledged(&mut self, acknowledgement: WorkAcknowledgement) -> Acknowledged<P> {
        let sequence = acknowledgement.sequence;
        let Some(entry) = self.entries.remove(&sequence) else { return Acknowledged::Known };
        let problem = acknowledgement.refusal.map(problem_of_report);
        if entry.repeat && problem.as_ref().is_some_and(passes) {
            self.entries.insert(sequence, entry);
            return Acknowledged::Later(sequence);
        }
        Acknowledged::Settled(entry.purpose, problem)
    }
}

/// Tell whether a refusal says that the attempt is over.
pub(super) fn is_over(problem: &Problem) -> bool {
    matches!(problem, Problem::AttemptFenced { .. } | Problem::ExecutionNotFound { .. })
}

/// Tell whether the same report may be taken when it is repeated.
fn passes(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::StoreUnavailable { .. }
            | Problem::ServerDraining { .. }
            | Problem::Unavailable { .. }
            | Problem::Contention { .. }
            | Problem::QuotaExceeded { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, BYTES_PER_MESSAGE, Outbox};
    use crate::proto::{ErrorReason, WorkAcknowledgement, WorkRefusal, WorkReport, WorkRequest};

    fn sequences(request: Option<WorkRequest>) -> Vec<i64> {
        request.unwrap_or_default().reports.iter().map(|report| report.sequence).collect()
    }

    fn refused(sequence: i64, reason: ErrorReason) -> WorkAcknowledgement {
        let refusal = WorkRefusal { reason: reason.into(), ..Default::default() };
        WorkAcknowledgement { sequence, refusal: Some(refusal), ..Default::default() }
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again_with_the_same_request_id() {
        let mut outbox = Outbox::new();
        for purpose in ["first", "second", "third"] {
            outbox.add(WorkReport::default(), purpose, purpose != "third").unwrap();
        }
        let sent = outbox.take().unwrap();
        assert!(outbox.take().is_none());
        let taken = outbox.acknowledged(WorkAcknowledgement { sequence: 1, revision: 5, refusal: None });
        assert!(matches!(taken, Acknowledged::Settled("first", None)));

        outbox.send_again();
        let again = outbox.take().unwrap();
        assert_eq!(again.reports, [sent.reports[1].clone()], "the third is not to be repeated");
        let twice = outbox.acknowledged(WorkAcknowledgement { sequence: 1, ..Default::default() });
        assert!(matches!(twice, Acknowledged::Known));
    }

    #[test]
    fn what_is_refused_for_something_that_passes_is_kept() {
        let mut outbox = Outbox::new();
        outbox.add(WorkReport::default(), "report", true).unwrap();
        outbox.take();
        let later = outbox.acknowledged(refused(1, ErrorReason::StoreUnavailable));
        assert!(matches!(later, Acknowledged::Later(1)));
        assert!(!outbox.is_empty());
        outbox.repeat(1);
        assert_eq!(sequences(outbox.take()), [1]);
        let over = outbox.acknowledged(refused(1, ErrorReason::AttemptFenced));
        assert!(matches!(over, Acknowledged::Settled("report", Some(crate::Problem::AttemptFenced { .. }))));
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_message_is_not_larger_than_the_service_takes() {
        let mut outbox = Outbox::new();
        let report = |bytes| WorkReport { id: "x".repeat(bytes), ..Default::default() };
        assert!(outbox.add(report(BYTES_PER_MESSAGE + 1), (), true).is_err());
        for _ in 0..3 {
            outbox.add(report(BYTES_PER_MESSAGE / 2 - 100), (), true).unwrap();
        }
        assert_eq!(sequences(outbox.take()), [1, 2]);
        assert_eq!(sequences(outbox.take()), [3]);
    }
}

//! What a worker reports of its attempts, and what becomes of it.

use std::time::Duration;

use super::{
    attempt::{Purpose, error_of},
    job::{CheckpointError, Key, Saved, Word},
    outbox::{Acknowledged, is_over},
    running::Running,
};
use crate::{
    Failure, Problem,
    proto::{WorkAcknowledgement, WorkReport, work_report::End},
};

/// How long to wait before a report is repeated that was refused for something that passes.
const PAUSE: Duration = Duration::from_millis(500);

impl Running {
    pub(super) fn take_word(&mut self, word: Word) {
        match word {
            Word::Progress(key) => {
                if let Some(attempt) = self.held.get_mut(&key) {
                    attempt.schedule_progress(&self.words);
                }
            }
            Word::ProgressDue(key) => {
                let interval = self.settings.progress_interval;
                let report = self.held.get_mut(&key).and_then(|attempt| attempt.report_progress(interval));
                if let Some(report) = report {
                    self.add(report, Purpose::Progress(key));
                }
            }
            Word::Checkpoint(key, name, value, saved) => self.save(key, name, value, saved),
            Word::Repeat(sequence) => self.outbox.repeat(sequence),
        }
    }

    fn save(&mut self, key: Key, name: String, value: prost_types::Value, saved: Saved) {
        // Without an answer the job knows that its attempt is over.
        if let Some(attempt) = self.held.get(&key).filter(|attempt| !attempt.muted) {
            let report = WorkReport { checkpoints: [(name, value)].into(), ..attempt.report() };
            self.add(report, Purpose::Checkpoint(key, saved));
        }
    }

    /// Report how an attempt ended.
    pub(super) fn end(&mut self, key: &Key, end: End) {
        if let Some(attempt) = self.held.get_mut(key) {
            attempt.muted = true;
            let completes = matches!(end, End::Complete(_));
            let report = attempt.report_end(end);
            self.add(report, Purpose::End(key.clone(), completes));
        }
    }

    pub(super) fn add(&mut self, report: WorkReport, purpose: Purpose) {
        // What is too large is refused here as it would be there.
        if let Err((purpose, problem)) = self.outbox.add(report, purpose, true) {
            self.settle(purpose, Some(problem));
        }
    }

    pub(super) fn take_acknowledgement(&mut self, acknowledgement: WorkAcknowledgement) {
        match self.outbox.acknowledged(acknowledgement) {
            Acknowledged::Settled(purpose, problem) => self.settle(purpose, problem),
            Acknowledged::Known => {}
            Acknowledged::Later(sequence) => {
                let words = self.words.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(PAUSE).await;
                    words.send(Word::Repeat(sequence))
                });
            }
        }
    }

    fn settle(&mut self, purpose: Purpose, problem: Option<Problem>) {
        match purpose {
            Purpose::Unwanted => {}
            Purpose::Alive(key) => self.went_on(&key, problem.as_ref()),
            Purpose::Progress(key) => {
                self.went_on(&key, problem.as_ref());
                if let Some(attempt) = self.held.get_mut(&key) {
                    attempt.progress_settled(&self.words);
                }
            }
            Purpose::Checkpoint(key, saved) => self.saved(&key, saved, problem),
            Purpose::End(key, completes) => self.ended(&key, completes, problem),
        }
    }

    /// A report that does not end the attempt was answered.
    fn went_on(&mut self, key: &Key, problem: Option<&Problem>) {
        match problem {
            None => {}
            Some(problem) if is_over(problem) => self.lose(key, &cause_of(problem)),
            Some(problem) => tracing::warn!("{}, attempt {}: a report was refused: {problem}", key.0, key.1),
        }
    }

    fn saved(&mut self, key: &Key, saved: Saved, problem: Option<Problem>) {
        let answer = match problem {
            None => Ok(()),
            Some(problem) if is_over(&problem) => {
                let job = self.held.get(key).map(|attempt| attempt.job.clone());
                self.lose(key, &cause_of(&problem));
                let Some(job) = job else { return };
                Err(CheckpointError::Cancelled(job.cancelled()))
            }
            Some(problem) => Err(CheckpointError::Refused(problem)),
        };
        // Nobody may wait for it any more.
        let _ = saved.send(answer);
    }

    /// The end of an attempt was answered. A result that is not taken ends it as a failure; of a failure that is not taken
    /// no more can be said, and the lease has to run out.
    fn ended(&mut self, key: &Key, completes: bool, problem: Option<Problem>) {
        if let Some(problem) = &problem {
            tracing::warn!("{}, attempt {}: its end was refused: {problem}", key.0, key.1);
        }
        match problem {
            Some(problem) if completes && !is_over(&problem) => {
                let mut error = error_of(Failure::from(problem.clone()));
                error.retryable = !is_in_vain(&problem);
                self.end(key, End::Fail(error));
            }
            Some(problem) if !is_over(&problem) => {
                self.held.remove(key);
                self.begin_anew(&problem);
            }
            _ => {
                self.held.remove(key);
            }
        }
    }
}

/// Why an attempt is over, in a few words.
fn cause_of(problem: &Problem) -> String {
    match problem {
        Problem::AttemptFenced { cause, .. } if !cause.is_empty() => cause.clone(),
        problem => problem.to_string(),
    }
}

/// Tell whether another attempt would end with the same refusal.
fn is_in_vain(problem: &Problem) -> bool {
    matches!(
        problem,
        Problem::InvalidArgument { .. }
            | Problem::InvalidField { .. }
            | Problem::PayloadTooLarge { .. }
            | Problem::TooManyCheckpoints { .. }
    )
}

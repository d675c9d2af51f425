//! One attempt, from its assignment to the acknowledgement of its end, as the worker sees it.

use std::{sync::Arc, time::Duration};

use prost_types::Value;
use tokio::{sync::mpsc, task::AbortHandle, time::Instant};

use super::job::{Key, Saved, Shared, Word};
use crate::{
    Failure, Progress,
    pause::moment_after,
    proto::{ExecutionError, WorkCompletion, WorkRelease, WorkReport, work_report::End},
};

/// How a task ends: with its result, or with its failure.
pub(super) type Outcome = Result<Option<Value>, Failure>;

/// What a report is for.
pub(super) enum Purpose {
    /// To say that the attempt goes on, and be answered.
    Alive(Key),
    Progress(Key),
    Checkpoint(Key, Saved),
    /// The attempt's end; `true` if it is a completion.
    End(Key, bool),
    /// To give back what came although nothing new was wanted.
    Unwanted,
}

pub(super) struct Attempt {
    pub(super) job: Arc<Shared>,
    /// Nothing more is written of it: its end was reported.
    pub(super) muted: bool,
    pub(super) task: AbortHandle,
    /// From when progress is to be sent until it is acknowledged.
    progress_under_way: bool,
    progress_not_before: Instant,
    /// What left with the report of the end.
    last_progress: Option<Progress>,
}

impl Attempt {
    pub(super) fn new(job: Arc<Shared>, task: AbortHandle) -> Self {
        Self {
            job,
            muted: false,
            task,
            progress_under_way: false,
            progress_not_before: Instant::now(),
            last_progress: None,
        }
    }

    pub(super) fn report(&self) -> WorkReport {
        let (id, attempt) = self.job.key().clone();
        WorkReport { id, attempt, ..Default::default() }
    }

    pub(super) fn report_end(&mut self, end: End) -> WorkReport {
        // Where this end is not taken another follows, with which it leaves again.
        if let Some(newest) = self.job.take_progress() {
            self.last_progress = Some(newest);
        }
        WorkReport { end: Some(end), progress: self.last_progress.clone().map(Into::into), ..self.report() }
    }

    /// What to report of a task that has ended so. One that stopped because it was told to is given back.
    pub(super) fn end_of(&self, outcome: Outcome) -> End {
        match outcome {
            Ok(result) => End::Complete(WorkCompletion { result }),
            Err(failure) if failure.stopped && self.job.is_to_stop() => End::Release(WorkRelease::default()),
            Err(failure) => End::Fail(error_of(failure)),
        }
    }

    /// See to it that progress is sent: not while some is under way, and not more often than it may.
    pub(super) fn schedule_progress(&mut self, words: &mpsc::UnboundedSender<Word>) {
        if self.progress_under_way || self.muted {
            return;
        }
        self.progress_under_way = true;
        let (words, key, at) = (words.clone(), self.job.key().clone(), self.progress_not_before);
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            words.send(Word::ProgressDue(key))
        });
    }

    /// The report of the newest progress, if there is some.
    pub(super) fn report_progress(&mut self, interval: Duration) -> Option<WorkReport> {
        let newest = self.job.take_progress().filter(|_| !self.muted);
        self.progress_under_way = newest.is_some();
        let progress = Some(newest?.into());
        self.progress_not_before = moment_after(interval);
        Some(WorkReport { progress, ..self.report() })
    }

    pub(super) fn progress_settled(&mut self, words: &mpsc::UnboundedSender<Word>) {
        self.progress_under_way = false;
        if self.job.has_progress() {
            self.schedule_progress(words);
        }
    }
}

/// What to tell the service of a failure.
pub(super) fn error_of(failure: Failure) -> ExecutionError {
    if let Some(problem) = failure.unsendable {
        tracing::warn!("a failure is reported without what cannot be sent of it: {problem}");
    }
    *failure.error
}

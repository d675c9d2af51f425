//! How a worker stops: it lets tasks go on for a while, then asks them to stop, then gives back what still runs, and waits
//! for its last reports to be acknowledged.

use std::time::Duration;

use tokio::time::Instant;

use super::{attempt::Attempt, job::Key, running::Running};
use crate::{
    pause::moment_after,
    proto::{WorkRelease, work_report::End},
};

/// How long tasks that are told to stop when the worker stops may take for it.
const UNWIND: Duration = Duration::from_secs(2);
/// How long a worker that stops waits for its last reports to be acknowledged.
const FLUSH: Duration = Duration::from_secs(5);

/// How far a worker has come with it, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopping {
    NotYet,
    /// Tasks go on, nothing new is taken.
    Draining(Instant),
    /// Tasks are asked to stop.
    Unwinding(Instant),
    /// Nothing runs any more.
    Flushing(Instant),
}

impl Stopping {
    pub(super) fn until(self) -> Option<Instant> {
        match self {
            Self::NotYet => None,
            Self::Draining(until) | Self::Unwinding(until) | Self::Flushing(until) => Some(until),
        }
    }
}

impl Running {
    pub(super) fn begin_to_stop(&mut self) {
        tracing::info!("the worker stops: {} tasks run", self.unfinished().count());
        self.stopping = Stopping::Draining(moment_after(self.settings.drain));
        if let Some(stream) = &mut self.stream {
            stream.finish();
        }
    }

    /// To be called whenever something has happened or the time of a stage is over.
    pub(super) fn go_on_stopping(&mut self) {
        let now = Instant::now();
        let over = self.stopping.until().is_some_and(|until| now >= until);
        match self.stopping {
            Stopping::NotYet | Stopping::Flushing(_) => {}
            _ if self.unfinished().next().is_none() => self.stopping = Stopping::Flushing(now + FLUSH),
            Stopping::Draining(_) if over => {
                self.unfinished().for_each(|attempt| attempt.job.stop("The worker stops."));
                self.stopping = Stopping::Unwinding(now + UNWIND);
            }
            Stopping::Unwinding(_) if over => {
                self.give_back();
                self.stopping = Stopping::Flushing(now + FLUSH);
            }
            Stopping::Draining(_) | Stopping::Unwinding(_) => {}
        }
        if self.is_idle()
            && let Stopping::Flushing(_) = self.stopping
            && let Some(stream) = &mut self.stream
        {
            stream.finish();
        }
    }

    /// Tell whether there is nothing left to do, or no time left to do it.
    pub(super) fn has_stopped(&self) -> bool {
        let Stopping::Flushing(until) = self.stopping else { return false };
        if self.is_idle() && self.stream.is_none() {
            return true;
        }
        let late = Instant::now() >= until;
        if late && !self.outbox.is_empty() {
            tracing::warn!("the worker ends without an answer to its last {} reports", self.outbox.len());
        }
        late
    }

    fn give_back(&mut self) {
        let keys: Vec<Key> = self.unfinished().map(|attempt| attempt.job.key().clone()).collect();
        for key in keys {
            if let Some(attempt) = self.held.get(&key) {
                tracing::warn!(job = %attempt.job, "given back while its task still runs");
                attempt.task.abort();
            }
            self.end(&key, End::Release(WorkRelease::default()));
        }
    }

    /// The attempts that the worker still has to see to their end.
    fn unfinished(&self) -> impl Iterator<Item = &Attempt> {
        self.held.values().filter(|attempt| !attempt.muted)
    }

    fn is_idle(&self) -> bool {
        self.unfinished().next().is_none() && self.outbox.is_empty()
    }
}

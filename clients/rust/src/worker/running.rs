//! A worker at work: one task that owns what the worker holds, its stream, and how it stops.
//!
//! Jobs run in tasks of their own and say what they have to say as a `Word`; the service says it in responses. Everything
//! is taken one after the other here, so nothing needs a lock.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::{self, JoinError, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tonic::Code;

use super::{
    Tasks, WorkerSettings,
    attempt::{Attempt, Outcome, Purpose},
    job::{Job, Key, Word},
    outbox::Outbox,
    pulse::{Pulse, Verdict},
    stopping::Stopping,
    stream::{Heard, Stream},
};
use crate::{
    Failure, Problem,
    line::Line,
    pause::Pause,
    proto::{self, HeldAttempt, WorkHello, WorkRelease, WorkReport, WorkResponse, work_report::End},
    to_wire::to_duration,
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What does not pass: there is no use in coming back.
const HOPELESS: [Code; 4] =
    [Code::InvalidArgument, Code::Unauthenticated, Code::PermissionDenied, Code::Unimplemented];

pub(super) struct Running {
    pub(super) settings: WorkerSettings,
    tasks: Tasks,
    line: Arc<Line>,
    pub(super) words: mpsc::UnboundedSender<Word>,
    said: mpsc::UnboundedReceiver<Word>,
    pub(super) outbox: Outbox<Purpose>,
    pulse: Pulse,
    pub(super) held: HashMap<Key, Attempt>,
    jobs: JoinSet<Outcome>,
    keys: HashMap<task::Id, Key>,
    pub(super) stream: Option<Stream>,
    next_stream: Instant,
    pause: Pause,
    pub(super) stopping: Stopping,
}

impl Running {
    pub(super) fn new(settings: WorkerSettings, tasks: Tasks) -> Self {
        let (words, said) = mpsc::unbounded_channel();
        let now = Instant::now();
        Self {
            line: Arc::new(Line::open(settings.connection.clone())),
            pulse: Pulse::new(settings.lease, now),
            settings,
            tasks,
            words,
            said,
            outbox: Outbox::new(),
            held: HashMap::new(),
            jobs: JoinSet::new(),
            keys: HashMap::new(),
            stream: None,
            next_stream: now,
            pause: Pause::new(FIRST_PAUSE, LONGEST_PAUSE),
            stopping: Stopping::NotYet,
        }
    }

    /// Work until `stop` is ready and what runs then has ended or was given back.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), Problem> {
        tokio::pin!(stop);
        let mut beat = interval(self.pulse.beat());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.has_stopped() {
            let full = self.stream.as_mut().is_some_and(|stream| stream.send(|| self.outbox.take()));
            let (stage_end, next_stream) = (self.stopping.until(), self.next_stream);
            tokio::select! {
                () = &mut stop, if stage_end.is_none() => self.begin_to_stop(),
                heard = heard(self.stream.as_mut(), full) => self.take_heard(heard)?,
                Some(word) = self.said.recv() => self.take_word(word),
                Some(ended) = self.jobs.join_next_with_id(), if !self.jobs.is_empty() => self.take_outcome(ended),
                () = sleep_until(next_stream), if self.stream.is_none() => self.open_stream(),
                _ = beat.tick() => self.feel_pulse(),
                () = sleep_until(stage_end.unwrap_or(next_stream)), if stage_end.is_some() => {}
            }
            self.go_on_stopping();
        }
        Ok(())
    }

    fn open_stream(&mut self) {
        self.outbox.send_again();
        self.pulse.reconnected();
        let held = self.held.keys().map(|(id, attempt)| HeldAttempt { id: id.clone(), attempt: *attempt });
        let slots = self.settings.concurrency.max(self.held.len());
        let hello = WorkHello {
            worker_id: self.settings.worker_id.clone(),
            // A worker that stops goes on with what it holds and takes nothing new.
            types: if self.stopping.until().is_some() {
                Vec::new()
            } else {
                self.tasks.keys().cloned().collect()
            },
            slots: i32::try_from(slots).unwrap_or(i32::MAX),
            lease_duration: to_duration(self.settings.lease, "lease").ok(),
            held: held.collect(),
        };
        self.stream = Some(Stream::open(self.settings.connection.clone(), self.line.clone(), hello));
    }

    fn take_heard(&mut self, heard: Heard) -> Result<(), Problem> {
        match heard {
            Heard::Room => {}
            Heard::Response(response) => self.take_response(response),
            Heard::End if self.stream.as_ref().is_some_and(Stream::is_finishing) => self.stream = None,
            Heard::End => self.stream_is_lost(&Problem::unavailable("The server has ended the stream.")),
            Heard::Broken(problem) if HOPELESS.contains(&problem.code()) => return Err(problem),
            Heard::Broken(problem) => self.stream_is_lost(&problem),
        }
        Ok(())
    }

    /// Begin a new stream, which tells the server what is held now: it keeps the leases of that and no more.
    pub(super) fn begin_anew(&mut self, problem: &Problem) {
        if self.stream.is_some() {
            self.stream_is_lost(problem);
        }
    }

    fn stream_is_lost(&mut self, problem: &Problem) {
        let pause = self.pause.next().max(problem.retry_delay().unwrap_or_default());
        tracing::info!("the stream has ended ({problem}); the next one in {pause:?}");
        self.stream = None;
        self.next_stream = Instant::now() + pause;
    }

    /// Do what the server says.
    fn take_response(&mut self, response: WorkResponse) {
        self.pause.succeeded();
        self.pulse.heard(Instant::now());
        for assignment in response.assignments {
            self.begin(assignment);
        }
        for acknowledgement in response.acknowledgements {
            self.take_acknowledgement(acknowledgement);
        }
        for directive in response.directives {
            self.follow(directive);
        }
    }

    fn begin(&mut self, assignment: proto::Execution) {
        let task = self.tasks.get(&assignment.r#type).filter(|_| self.stopping.until().is_none()).cloned();
        let Some(task) = task else {
            // It was under way before the server knew that nothing new is wanted.
            let end = Some(End::Release(WorkRelease::default()));
            let (id, attempt) = (assignment.id, assignment.attempts);
            self.add(WorkReport { id, attempt, end, ..Default::default() }, Purpose::Unwanted);
            return;
        };
        let job = Job::new(assignment, self.words.clone());
        let shared = job.shared();
        let running = self.jobs.spawn(task(job));
        self.keys.insert(running.id(), shared.key().clone());
        self.held.insert(shared.key().clone(), Attempt::new(shared, running));
    }

    fn follow(&mut self, directive: proto::WorkDirective) {
        use proto::work_directive::Directive;
        let key = (directive.id, directive.attempt);
        match directive.directive {
            Some(Directive::CancelRequested(asked)) => {
                if let Some(attempt) = self.held.get(&key) {
                    let asked = Some(asked.reason).filter(|reason| !reason.is_empty());
                    let why = asked.unwrap_or_else(|| "Its cancellation was requested.".to_owned());
                    tracing::info!(job = %attempt.job, "asked to stop: {why}");
                    attempt.job.stop(&why);
                }
            }
            Some(Directive::LeaseLost(lost)) => {
                self.lose(&key, if lost.cause.is_empty() { "not known why" } else { &lost.cause });
            }
            Some(Directive::Drain(_)) => tracing::info!("the server stops; the worker goes on elsewhere"),
            None => {}
        }
    }

    /// The attempt is over without the worker's doing: end its task and write nothing more.
    pub(super) fn lose(&mut self, key: &Key, cause: &str) {
        if self.held.get(key).is_some_and(|attempt| attempt.muted) {
            return; // Its end is under way, and the answer tells.
        }
        if let Some(attempt) = self.held.remove(key) {
            tracing::warn!(job = %attempt.job, "the lease is lost: {cause}");
            attempt.job.stop(&format!("The lease is lost: {cause}."));
            attempt.task.abort();
        }
    }

    fn take_outcome(&mut self, ended: Result<(task::Id, Outcome), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, Some(outcome)),
            Err(error) => (error.id(), error.try_into_panic().ok().map(|panic| Err(of_panic(&*panic)))),
        };
        let Some(key) = self.keys.remove(&id) else { return };
        // One that was aborted has no outcome, and its end is known.
        if let (Some(attempt), Some(outcome)) = (self.held.get_mut(&key), outcome)
            && !attempt.muted
        {
            if let Err(failure) = &outcome {
                tracing::warn!(job = %attempt.job, "ended with: {}", failure.error.message);
            }
            let end = attempt.end_of(outcome);
            self.end(&key, end);
        }
    }

    fn feel_pulse(&mut self) {
        let now = Instant::now();
        let Some(first) = self.held.values().next() else {
            self.pulse.heard(now); // There is nothing to lose.
            return;
        };
        match self.pulse.judge(now) {
            Verdict::GoOn => {}
            Verdict::Ask => {
                let (report, key) = (first.report(), first.job.key().clone());
                let _ = self.outbox.add(report, Purpose::Alive(key), false);
            }
            Verdict::Reconnect => self.reconnect("The server does not answer."),
            Verdict::Lose => {
                for key in self.held.keys().cloned().collect::<Vec<_>>() {
                    self.lose(&key, "the server is not heard any more");
                }
                self.reconnect("The leases are lost.");
            }
        }
    }

    fn reconnect(&mut self, why: &str) {
        if let Some(stream) = &self.stream {
            stream.give_up_connection();
        }
        self.begin_anew(&Problem::unavailable(why));
    }
}

async fn heard(stream: Option<&mut Stream>, full: bool) -> Heard {
    match stream {
        Some(stream) => stream.heard(full).await,
        None => std::future::pending().await,
    }
}

fn of_panic(panic: &(dyn std::any::Any + Send)) -> Failure {
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
    Failure::retryable(message.unwrap_or_else(|| "The task panicked.".to_owned())).code("Panic")
}

//! One `Work` call, from hello to its end, in a task of its own.

use std::{
    panic::resume_unwind,
    sync::{Arc, OnceLock},
};

use futures_util::stream::unfold;
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
};

use crate::{
    Problem,
    call::stubs,
    line::{Connected, Line},
    proto::{WorkHello, WorkRequest, WorkResponse},
    refusals::{Reached, problem_of, reached},
    settings::Settings,
};

/// What comes of a stream.
pub(super) enum Heard {
    Response(WorkResponse),
    /// There is room for another message.
    Room,
    /// The server has ended it well.
    End,
    Broken(Problem),
}

/// Dropping it ends the call at once.
pub(super) struct Stream {
    requests: Option<mpsc::Sender<WorkRequest>>,
    responses: mpsc::UnboundedReceiver<Result<WorkResponse, Problem>>,
    line: Arc<Line>,
    connected: Arc<OnceLock<Connected>>,
    task: JoinHandle<()>,
    finishing: bool,
}

impl Stream {
    pub(super) fn open(settings: Arc<Settings>, line: Arc<Line>, hello: WorkHello) -> Self {
        // What gathers while a message is written is the next.
        let (requests, outgoing) = mpsc::channel(1);
        let (answers, responses) = mpsc::unbounded_channel();
        let _ = requests.try_send(WorkRequest { hello: Some(hello), reports: Vec::new() });
        let connected = Arc::new(OnceLock::new());
        let call = Call { settings, line: line.clone(), connected: connected.clone(), answers };
        let task = tokio::spawn(call.run(outgoing));
        Self { requests: Some(requests), responses, line, connected, task, finishing: false }
    }

    /// Wait for what the server says, or, if the stream is `full`, for room for another message.
    pub(super) async fn heard(&mut self, full: bool) -> Heard {
        tokio::select! {
            response = self.responses.recv() => match response {
                Some(Ok(response)) => Heard::Response(response),
                Some(Err(problem)) => Heard::Broken(problem),
                None => self.ended().await,
            },
            () = room(self.requests.as_ref()), if full => Heard::Room,
        }
    }

    /// How a task ended that says no more. It panics only where the caller's own metadata does.
    async fn ended(&mut self) -> Heard {
        match (&mut self.task).await {
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            _ => Heard::End,
        }
    }

    /// Send what `next` answers. Once there is nothing more, and `finish` was called, the server is told so. Answers
    /// whether it has to be called again when there is `room`.
    pub(super) fn send(&mut self, mut next: impl FnMut() -> Option<WorkRequest>) -> bool {
        while let Some(requests) = &self.requests {
            let room = match requests.try_reserve() {
                Ok(room) => room,
                Err(full) => return matches!(full, TrySendError::Full(())),
            };
            match next() {
                Some(request) => room.send(request),
                None if self.finishing => break,
                None => return false,
            }
        }
        self.requests = None;
        false
    }

    /// Say what there is to say and then no more: the server gives nothing new, answers and ends the stream.
    pub(super) fn finish(&mut self) {
        self.finishing = true;
    }

    pub(super) fn is_finishing(&self) -> bool {
        self.finishing
    }

    /// Take the connection for broken, however open it looks: the next stream is to have another.
    pub(super) fn give_up_connection(&self) {
        if let Some(connected) = self.connected.get() {
            self.line.lost(connected);
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn room(requests: Option<&mpsc::Sender<WorkRequest>>) {
    match requests {
        Some(requests) => drop(requests.reserve().await),
        None => std::future::pending().await,
    }
}

/// The task's part of a stream.
struct Call {
    settings: Arc<Settings>,
    line: Arc<Line>,
    connected: Arc<OnceLock<Connected>>,
    answers: mpsc::UnboundedSender<Result<WorkResponse, Problem>>,
}

impl Call {
    async fn run(self, outgoing: mpsc::Receiver<WorkRequest>) {
        if let Err(problem) = self.talk(outgoing).await {
            let _ = self.answers.send(Err(problem));
        }
    }

    async fn talk(&self, outgoing: mpsc::Receiver<WorkRequest>) -> Result<(), Problem> {
        let connected = self.line.connected().await;
        let connected = self.connected.get_or_init(|| connected);
        let broken = |status: tonic::Status| {
            if reached(&status) != Reached::Server {
                self.line.lost(connected);
            }
            problem_of(&status)
        };
        let requests = unfold(outgoing, |mut outgoing| async {
            outgoing.recv().await.map(|request| (request, outgoing))
        });
        let request = self.settings.request(requests)?;
        let call = stubs::workers(connected.channel.clone()).work(request).await;
        let mut responses = call.map_err(broken)?.into_inner();
        while let Some(response) = responses.message().await.map_err(broken)? {
            let _ = self.answers.send(Ok(response));
        }
        Ok(())
    }
}

//! A server that answers as a test says, and the tests of what only such a server does: it refuses, breaks and is silent.

mod calls;
mod metadata;
mod server;
mod watches;
mod workers;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tonic::{
    Status, Streaming,
    metadata::MetadataMap,
    transport::{Server, server::TcpIncoming},
};

use crate::proto::{
    WatchExecutionResponse, WorkRequest, WorkResponse, execution_service_server::ExecutionServiceServer,
    worker_service_server::WorkerServiceServer,
};

/// How long a test waits for what is to come. It is passed only when something is broken.
const DEADLINE: Duration = Duration::from_secs(60);

/// What the server is to do next, and what it was asked for.
#[derive(Default)]
struct State {
    /// What calls are refused with, one each; then they are answered.
    refusals: VecDeque<Status>,
    /// What watches tell before they end well, one each; then they are silent.
    watches: VecDeque<Vec<Result<WatchExecutionResponse, Status>>>,
    /// The `request_id` of each call, or what else tells calls apart.
    asked: Vec<String>,
    /// The metadata of each call.
    metadata: Vec<MetadataMap>,
}

#[derive(Clone)]
struct Script {
    state: Arc<Mutex<State>>,
    sessions: mpsc::UnboundedSender<Session>,
}

/// A `Work` stream, whose other end the test is.
struct Session {
    requests: Streaming<WorkRequest>,
    responses: mpsc::UnboundedSender<Result<WorkResponse, Status>>,
}

/// A running server, which ends when it is dropped.
struct Scripted {
    address: SocketAddr,
    script: Script,
    sessions: mpsc::UnboundedReceiver<Session>,
    task: JoinHandle<()>,
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, sessions) = mpsc::unbounded_channel();
        let script = Script { state: Arc::default(), sessions: sender };
        let routes = Server::builder()
            .add_service(ExecutionServiceServer::new(script.clone()))
            .add_service(WorkerServiceServer::new(script.clone()));
        let task = tokio::spawn(async move {
            routes.serve_with_incoming(TcpIncoming::from(listener)).await.unwrap();
        });
        Self { address, script, sessions, task }
    }

    fn target(&self) -> String {
        self.address.to_string()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.script.state.lock().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// What each call said under a name.
    fn said(&self, name: &str) -> Vec<Option<String>> {
        let text = |metadata: &MetadataMap| Some(metadata.get(name)?.to_str().unwrap().to_owned());
        self.state().metadata.iter().map(text).collect()
    }

    async fn session(&mut self) -> Session {
        tokio::time::timeout(DEADLINE, self.sessions.recv()).await.expect("a stream").unwrap()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    /// Note a call, and refuse it if the test says so.
    fn called(&self, id: &str, metadata: &MetadataMap) -> Result<(), Status> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(id.to_owned());
        state.metadata.push(metadata.clone());
        state.refusals.pop_front().map_or(Ok(()), Err)
    }
}

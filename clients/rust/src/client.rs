//! The client.

use std::{sync::Arc, time::Duration};

use crate::{
    Problem,
    connection::Connection,
    metadata::Metadata,
    settings::{Tls, Wishes},
};

/// Speaks to the execution service. Cloning gives another handle to the same connections; they close with the last.
///
/// It connects with the first call, goes round robin over all addresses that the target has, and repeats what passes by
/// itself (`Unavailable`) up to five tries within the call's deadline. Each verb answers a `Call`: add to it what there is
/// to add, and `.await` it. What many of them take:
///
/// * `attempt`: the attempt that the caller runs, as `start` answered it. If it is not the current one any more the call
///   is refused with `AttemptFenced`, and nothing of it is taken.
/// * `expected_revision`: the revision that the execution must have, else it is `RevisionMismatch`.
/// * `request_id`: names the call so that it can be repeated. The client makes one up for each call and keeps it over
///   its automatic repeats; give one to repeat a call yourself.
/// * `deadline`: how long the call may take, its repeats included. Without: the client's.
/// * `view`: how much of the execution to answer. Without: what the verb says.
#[derive(Clone, Debug)]
pub struct ExecutionClient {
    pub(crate) connection: Arc<Connection>,
}

impl ExecutionClient {
    /// A client of `target`, as in `localhost:50051` or `dns:///execution-headless:50051`, in plain text.
    ///
    /// # Errors
    /// `InvalidArgument`: that is no target.
    pub fn new(target: impl Into<String>) -> Result<Self, Problem> {
        Self::builder(target).build()
    }

    /// As `new`, with more to say.
    pub fn builder(target: impl Into<String>) -> ClientBuilder {
        ClientBuilder { wishes: Wishes::new(target) }
    }
}

/// What to say of a client before it is made.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientBuilder {
    wishes: Wishes,
}

impl ClientBuilder {
    /// Encrypt.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.wishes.tls = Some(tls);
        self
    }

    /// A bearer token to send with every call. Without `tls`, to this machine only.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.wishes.token = Some(token.into());
        self
    }

    /// Headers of the caller's own, such as those of a trace: `ask` is asked before every call that is sent, repeats and
    /// the streams of a watch included, in the future that makes it. An OpenTelemetry propagator injects into a
    /// `HashMap<String, String>`, which can be the answer.
    ///
    /// Values are printable ASCII. A name that is the client's or the protocol's own (`authorization`, `user-agent`,
    /// `grpc-...`) or ends in `-bin`, or what no header can hold, makes the call end with `InvalidArgument`: nothing is sent.
    pub fn metadata<I, K, V>(mut self, ask: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<String>,
        V: Into<String>,
    {
        self.wishes.metadata = Some(Metadata::new(ask));
        self
    }

    /// How long a call may take, its repeats included, if it says nothing else: 10 s without.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.wishes.deadline = deadline;
        self
    }

    /// A watch that hears nothing for this long takes its stream for lost: 30 s without. The server sends something
    /// every 10 s.
    pub fn watch_silence(mut self, silence: Duration) -> Self {
        self.wishes.watch_silence = silence;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// `InvalidArgument`: the target, the token, a certificate or a time cannot be used.
    pub fn build(self) -> Result<ExecutionClient, Problem> {
        Ok(ExecutionClient { connection: Arc::new(Connection::new(self.wishes.settings()?)) })
    }
}

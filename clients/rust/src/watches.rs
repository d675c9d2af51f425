//! The verbs that go on telling.

use std::{collections::VecDeque, sync::Arc};

use futures_util::stream::try_unfold;
use tokio::time::{sleep, timeout};
use tonic::{Status, Streaming};

use crate::{
    Answers, Call, ExecutionClient, Filter, Problem, WatchMessage,
    line::{Connected, Line},
    proto,
    refusals::{Reached, problem_of, reached},
    resume::Resume,
    watching::{Watching, WatchingAll, WatchingOne},
};

/// The verbs that go on telling.
impl ExecutionClient {
    /// Tell what happens to an execution until it is at rest, in the basic view by default.
    ///
    /// First comes a `Snapshot` (or, with `after_revision`, what came after it), then every status change once, in order of
    /// revisions; of other changes the newest. Lost connections and restarts of the service are bridged without a gap and
    /// without a repeat, for as long as it takes.
    ///
    /// Problems: `ExecutionNotFound`: there is no such execution, or there is no more; `WatchRevisionCompacted`;
    /// `TooManyWatches`.
    pub fn watch(&self, id: impl Into<String>) -> Call<proto::WatchExecutionRequest> {
        Call::new(self, proto::WatchExecutionRequest { id: id.into(), ..Default::default() })
    }

    /// Tell what happens to all executions that match, in the basic view, for ever.
    ///
    /// Each comes as it is, then one `Bookmark`, then the changes. A lost connection is bridged by a new snapshot: what has
    /// changed in the meantime comes as `Snapshot` (status changes that another has overtaken are not told), what does not
    /// match any more or was deleted as `Missing`, then another `Bookmark`.
    ///
    /// Problems: `TooManyWatches`: the server takes no more, or the messages were not read fast enough; watch again.
    pub fn watch_all(&self, filter: Filter) -> Call<proto::WatchExecutionsRequest> {
        let filter = Some(filter.into());
        Call::new(self, proto::WatchExecutionsRequest { filter, snapshot: true })
    }
}

/// What `watch` takes.
impl Call<proto::WatchExecutionRequest> {
    /// The revision of the last message of an earlier watch: go on from there.
    pub fn after_revision(self, revision: i64) -> Self {
        self.with(|request| request.after_revision = Some(revision))
    }

    /// Stay when the execution comes to rest: a retry may revive it.
    pub fn follow(self) -> Self {
        self.with(|request| request.follow = true)
    }

    /// The messages. The call is made when they are first asked for; dropping the stream ends it.
    pub fn stream(self) -> Answers<WatchMessage> {
        let Self { client, request, .. } = self;
        told(client, request.map(WatchingOne::new))
    }
}

/// What `watch_all` takes.
impl Call<proto::WatchExecutionsRequest> {
    /// Begin with the changes. The snapshot after a lost connection then tells also what never changed: the client did
    /// not know it.
    pub fn without_snapshot(self) -> Self {
        self.with(|request| request.snapshot = false)
    }

    /// The messages. The call is made when they are first asked for; dropping the stream ends it.
    pub fn stream(self) -> Answers<WatchMessage> {
        let Self { client, request, .. } = self;
        told(client, request.map(WatchingAll::new))
    }
}

fn told<W: Watching>(client: ExecutionClient, watching: Result<W, Problem>) -> Answers<WatchMessage> {
    let watch = watching.map(|watching| Watch {
        client,
        watching,
        resume: Resume::new(),
        open: None,
        untold: VecDeque::new(),
    });
    Answers::new(try_unfold(watch, |watch| async {
        let mut watch = watch?;
        let message = watch.next().await?;
        Ok(message.map(|message| (message, Ok(watch))))
    }))
}

/// A watch and its stream, as long as that lasts.
struct Watch<W: Watching> {
    client: ExecutionClient,
    watching: W,
    resume: Resume,
    open: Option<Open<W::Message>>,
    untold: VecDeque<WatchMessage>,
}

/// An open stream, and the line that it has a place on.
struct Open<M> {
    messages: Streaming<M>,
    connected: Connected,
    line: Arc<Line>,
}

impl<W: Watching> Watch<W> {
    async fn next(&mut self) -> Result<Option<WatchMessage>, Problem> {
        loop {
            if let Some(message) = self.untold.pop_front() {
                return Ok(Some(message));
            }
            let problem = match self.read().await {
                Ok(Some(message)) => {
                    self.resume.succeeded();
                    self.untold.extend(self.watching.take(message));
                    continue;
                }
                Ok(None) if self.watching.ended() => return Ok(None),
                Ok(None) => Problem::unavailable("The stream ended early."),
                Err(problem) => problem,
            };
            self.open = None;
            match self.resume.pause_after(&problem) {
                Some(pause) => sleep(pause).await,
                None => return Err(problem),
            }
        }
    }

    /// The next message of the stream, which is opened if it is not open.
    async fn read(&mut self) -> Result<Option<W::Message>, Problem> {
        let silence = self.client.connection.settings.watch_silence;
        let silent = |_| Problem::unavailable(format!("Nothing came for {} s.", silence.as_secs_f64()));
        let mut open = match self.open.take() {
            Some(open) => open,
            None => timeout(silence, self.opened()).await.map_err(silent)??,
        };
        let message = match timeout(silence, open.messages.message()).await {
            Ok(Ok(message)) => message,
            Ok(Err(status)) => return Err(broken(&open.line, &open.connected, &status)),
            Err(elapsed) => {
                // Whatever the connection looks like: a server that is well would have sent a bookmark.
                open.line.lost(&open.connected);
                return Err(silent(elapsed));
            }
        };
        self.open = Some(open);
        Ok(message)
    }

    async fn opened(&mut self) -> Result<Open<W::Message>, Problem> {
        let connection = &self.client.connection;
        let line = connection.long();
        let connected = line.connected().await;
        let request = connection.settings.request(self.watching.request())?;
        match W::open(connected.channel.clone(), request).await {
            Ok(messages) => Ok(Open { messages, connected, line }),
            Err(status) => Err(broken(&line, &connected, &status)),
        }
    }
}

fn broken(line: &Line, connected: &Connected, status: &Status) -> Problem {
    if reached(status) != Reached::Server {
        line.lost(connected);
    }
    problem_of(status)
}

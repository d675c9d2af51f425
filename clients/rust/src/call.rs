//! A call in the making: `Call` holds the request, the verbs add to it, and `.await` makes it.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use tonic::{Code, Status, transport::Channel};

use crate::{
    Problem,
    client::ExecutionClient,
    line::Line,
    pause::{Pause, moment_after},
    refusals::{Reached, problem_of, reached},
};

const TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
const GROWTH: u32 = 4;

/// A call in the making. Add what the verb takes, then `.await` it (or, where it goes on telling, call `stream`).
///
/// Dropping the future cancels the call.
#[derive(Clone, Debug)]
#[must_use = "a call is made by .await or .stream()"]
pub struct Call<R> {
    pub(crate) client: ExecutionClient,
    /// The request; what cannot be sent of it comes out of the call.
    pub(crate) request: Result<R, Problem>,
    deadline: Option<Duration>,
}

/// A request with one answer: how it is sent, and what its answer is.
///
/// It is implemented for the requests of the contract and cannot be for others.
pub trait Verb: Clone + Send + 'static + sealed::Sealed {
    /// What the caller gets.
    type Answer;
    #[doc(hidden)]
    type Response: Send;
    #[doc(hidden)]
    const REPEATED: bool = true;
    #[doc(hidden)]
    const LONG: bool = false;

    #[doc(hidden)]
    fn send(
        channel: Channel,
        request: tonic::Request<Self>,
    ) -> impl Future<Output = Result<tonic::Response<Self::Response>, Status>> + Send;

    #[doc(hidden)]
    fn answer(response: Self::Response) -> Self::Answer;

    /// The deadline of a call that was given none.
    #[doc(hidden)]
    fn deadline(&self, clients: Duration) -> Duration {
        clients
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// Makes requests verbs: the message, its stub and method, and what becomes of the response.
macro_rules! verbs {
    ($($request:ident: $stub:ident . $method:ident ($response:ident) -> $answer:ty = |$it:tt| $body:expr;)*) => {$(
        impl crate::call::sealed::Sealed for crate::proto::$request {}

        impl crate::call::Verb for crate::proto::$request {
            type Answer = $answer;
            type Response = crate::proto::$response;

            async fn send(
                channel: tonic::transport::Channel,
                request: tonic::Request<Self>,
            ) -> Result<tonic::Response<Self::Response>, tonic::Status> {
                crate::call::stubs::$stub(channel).$method(request).await
            }

            fn answer($it: Self::Response) -> Self::Answer {
                $body
            }
        }
    )*};
}
pub(crate) use verbs;

/// The generated clients, by short names.
pub(crate) mod stubs {
    pub(crate) use crate::proto::{
        execution_service_client::ExecutionServiceClient, worker_service_client::WorkerServiceClient,
    };
    use tonic::transport::Channel;

    pub(crate) fn executions(channel: Channel) -> ExecutionServiceClient<Channel> {
        ExecutionServiceClient::new(channel)
    }

    pub(crate) fn workers(channel: Channel) -> WorkerServiceClient<Channel> {
        WorkerServiceClient::new(channel)
    }
}

impl<R> Call<R> {
    pub(crate) fn new(client: &ExecutionClient, request: R) -> Self {
        Self { client: client.clone(), request: Ok(request), deadline: None }
    }

    /// How long the call may take, its repeats included, instead of the client's deadline.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    pub(crate) fn with(mut self, set: impl FnOnce(&mut R)) -> Self {
        if let Ok(request) = &mut self.request {
            set(request);
        }
        self
    }

    pub(crate) fn try_with(mut self, set: impl FnOnce(&mut R) -> Result<(), Problem>) -> Self {
        if let Ok(request) = &mut self.request
            && let Err(problem) = set(request)
        {
            self.request = Err(problem);
        }
        self
    }
}

impl<R: Verb> IntoFuture for Call<R> {
    type Output = Result<R::Answer, Problem>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let request = self.request?;
            let connection = &self.client.connection;
            let line = if R::LONG { connection.long() } else { connection.short() };
            let deadline = self.deadline.unwrap_or_else(|| request.deadline(connection.settings.deadline));
            let end = moment_after(deadline);
            let tries = Tries { client: &self.client, line: &line, end };
            match timeout_at(end, tries.make(request)).await {
                Ok(Err(Problem::DeadlineExceeded { .. })) | Err(_) => {
                    Err(Problem::deadline_exceeded(format!(
                        "{} gave no answer within {} s: can it be reached?",
                        connection.settings.authority,
                        deadline.as_secs_f64()
                    )))
                }
                Ok(answer) => answer.map(R::answer),
            }
        })
    }
}

/// One call with its repeats.
struct Tries<'a> {
    client: &'a ExecutionClient,
    line: &'a Line,
    end: Instant,
}

impl Tries<'_> {
    async fn make<R: Verb>(&self, message: R) -> Result<R::Response, Problem> {
        let mut pause = Pause::new(FIRST_PAUSE, LONGEST_PAUSE).growing(GROWTH);
        loop {
            let connected = self.line.connected().await;
            let mut request = self.client.connection.settings.request(message.clone())?;
            request.set_timeout(self.end - Instant::now());
            let status = match R::send(connected.channel.clone(), request).await {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) => status,
            };
            let reached = reached(&status);
            if reached != Reached::Server {
                self.line.lost(&connected);
            }
            let problem = problem_of(&status);
            if reached == Reached::Nobody {
                // That is no try: nothing was sent. The line knows when there is a connection again.
                tokio::task::yield_now().await;
                continue;
            }
            if !R::REPEATED || !passes(&problem) || pause.failures() + 1 >= TRIES {
                return Err(problem);
            }
            sleep(pause.next()).await;
        }
    }
}

/// Tell whether a call may be repeated. It has one `request_id` over all repeats.
///
/// With CANCELLED, a server that stops ends the calls that have arrived but were not taken up yet. A call that is
/// cancelled on this side is dropped, and is not here any more.
fn passes(problem: &Problem) -> bool {
    matches!(problem.code(), Code::Unavailable | Code::Cancelled)
}

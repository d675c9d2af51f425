use std::{future::pending, time::Duration};

use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tonic::Status;

use super::{DEADLINE, Scripted, Session};
use crate::{
    Failure, Job, Problem, Progress, Worker,
    proto::{
        CancelRequested, ErrorReason, Execution, HeldAttempt, LeaseLost, WorkAcknowledgement, WorkDirective,
        WorkHello, WorkRefusal, WorkReport, WorkResponse, work_directive::Directive, work_report::End,
    },
};

impl Session {
    async fn request(&mut self) -> crate::proto::WorkRequest {
        timeout(DEADLINE, self.requests.message()).await.expect("a request").unwrap().expect("no end")
    }

    async fn hello(&mut self) -> WorkHello {
        self.request().await.hello.expect("hello")
    }

    async fn report(&mut self) -> WorkReport {
        let mut reports = self.request().await.reports;
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }

    fn tell(&self, response: WorkResponse) {
        self.responses.send(Ok(response)).unwrap();
    }

    fn assign(&self, id: &str) {
        let execution = Execution { id: id.into(), r#type: "a".into(), attempts: 1, ..Default::default() };
        self.tell(WorkResponse { assignments: vec![execution], ..Default::default() });
    }

    fn acknowledge(&self, report: &WorkReport) {
        self.answer(report, None);
    }

    fn answer(&self, report: &WorkReport, refusal: Option<WorkRefusal>) {
        let acknowledgement = WorkAcknowledgement { sequence: report.sequence, revision: 3, refusal };
        self.tell(WorkResponse { acknowledgements: vec![acknowledgement], ..Default::default() });
    }

    fn direct(&self, id: &str, directive: Directive) {
        let directive = WorkDirective { id: id.into(), attempt: 1, directive: Some(directive) };
        self.tell(WorkResponse { directives: vec![directive], ..Default::default() });
    }
}

/// A worker that runs until it is told to stop.
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Problem>>,
}

fn run<F, R, T>(server: &Scripted, task: F) -> Running
where
    F: Fn(Job) -> R + Send + Sync + 'static,
    R: Future<Output = Result<T, Failure>> + Send + 'static,
    T: serde::Serialize + 'static,
{
    let builder = Worker::builder(server.target()).drain(Duration::from_millis(50));
    let worker = builder.task("a", task).build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task =
        tokio::spawn(async move { worker.run_until(async { stopped.await.unwrap_or_default() }).await });
    Running { stop, task }
}

impl Running {
    async fn ended(self) -> Result<(), Problem> {
        drop(self.stop);
        timeout(DEADLINE, self.task).await.expect("the worker ends").unwrap()
    }
}

#[tokio::test]
async fn after_a_broken_stream_a_worker_tells_what_it_holds_and_repeats_its_reports() {
    let mut server = Scripted::start().await;
    let running = run(&server, async |job: Job| {
        job.checkpoint("next", 1).await?;
        Ok(json!({"saved": job.saved::<i32>("next")?}))
    });
    let mut first = server.session().await;
    let hello = first.hello().await;
    assert_eq!((hello.types, hello.slots, hello.held.len()), (vec!["a".to_owned()], 10, 0));
    first.assign("x");
    let report = first.report().await;
    first.responses.send(Err(Status::unavailable("gone"))).unwrap();

    let mut second = server.session().await;
    assert_eq!(second.hello().await.held, [HeldAttempt { id: "x".into(), attempt: 1 }]);
    assert_eq!(second.report().await, report, "with the same sequence and request_id");
    second.acknowledge(&report);
    let end = second.report().await;
    let Some(End::Complete(completion)) = &end.end else { panic!("{end:?}") };
    assert_eq!(crate::json::from_value(completion.result.clone().unwrap()), json!({"saved": 1}));
    second.acknowledge(&end);
    drop(second.responses);
    let mut third = server.session().await;
    assert_eq!(third.hello().await.held, []);
    drop(third);
    assert!(running.ended().await.is_ok());
}

#[tokio::test]
async fn a_job_that_is_asked_to_stop_is_given_back() {
    let mut server = Scripted::start().await;
    let running = run(&server, async |job: Job| Err::<(), _>(job.cancelled().await.into()));
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    session.direct(
        "x",
        Directive::CancelRequested(CancelRequested { reason: "enough".into(), ..Default::default() }),
    );
    let end = session.report().await;
    assert!(matches!(end.end, Some(End::Release(_))), "{end:?}");
    session.acknowledge(&end);
    drop(session);
    assert!(running.ended().await.is_ok());
}

/// Says that it was dropped.
struct Noticed(mpsc::UnboundedSender<()>);

impl Drop for Noticed {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[tokio::test]
async fn a_task_whose_lease_is_lost_is_dropped_and_says_nothing_more() {
    let mut server = Scripted::start().await;
    let (dropped, mut drops) = mpsc::unbounded_channel();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let running = run(&server, move |_| {
        let noticed = Noticed(dropped.clone());
        begun.send(()).unwrap();
        async move {
            let _noticed = noticed;
            pending::<Result<(), Failure>>().await
        }
    });
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    timeout(DEADLINE, begins.recv()).await.expect("it begins").unwrap();
    session.direct("x", Directive::LeaseLost(LeaseLost { cause: "attempt_timeout".into() }));
    timeout(DEADLINE, drops.recv()).await.expect("it is dropped").unwrap();
    session.responses.send(Err(Status::unavailable("gone"))).unwrap();
    let mut next = server.session().await;
    assert_eq!(next.hello().await.held, []);
    drop(next);
    assert!(running.ended().await.is_ok());
}

#[tokio::test]
async fn errors_and_panics_fail_the_attempt() {
    let mut server = Scripted::start().await;
    let running = run(&server, async |job: Job| match job.id() {
        "error" => Ok("x".parse::<i32>()?),
        "final" => Err(Failure::permanent("no use").code("never")),
        _ => panic!("oh"),
    });
    let mut session = server.session().await;
    session.hello().await;
    for (id, code, retryable) in
        [("error", "ParseIntError", true), ("final", "never", false), ("panic", "Panic", true)]
    {
        session.assign(id);
        let end = session.report().await;
        let Some(End::Fail(error)) = &end.end else { panic!("{end:?}") };
        assert_eq!((error.code.as_str(), error.retryable), (code, retryable));
        session.acknowledge(&end);
    }
    drop(session);
    assert!(running.ended().await.is_ok());
}

#[tokio::test]
async fn a_panic_before_the_first_step_of_a_task_fails_the_attempt() {
    let mut server = Scripted::start().await;
    let running = run(&server, |job: Job| {
        let album: u32 = job.payload().expect("an album");
        async move { Ok(album) }
    });
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    let end = session.report().await;
    let Some(End::Fail(error)) = &end.end else { panic!("{end:?}") };
    assert_eq!((error.code.as_str(), error.retryable), ("Panic", true));
    session.acknowledge(&end);
    drop(session);
    assert!(running.ended().await.is_ok());
}

async fn reporting(job: Job) -> Result<(), Failure> {
    job.progress(Progress { current: 1.0, ..Progress::default() });
    pending().await
}

#[tokio::test]
async fn a_worker_may_drain_and_keep_its_progress_without_end() {
    let mut server = Scripted::start().await;
    let worker = Worker::builder(server.target()).drain(Duration::MAX).progress_interval(Duration::MAX);
    let worker = worker.task("a", reporting).build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task =
        tokio::spawn(async move { worker.run_until(async { stopped.await.unwrap_or_default() }).await });
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    let report = session.report().await;
    assert_eq!(report.progress.as_ref().map(|progress| progress.current), Some(1.0));
    drop(stop);
    session.acknowledge(&report);
    assert!(timeout(DEADLINE, session.requests.message()).await.expect("the end").unwrap().is_none());
    drop(session);
    let mut last = server.session().await;
    last.hello().await;
    last.direct("x", Directive::LeaseLost(LeaseLost::default()));
    drop(last);
    assert!(timeout(DEADLINE, task).await.expect("the worker ends").unwrap().is_ok());
}

#[tokio::test]
async fn the_last_progress_outlives_a_refused_result() {
    let mut server = Scripted::start().await;
    let (goes_on, go_on) = watch::channel(false);
    let running = run(&server, move |job: Job| {
        let mut go_on = go_on.clone();
        async move {
            job.progress(Progress { current: 1.0, ..Progress::default() });
            go_on.wait_for(|on| *on).await.map_err(Failure::from)?;
            job.progress(Progress { current: 2.0, ..Progress::default() });
            Ok("large")
        }
    });
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    session.report().await; // As long as this is not acknowledged no other progress is sent.
    goes_on.send(true).unwrap();
    let complete = session.report().await;
    assert!(matches!(complete.end, Some(End::Complete(_))), "{complete:?}");
    let refusal = WorkRefusal { reason: ErrorReason::PayloadTooLarge.into(), ..Default::default() };
    session.answer(&complete, Some(refusal));
    let end = session.report().await;
    assert!(matches!(end.end, Some(End::Fail(_))), "{end:?}");
    assert_eq!(end.progress.as_ref().map(|progress| progress.current), Some(2.0));
    session.acknowledge(&end);
    drop(session);
    drop(running);
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_does_not_end() {
    let mut server = Scripted::start().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let running = run(&server, move |_| {
        begun.send(()).unwrap();
        pending::<Result<(), Failure>>()
    });
    let mut session = server.session().await;
    session.hello().await;
    session.assign("x");
    timeout(DEADLINE, begins.recv()).await.expect("it begins").unwrap();
    let ended = tokio::spawn(running.ended());
    // It ends the stream, and goes on with another that asks for nothing new.
    assert!(timeout(DEADLINE, session.requests.message()).await.expect("the end").unwrap().is_none());
    drop(session);
    let mut last = server.session().await;
    assert_eq!(last.hello().await.types, Vec::<String>::new());
    let end = last.report().await;
    assert!(matches!(end.end, Some(End::Release(_))), "{end:?}");
    last.acknowledge(&end);
    drop(last);
    assert!(ended.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_worker_that_is_refused_for_good_ends() {
    let server = Scripted::start().await;
    server.state().refusals = [Status::permission_denied("no")].into();
    let running = run(&server, async |_: Job| Ok(()));
    let problem = timeout(DEADLINE, running.task).await.expect("it ends").unwrap().unwrap_err();
    assert_eq!(problem.code(), tonic::Code::PermissionDenied);
}

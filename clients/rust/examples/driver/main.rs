//! The driver that plays the scenario of `tests/clients/scenario.md` with this client: it reads commands on stdin, does
//! what they say with the public interface, and prints what comes back.

mod arguments;
mod background;
mod bench;
mod plain;
mod verbs;

use std::{collections::HashMap, error::Error};

use croco_execution_client::{Call, ClientBuilder, ExecutionClient, Problem, Tls, Worker, WorkerBuilder};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    task::JoinHandle,
};

use crate::{
    arguments::{Arguments, Given},
    background::{Watching, Working},
};

struct Driver {
    options: Options,
    client: ExecutionClient,
    watches: HashMap<String, Watching>,
    begun: HashMap<String, JoinHandle<Result<Value, Problem>>>,
    workers: HashMap<String, Working>,
}

impl Driver {
    fn new(options: Options) -> Result<Self, Problem> {
        let client = ExecutionClient::builder(&options.target)
            .given(options.token.clone(), ClientBuilder::token)
            .given(options.tls.clone(), ClientBuilder::tls)
            .build()?;
        let (watches, begun, workers) = Default::default();
        Ok(Self { options, client, watches, begun, workers })
    }

    async fn perform(&mut self, verb: &str, with: Arguments) -> Result<Value, Problem> {
        match verb {
            "watch" => {
                let call = with.view(self.client.watch(with.id()));
                let call = call.given(with.long("after_revision"), Call::after_revision);
                let call = call.given(with.flag("follow").then_some(()), |call, ()| call.follow());
                self.watches.insert(with.name(), Watching::begin(call.stream()));
            }
            "watch_all" => {
                let call = self.client.watch_all(with.filter());
                let snapshot = with.json("snapshot").is_none() || with.flag("snapshot");
                let call = if snapshot { call } else { call.without_snapshot() };
                self.watches.insert(with.name(), Watching::begin(call.stream()));
            }
            "watched_until" => {
                return Ok(self.watches.get_mut(&with.name()).expect("a watch").until(&with).await);
            }
            "watched" => return Ok(self.watches.remove(&with.name()).expect("a watch").end().await),
            "unwatch" => return Ok(self.watches.remove(&with.name()).expect("a watch").stop().await),
            "begin" => {
                let (client, verb) = (self.client.clone(), with.text("do").expect("a verb"));
                let arguments = with.object("with").expect("arguments");
                let call = tokio::spawn(async move { verbs::perform(&client, &verb, &arguments).await });
                self.begun.insert(with.name(), call);
            }
            "finish" => return self.begun.remove(&with.name()).expect("a call").await.expect("it ends"),
            "abandon" => {
                let call = self.begun.remove(&with.name()).expect("a call");
                call.abort();
                let _ = call.await;
            }
            "work" => {
                let builder = Worker::builder(&self.options.target)
                    .given(self.options.token.clone(), WorkerBuilder::token)
                    .given(self.options.tls.clone(), WorkerBuilder::tls);
                self.workers.insert(with.name(), Working::begin(builder, &with)?);
            }
            "stop_work" => return self.workers.remove(&with.name()).expect("a worker").end().await,
            "bench" => return bench::perform(&self.client, &with).await,
            _ => return verbs::perform(&self.client, verb, &with).await,
        }
        Ok(Value::Null)
    }
}

#[derive(Default)]
struct Options {
    target: String,
    token: Option<String>,
    tls: Option<Tls>,
}

impl Options {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut options = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
            match name.as_str() {
                "--target" => options.target = value,
                "--token" => options.token = Some(value),
                "--ca" => options.tls = Some(Tls::new().root_certificates(std::fs::read(value)?)),
                _ => return Err(format!("{name} is no option").into()),
            }
        }
        Ok(options)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::new(Options::read()?)?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let mut command: Value = serde_json::from_str(&line)?;
        let with = Arguments::new(command["with"].take());
        let verb = command["do"].as_str().unwrap_or_default();
        let answer = match driver.perform(verb, with).await {
            Ok(answer) => json!({"n": command["n"], "ok": answer}),
            Err(problem) => json!({"n": command["n"], "problem": plain::problem(&problem)}),
        };
        println!("{answer}");
    }
    Ok(())
}

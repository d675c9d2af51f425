//! A line to the service: a connection to each address that the target's name has, taken in turn.
//!
//! One task keeps them: it resolves the name every now and then, connects, and connects again what was lost, with growing
//! pauses. So a call never waits for an address that does not answer while there is one that does, and where there is none
//! it waits, as long as its deadline allows, and then goes to the first that is back.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::lookup_host,
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use tonic::transport::Channel;

use crate::{pause::Pause, settings::Settings};

const RESOLVE_EVERY: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An open connection. Its number is its own: an address that is connected again gets another.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    number: u64,
    address: SocketAddr,
    pub(crate) channel: Channel,
}

/// Opens with its first use, in the runtime of whoever uses it; closes when it is dropped.
#[derive(Debug)]
pub(crate) struct Line {
    ready: watch::Receiver<Vec<Connected>>,
    lost: mpsc::UnboundedSender<u64>,
    turn: AtomicUsize,
}

impl Line {
    pub(crate) fn open(settings: Arc<Settings>) -> Self {
        let (ready_sender, ready) = watch::channel(Vec::new());
        let (lost, losses) = mpsc::unbounded_channel();
        let keeper = Keeper {
            settings,
            ready: ready_sender,
            losses,
            events: JoinSet::new(),
            connecting: HashMap::new(),
            numbers: 0,
        };
        tokio::spawn(keeper.run());
        Self { ready, lost, turn: AtomicUsize::new(0) }
    }

    /// The connection whose turn it is; waits until there is one.
    pub(crate) async fn connected(&self) -> Connected {
        let mut ready = self.ready.clone();
        loop {
            if let Some(next) = self.next(&ready.borrow_and_update()) {
                return next;
            }
            if ready.changed().await.is_err() {
                // The runtime that the line was opened in has ended, and nothing will connect any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Say that a connection is broken: others are used until it is made again.
    pub(crate) fn lost(&self, connected: &Connected) {
        let _ = self.lost.send(connected.number);
    }

    fn next(&self, ready: &[Connected]) -> Option<Connected> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        ready.get(turn.checked_rem(ready.len())?).cloned()
    }
}

enum Event {
    Resolved(Vec<SocketAddr>),
    Connected(SocketAddr, Channel),
}

/// The task that keeps a line's connections. It ends with the line.
struct Keeper {
    settings: Arc<Settings>,
    ready: watch::Sender<Vec<Connected>>,
    losses: mpsc::UnboundedReceiver<u64>,
    events: JoinSet<Event>,
    connecting: HashMap<SocketAddr, AbortHandle>,
    numbers: u64,
}

impl Keeper {
    async fn run(mut self) {
        self.events.spawn(resolve(self.settings.clone(), Duration::ZERO));
        loop {
            tokio::select! {
                lost = self.losses.recv() => match lost {
                    Some(number) => self.reconnect(number),
                    None => return,
                },
                // One that was aborted is an error here, and nothing to do.
                Some(Ok(event)) = self.events.join_next() => match event {
                    Event::Resolved(addresses) => self.connect_all(&addresses),
                    Event::Connected(address, channel) => self.add(address, channel),
                },
            }
        }
    }

    fn add(&mut self, address: SocketAddr, channel: Channel) {
        // Where it was aborted just now, the name does not have this address any more.
        if self.connecting.remove(&address).is_some() {
            self.numbers += 1;
            let connected = Connected { number: self.numbers, address, channel };
            self.ready.send_modify(|ready| ready.push(connected));
        }
    }

    fn reconnect(&mut self, number: u64) {
        let lost = self.ready.borrow().iter().find(|one| one.number == number).map(|one| one.address);
        // Every call that was on a broken connection says so; the first counts.
        if let Some(address) = lost {
            self.ready.send_modify(|ready| ready.retain(|one| one.number != number));
            self.connect(address);
        }
    }

    fn connect_all(&mut self, addresses: &[SocketAddr]) {
        self.ready.send_if_modified(|ready| {
            let before = ready.len();
            ready.retain(|one| addresses.contains(&one.address));
            ready.len() != before
        });
        self.connecting.retain(|address, attempt| {
            let wanted = addresses.contains(address);
            if !wanted {
                attempt.abort();
            }
            wanted
        });
        for address in addresses {
            let known = self.ready.borrow().iter().any(|one| one.address == *address);
            if !known && !self.connecting.contains_key(address) {
                self.connect(*address);
            }
        }
        self.events.spawn(resolve(self.settings.clone(), RESOLVE_EVERY));
    }

    fn connect(&mut self, address: SocketAddr) {
        let attempt = self.events.spawn(connect(self.settings.clone(), address));
        self.connecting.insert(address, attempt);
    }
}

/// Look the name up until it has addresses.
async fn resolve(settings: Arc<Settings>, after: Duration) -> Event {
    sleep(after).await;
    let mut pause = Pause::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let found = lookup_host((settings.host.as_str(), settings.port)).await;
        let addresses: Vec<_> = found.map(Iterator::collect).unwrap_or_default();
        if !addresses.is_empty() {
            return Event::Resolved(addresses);
        }
        tracing::debug!(target = settings.authority, "the name has no address");
        sleep(pause.next()).await;
    }
}

/// Try an address until it answers.
async fn connect(settings: Arc<Settings>, address: SocketAddr) -> Event {
    let mut pause = Pause::new(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let tried = match settings.endpoint(address) {
            Ok(endpoint) => endpoint.connect().await.map_err(|error| format!("{error:?}")),
            Err(problem) => Err(problem.to_string()),
        };
        match tried {
            Ok(channel) => return Event::Connected(address, channel),
            Err(error) => tracing::debug!(%address, error, "no connection"),
        }
        sleep(pause.next()).await;
    }
}

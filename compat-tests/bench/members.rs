//! Groups with members: how long a large one takes to become stable, and what thousands of small ones cost.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    DescribeGroupsRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, ResponseHeader, SyncGroupRequest,
};
use kafka_protocol::protocol::{Decodable, StrBytes};

use super::contender::Running;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::connection::frame;
use crate::raw::{Connection, admin};

/// The newest version in which a member needs no id to join.
const JOIN: i16 = 3;
const SYNC: i16 = 3;
const HEARTBEAT: i16 = 3;
const REBALANCE_IN_PROGRESS: i16 = 27;
/// A subscription of version 0 to one topic.
const WANTED: &[u8] = b"\0\0\0\0\0\x01\0\x06joined\xff\xff\xff\xff";
/// No member is to be lost while it waits for its turn.
const SESSION_MS: i32 = 300_000;
const PATIENCE: Duration = Duration::from_secs(120);
/// Between a member's heartbeats while its group is made.
const BEAT: Duration = Duration::from_millis(100);

/// A member, on a connection that may be others' too.
#[derive(Debug)]
struct Member {
    group: String,
    id: StrBytes,
    generation: i32,
}

impl Member {
    fn new(group: &str) -> Self {
        Self { group: group.to_owned(), id: StrBytes::default(), generation: -1 }
    }

    fn join(&mut self, connection: &mut Connection) -> Result<JoinGroupResponse> {
        let answer = connection.call(JOIN, &self.join_request())?;
        self.joined(&answer)?;
        Ok(answer)
    }

    fn join_request(&self) -> JoinGroupRequest {
        let protocol = JoinGroupRequestProtocol::default()
            .with_name(StrBytes::from_static_str("range"))
            .with_metadata(Bytes::from_static(WANTED));
        JoinGroupRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_session_timeout_ms(SESSION_MS)
            .with_rebalance_timeout_ms(SESSION_MS)
            .with_member_id(self.id.clone())
            .with_protocol_type(StrBytes::from_static_str("consumer"))
            .with_protocols(vec![protocol])
    }

    fn joined(&mut self, answer: &JoinGroupResponse) -> Result<()> {
        ensure!(answer.error_code == 0, "JoinGroup answered error {}", answer.error_code);
        self.id = answer.member_id.clone();
        self.generation = answer.generation_id;
        Ok(())
    }

    /// The leader brings an assignment for everyone. The error code.
    fn sync(&self, connection: &mut Connection, joined: &JoinGroupResponse) -> Result<i16> {
        let assignment = |id: &StrBytes| {
            let bytes = Bytes::from_static(b"\0\0\0\0\0\0\xff\xff\xff\xff");
            SyncGroupRequestAssignment::default().with_member_id(id.clone()).with_assignment(bytes)
        };
        let request = SyncGroupRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone())
            .with_assignments(joined.members.iter().map(|it| assignment(&it.member_id)).collect());
        Ok(connection.call(SYNC, &request)?.error_code)
    }

    fn heartbeat_request(&self) -> HeartbeatRequest {
        HeartbeatRequest::default()
            .with_group_id(admin::group(&self.group))
            .with_generation_id(self.generation)
            .with_member_id(self.id.clone())
    }
}

/// From the first join until `size` members, each on a connection of its own, have their assignments in one generation.
///
/// # Errors
/// Where one is refused, or it takes too long.
pub fn gather(address: &str, group: &str, size: usize) -> Result<Duration> {
    admin::coordinator(&mut Connection::open(address)?, group)?;
    let mut connections = (0..size).map(|_| Connection::open(address)).collect::<Result<Vec<_>>>()?;
    let generations: Vec<AtomicI32> = (0..size).map(|_| AtomicI32::new(-1)).collect();
    let over = AtomicBool::new(false);
    let watch = Stopwatch::start();
    std::thread::scope(|scope| {
        let clients: Vec<_> = connections
            .iter_mut()
            .zip(&generations)
            .map(|(connection, mine)| {
                let over = &over;
                let client = move || {
                    let lived = live(connection, group, mine, over);
                    if lived.is_err() {
                        over.store(true, Ordering::SeqCst);
                    }
                    lived
                };
                std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, client)
            })
            .collect::<Result<_, _>>()?;
        let took = loop {
            let first = generations.first().map_or(-1, |it| it.load(Ordering::SeqCst));
            if first >= 0 && generations.iter().all(|it| it.load(Ordering::SeqCst) == first) {
                break Some(watch.elapsed());
            }
            if over.load(Ordering::SeqCst) || watch.left_of(PATIENCE).is_none() {
                break None;
            }
            pause::until(Stopwatch::start(), Duration::from_millis(1));
        };
        over.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap_or_else(|_| bail!("a member panicked"))?;
        }
        took.context("the group never was stable")
    })
}

/// A member as clients are: it joins, takes its assignment, beats, and joins again when it is told to.
fn live(connection: &mut Connection, group: &str, mine: &AtomicI32, over: &AtomicBool) -> Result<()> {
    let mut member = Member::new(group);
    while !over.load(Ordering::SeqCst) {
        mine.store(-1, Ordering::SeqCst);
        let joined = member.join(connection)?;
        match member.sync(connection, &joined)? {
            0 => mine.store(member.generation, Ordering::SeqCst),
            REBALANCE_IN_PROGRESS => continue,
            error => bail!("SyncGroup answered error {error}"),
        }
        loop {
            pause::until(Stopwatch::start(), BEAT);
            if over.load(Ordering::SeqCst) {
                break;
            }
            match connection.call(HEARTBEAT, &member.heartbeat_request())?.error_code {
                0 => {}
                REBALANCE_IN_PROGRESS => break,
                error => bail!("Heartbeat answered error {error}"),
            }
        }
    }
    Ok(())
}

/// Members in each small group.
const TRIO: usize = 3;
/// Clients that make small groups and beat for them.
const CLIENTS: usize = 8;

/// What small groups cost.
#[derive(Debug)]
pub struct Crowd {
    /// Resident memory that came with them.
    pub kib: u64,
    pub beats_per_second: f64,
    /// Of the broker, for each heartbeat.
    pub cpu: Duration,
}

/// Makes so many groups of three members, then has all members beat in turn for so many seconds.
///
/// # Errors
/// Where one is refused.
pub fn crowd(it: &Running, groups: usize, seconds: u64) -> Result<Crowd> {
    let address = it.address();
    admin::coordinator(&mut Connection::open(&address)?, "crowd")?;
    let (before, _) = it.process.resident_kib()?;
    let parts = on_threads(|part| {
        let mut connections: Vec<_> = (0..TRIO).map(|_| Connection::open(&address)).collect::<Result<_>>()?;
        let mine = (0..groups).filter(|n| n % CLIENTS == part);
        let made: Vec<_> = mine.map(|n| trio(&mut connections, &format!("crowd-{n}"))).collect::<Result<_>>()?;
        Ok((connections, made.into_iter().flatten().collect::<Vec<_>>()))
    })?;
    let (after, _) = it.process.resident_kib()?;
    let parts: Vec<_> = parts.into_iter().map(std::sync::Mutex::new).collect();
    let (watch, cpu) = (Stopwatch::start(), it.process.cpu()?);
    let beats = on_threads(|part| {
        let part = parts.get(part).context("no such part")?;
        let mut part = part.lock().map_err(|_| anyhow::anyhow!("a client panicked"))?;
        let (connections, members) = &mut *part;
        let connection = connections.first_mut().context("no connection")?;
        let mut count = 0_u32;
        for member in members.iter().cycle() {
            if watch.left_of(Duration::from_secs(seconds)).is_none() {
                break;
            }
            let error = connection.call(HEARTBEAT, &member.heartbeat_request())?.error_code;
            ensure!(error == 0, "Heartbeat answered error {error}");
            count += 1;
        }
        Ok(count)
    })?;
    let (cpu, count) = (it.process.cpu()? - cpu, beats.into_iter().sum::<u32>().max(1));
    let beats_per_second = f64::from(count) / watch.elapsed().as_secs_f64();
    Ok(Crowd { kib: after.saturating_sub(before), beats_per_second, cpu: cpu / count })
}

/// Does `work` once for each client.
fn on_threads<T: Send>(work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> = (0..CLIENTS).map(|part| scope.spawn(move || work(part))).collect();
        clients.into_iter().map(|it| it.join().unwrap_or_else(|_| bail!("a client panicked"))).collect()
    })
}

/// A stable group of three. The first joins alone, and again when the others wait for it.
fn trio(connections: &mut [Connection], group: &str) -> Result<Vec<Member>> {
    let mut members: Vec<Member> = (0..connections.len()).map(|_| Member::new(group)).collect();
    let [(first, head), others @ ..] = &mut *connections.iter_mut().zip(&mut members).collect::<Vec<_>>() else {
        bail!("nobody is there");
    };
    head.join(first)?;
    for (connection, member) in &mut *others {
        connection.send(&mut frame(0, JOIN, &member.join_request())?)?;
    }
    let describe = DescribeGroupsRequest::default().with_groups(vec![admin::group(group)]);
    while first.call(3, &describe)?.groups.first().is_none_or(|it| it.members.len() < TRIO) {
        pause::short();
    }
    let led = head.join(first)?;
    for (connection, member) in &mut *others {
        let mut answer = connection.receive()?;
        ResponseHeader::decode(&mut answer, 0)?;
        member.joined(&JoinGroupResponse::decode(&mut answer, JOIN)?)?;
    }
    ensure!(head.sync(first, &led)? == 0, "the leader's assignment is refused");
    for (connection, member) in others {
        ensure!(member.sync(connection, &JoinGroupResponse::default())? == 0, "a member has no assignment");
    }
    Ok(members)
}

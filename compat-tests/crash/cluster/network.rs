//! The net between the nodes: what they say to each other goes through here, and can be held back.
//!
//! A cut is silence: nothing is refused and nothing ends, as where a cable is pulled. (Only that a new connection is taken,
//! which a pulled cable would not.) What was held back arrives when the cut is healed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};

/// Who is cut off from whom, and who is which process.
#[derive(Debug, Default)]
pub struct Network {
    cut: Mutex<BTreeSet<(i32, i32)>>,
    healed: Condvar,
    processes: Mutex<BTreeMap<i32, u32>>,
}

impl Network {
    /// A port whose connections go on to another one, which is a node's; lives as long as the program.
    ///
    /// # Errors
    /// Where no port is free.
    pub fn way_to(self: &Arc<Self>, node: i32, port: u16) -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let way = listener.local_addr()?.port();
        let network = Arc::clone(self);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let network = Arc::clone(&network);
                // A connection that ends before it is joined is like one that ends later.
                thread::spawn(move || network.join(stream, way, node, port));
            }
        });
        Ok(way)
    }

    /// This node is that process from now on.
    pub fn tell(&self, node: i32, process: u32) {
        lock(&self.processes).insert(node, process);
    }

    /// Between these two nothing arrives any more.
    pub fn cut(&self, one: i32, other: i32) {
        lock(&self.cut).insert(pair(one, other));
    }

    /// Everything arrives again.
    pub fn heal(&self) {
        lock(&self.cut).clear();
        self.healed.notify_all();
    }

    fn join(self: Arc<Self>, from: TcpStream, way: u16, node: i32, port: u16) -> Result<()> {
        let caller = self.caller(from.peer_addr()?.port(), way)?;
        let between = pair(caller, node);
        self.wait(between);
        let to = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        from.set_nodelay(true)?;
        to.set_nodelay(true)?;
        let (back_from, back_to) = (to.try_clone()?, from.try_clone()?);
        let network = Arc::clone(&self);
        thread::spawn(move || network.carry(back_from, back_to, between));
        self.carry(from, to, between);
        Ok(())
    }

    /// Until one side ends, which the other is told.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, between: (i32, i32)) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut buffer).unwrap_or_default();
            self.wait(between);
            let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else { break };
            if to.write_all(some).is_err() {
                break;
            }
        }
        // They may have ended already.
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    fn wait(&self, between: (i32, i32)) {
        let waited = self.healed.wait_while(lock(&self.cut), |cut| cut.contains(&between));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// The node whose process has this end of a connection.
    fn caller(&self, port: u16, way: u16) -> Result<i32> {
        let ends = format!("0100007F:{port:04X} 0100007F:{way:04X}");
        let table = fs::read_to_string("/proc/net/tcp")?;
        let row = table.lines().find(|line| line.contains(&ends)).context("the connection has ended")?;
        let socket = format!("socket:[{}]", row.split_whitespace().nth(9).context("no inode")?);
        let processes = lock(&self.processes).clone();
        let has = |process: &u32| {
            let mut open = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
            open.any(|it| fs::read_link(it.path()).is_ok_and(|to| to.as_os_str() == socket.as_str()))
        };
        let found = processes.iter().find(|(_, process)| has(process));
        Ok(*found.context("a stranger's connection")?.0)
    }
}

fn pair(one: i32, other: i32) -> (i32, i32) {
    (one.min(other), one.max(other))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_in_a_cut_arrives_when_it_is_healed() {
        let network = Arc::new(Network::default());
        network.tell(1, std::process::id());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let way = network.way_to(2, listener.local_addr().unwrap().port()).unwrap();
        let mut from = TcpStream::connect((Ipv4Addr::LOCALHOST, way)).unwrap();
        let (mut to, _) = listener.accept().unwrap();
        let mut byte = [0];
        from.write_all(&[1]).unwrap();
        to.read_exact(&mut byte).unwrap();
        network.cut(2, 1);
        from.write_all(&[2]).unwrap();
        to.set_read_timeout(Some(std::time::Duration::from_millis(50))).unwrap();
        assert!(to.read_exact(&mut byte).is_err(), "nothing arrives");
        network.heal();
        to.set_read_timeout(None).unwrap();
        to.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [2]);
        drop(from);
        assert_eq!(to.read(&mut byte).unwrap(), 0, "an end is told");
    }
}

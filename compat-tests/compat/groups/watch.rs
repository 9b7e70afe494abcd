//! Looks at a group's committed offsets again and again: they never go back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Result, anyhow, ensure};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{GroupId, OffsetFetchRequest};
use kafka_protocol::protocol::StrBytes;

use crate::raw::Connection;

/// Committed offsets by partition, of a group that reads one topic.
pub type Committed = BTreeMap<i32, i64>;

/// A thread that looks.
pub struct Watch {
    over: Arc<AtomicBool>,
    last: Arc<Mutex<Committed>>,
    looks: Option<JoinHandle<Result<usize>>>,
}

impl Watch {
    /// # Errors
    /// Where nobody listens.
    pub fn start(address: &str, group: &str) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        let (over, last) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Committed::new())));
        let (end, seen, group) = (Arc::clone(&over), Arc::clone(&last), group.to_owned());
        let looks = std::thread::spawn(move || {
            let mut looks = 0;
            while !end.load(Ordering::Relaxed) {
                if let Some(now) = committed(&mut connection, &group)? {
                    looks += 1;
                    let mut last = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    for (partition, before) in last.iter() {
                        let offset = now.get(partition);
                        ensure!(
                            offset >= Some(before),
                            "partition {partition}: {before} was committed, now {offset:?}"
                        );
                    }
                    *last = now;
                }
                crate::pause::short();
            }
            Ok(looks)
        });
        Ok(Self { over, last, looks: Some(looks) })
    }

    /// What was committed when it last looked.
    pub fn last(&self) -> Committed {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often it looked.
    ///
    /// # Errors
    /// Where an offset went back.
    pub fn finish(mut self) -> Result<usize> {
        self.over.store(true, Ordering::Relaxed);
        let looks = self.looks.take().map(JoinHandle::join);
        looks.unwrap_or(Ok(Ok(0))).map_err(|_| anyhow!("the watch panicked"))?
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// None while there is no coordinator.
fn committed(connection: &mut Connection, group: &str) -> Result<Option<Committed>> {
    let group = GroupId(StrBytes::from_string(group.to_owned()));
    let group = OffsetFetchRequestGroup::default().with_group_id(group).with_topics(None);
    let answer = connection.call(8, &OffsetFetchRequest::default().with_groups(vec![group]))?;
    let group = answer.groups.first().filter(|group| group.error_code == 0);
    Ok(group.map(|group| {
        let parts = group.topics.iter().flat_map(|topic| &topic.partitions);
        parts.map(|part| (part.partition_index, part.committed_offset)).collect()
    }))
}

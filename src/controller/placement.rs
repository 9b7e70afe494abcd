//! Which brokers get the replicas of a new partition: striped over racks and brokers (`StripedReplicaPlacer`).

use metadata::Image;
use metadata::records::RegisterBrokerRecord;
use model::{DirectoryId, ErrorCode, NodeId, Uuid};

use crate::Refusal;

/// Numbers from a seed, so that one event has one outcome (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`; 0 if `n` is 0.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// The replicas of `partitions` partitions with `replicas` replicas each.
pub(crate) fn place(
    image: &Image,
    partitions: usize,
    replicas: i16,
    dice: &mut Dice,
) -> Result<Vec<Vec<NodeId>>, Refusal> {
    let mut racks = Racks::new(image, dice);
    racks.check(replicas)?;
    Ok((0..partitions).map(|_| racks.next(replicas as usize, dice)).collect())
}

/// Whether a new replica may go there: some directory is not cordoned (KIP-1066).
pub(crate) fn has_room(broker: &RegisterBrokerRecord) -> bool {
    match &broker.cordoned_log_dirs {
        Some(cordoned) if !broker.log_dirs.is_empty() => broker.log_dirs.iter().any(|dir| !cordoned.contains(dir)),
        _ => true,
    }
}

/// A broker that was fenced in the middle of its shutdown may get replicas again, as any fenced one.
fn is_usable(broker: &RegisterBrokerRecord) -> bool {
    (broker.fenced || !broker.in_controlled_shutdown) && has_room(broker)
}

/// The directory of a new replica, where the broker leaves no choice (`ClusterControlManager.defaultDir`).
pub(crate) fn default_directory(image: &Image, broker: NodeId) -> DirectoryId {
    match image.brokers.get(&broker).map(|broker| broker.log_dirs.as_slice()) {
        Some([]) => Uuid::MIGRATING_DIR,
        Some([only]) => *only,
        _ => Uuid::UNASSIGNED_DIR,
    }
}

/// A ring of brokers that begins one further at each round.
#[derive(Default)]
struct Ring {
    brokers: Vec<NodeId>,
    offset: usize,
    index: usize,
    round: usize,
}

impl Ring {
    fn next(&mut self, round: usize) -> Option<NodeId> {
        let size = self.brokers.len();
        if size == 0 {
            return None;
        }
        if self.round != round {
            (self.round, self.index, self.offset) = (round, 0, (self.offset + 1) % size);
        }
        if self.index >= size {
            return None;
        }
        self.index += 1;
        self.brokers.get((self.index - 1 + self.offset) % size).copied()
    }
}

#[derive(Default)]
struct Rack {
    name: Option<String>,
    unfenced: Ring,
    fenced: Ring,
}

struct Racks {
    racks: Vec<Rack>,
    total: usize,
    unfenced: usize,
    round: usize,
    offset: usize,
}

impl Racks {
    fn new(image: &Image, dice: &mut Dice) -> Self {
        let mut racks: Vec<Rack> = Vec::new();
        let (mut total, mut unfenced) = (0, 0);
        for (id, broker) in image.brokers.iter().filter(|(_, it)| is_usable(it)) {
            let at = racks.iter().position(|rack| rack.name == broker.rack).unwrap_or_else(|| {
                racks.push(Rack { name: broker.rack.clone(), ..Rack::default() });
                racks.len() - 1
            });
            let Some(rack) = racks.get_mut(at) else { continue };
            let ring = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            ring.brokers.push(*id);
            total += 1;
            unfenced += usize::from(!broker.fenced);
        }
        racks.sort_by(|a, b| a.name.cmp(&b.name));
        for rack in &mut racks {
            rack.fenced.offset = dice.below(rack.fenced.brokers.len());
            rack.unfenced.offset = dice.below(rack.unfenced.brokers.len());
        }
        let offset = dice.below(racks.len());
        Self { racks, total, unfenced, round: 0, offset }
    }

    fn check(&self, replicas: i16) -> Result<(), Refusal> {
        let refuse = |message| Err(Refusal::new(ErrorCode::InvalidReplicationFactor, message));
        if replicas <= 0 {
            return refuse(format!("Invalid replication factor {replicas}: the replication factor must be positive."));
        }
        if self.unfenced == 0 {
            return refuse("All brokers are currently fenced, or have all their log directories cordoned.".to_owned());
        }
        if replicas as usize > self.total {
            return refuse(format!(
                "The target replication factor of {replicas} cannot be reached because only {} broker(s) are registered or some brokers have all their log directories cordoned.",
                self.total
            ));
        }
        Ok(())
    }

    /// The leader is an unfenced broker; the others come from the racks in turn, each rack giving unfenced ones first.
    fn next(&mut self, replicas: usize, dice: &mut Dice) -> Vec<NodeId> {
        if self.round == self.unfenced && self.unfenced > 1 {
            self.shuffle(dice); // All stripes are used up: others, so that partitions do not repeat.
            self.round = 0;
        }
        let count = self.racks.len().max(1);
        self.offset %= count;
        let (round, start) = (self.round, self.offset);
        let mut brokers = Vec::with_capacity(replicas.min(self.total));
        let mut first = None;
        for at in (0..count).map(|step| (start + step) % count) {
            if let Some(broker) = self.racks.get_mut(at).and_then(|rack| rack.unfenced.next(round)) {
                brokers.push(broker);
                first = Some(at);
                break;
            }
        }
        let mut at = start;
        let mut fruitless = 0;
        while brokers.len() < replicas && fruitless <= count {
            fruitless += 1;
            if first == Some(at) {
                first = None; // The leader's rack has had its turn.
            } else if let Some(rack) = self.racks.get_mut(at)
                && let Some(broker) = rack.unfenced.next(round).or_else(|| rack.fenced.next(round))
            {
                brokers.push(broker);
                fruitless = 0;
            }
            at = (at + 1) % count;
        }
        self.round += 1;
        self.offset += 1;
        brokers
    }

    fn shuffle(&mut self, dice: &mut Dice) {
        dice.shuffle(&mut self.racks);
        for rack in &mut self.racks {
            dice.shuffle(&mut rack.fenced.brokers);
            dice.shuffle(&mut rack.unfenced.brokers);
        }
    }
}

//! Adding partitions to topics.

use metadata::records::PartitionRecord;
use metadata::{Image, Record};
use model::ErrorCode;

use super::{MAX_RECORDS, assignment, create::repeated, duplicate};
use crate::placement::{Dice, place};
use crate::{Controller, CreatePartitions, Decision, MorePartitions, Refusal, Reply};

impl Controller {
    pub(crate) fn create_partitions(&self, image: &Image, request: CreatePartitions) -> Decision {
        let twice = repeated(request.topics.iter().map(|topic| topic.topic.as_str()));
        let mut dice = Dice::new(request.seed);
        let mut records = Vec::new();
        let mut results: Vec<_> = twice.iter().map(|name| ((*name).to_owned(), Err(duplicate()))).collect();
        for topic in request.topics.iter().filter(|topic| !twice.contains(topic.topic.as_str())) {
            let room = MAX_RECORDS.saturating_sub(records.len());
            let result =
                more(image, topic, room, &mut dice).map(|new| records.extend(new.into_iter().map(Record::from)));
            results.push((topic.topic.clone(), result));
        }
        if request.validate_only {
            records.clear();
        }
        Decision::atomic(records, Reply::CreatePartitions(results))
    }
}

fn more(
    image: &Image,
    request: &MorePartitions,
    room: usize,
    dice: &mut Dice,
) -> Result<Vec<PartitionRecord>, Refusal> {
    let topic = image.topic(&request.topic).ok_or_else(|| Refusal::code(ErrorCode::UnknownTopicOrPartition))?;
    let (now, wanted) = (topic.partitions.size(), i64::from(request.count));
    let refuse = |message| Err(Refusal::new(ErrorCode::InvalidPartitions, message));
    if wanted == now as i64 {
        return refuse(format!("Topic already has {now} partition(s)."));
    }
    if wanted < now as i64 {
        return refuse(format!(
            "The topic {} currently has {now} partition(s); {wanted} would not be an increase.",
            request.topic
        ));
    }
    let additional = (wanted - now as i64) as usize;
    if let Some(given) = request.assignments.as_ref().filter(|given| given.len() != additional) {
        return Err(assignment::invalid(format!(
            "Attempted to add {additional} additional partition(s), but only {} assignment(s) were specified.",
            given.len()
        )));
    }
    if additional > room {
        // Kafka runs into the bound of its own list here, and has no words for it.
        return Err(Refusal::code(ErrorCode::UnknownServerError));
    }
    let factor = topic.partitions.values().next().map_or(1, |partition| partition.replicas.len());
    let replicas = match &request.assignments {
        Some(given) => {
            for (at, replicas) in given.iter().enumerate() {
                assignment::check_manual(image, replicas, Some(factor))?;
                if assignment::alive(image, replicas).is_empty() {
                    return Err(assignment::all_fenced(now + at));
                }
            }
            given.clone()
        }
        None => place(image, additional, i16::try_from(factor).unwrap_or(i16::MAX), dice)?,
    };
    let partition = |(at, replicas): (usize, Vec<_>)| {
        let isr = assignment::alive(image, &replicas);
        if isr.is_empty() {
            return Err(assignment::none_alive(factor as i16));
        }
        Ok(assignment::partition(image, topic.id, now + at, replicas, isr))
    };
    replicas.into_iter().enumerate().map(partition).collect()
}

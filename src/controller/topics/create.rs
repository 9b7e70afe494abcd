//! Creating topics.

use std::collections::{BTreeMap, BTreeSet};

use metadata::records::{ConfigRecord, PartitionRecord, TopicRecord};
use metadata::{ConfigResource, Image, Record};
use model::{CLUSTER_METADATA, ErrorCode, NodeId, TopicName, names_collide};

use super::{MAX_PARTITIONS, MAX_RECORDS, assignment, duplicate, policy};
use crate::configs::Change;
use crate::placement::{Dice, place};
use crate::{Controller, CreateTopics, CreatedConfig, CreatedTopic, Decision, NewTopic, Refusal, Reply, TopicResult};

impl Controller {
    pub(crate) fn create_topics(&mut self, image: &Image, request: CreateTopics) -> Decision {
        let names = request.topics.iter().map(|topic| topic.name.as_str());
        let twice = repeated(names);
        let (wanted, others): (Vec<&NewTopic>, Vec<&NewTopic>) = request
            .topics
            .iter()
            .partition(|topic| !twice.contains(topic.name.as_str()) && topic.name != CLUSTER_METADATA);
        if self.too_many(&wanted) {
            let refusal = policy("Excessively large number of partitions per request.");
            return Decision::reply(Reply::CreateTopics(Err(refusal)));
        }
        let mut dice = Dice::new(request.seed);
        let mut records = Vec::new();
        let mut results = Vec::new();
        for topic in wanted {
            let result = self.create_topic(image, topic, &mut dice).map(|(created, more)| {
                records.extend(more);
                created
            });
            results.push(TopicResult { name: topic.name.clone(), result });
        }
        if records.len() > MAX_RECORDS {
            let refusal = policy("Unable to perform excessively large batch operation.");
            return Decision::reply(Reply::CreateTopics(Err(refusal)));
        }
        results.extend(refused(&twice, &others));
        if request.validate_only {
            records.clear();
        }
        Decision::atomic(records, Reply::CreateTopics(Ok(results)))
    }

    fn too_many(&self, topics: &[&NewTopic]) -> bool {
        let partitions = |topic: &&NewTopic| match topic {
            topic if !topic.assignments.is_empty() => topic.assignments.len() as i64,
            topic if topic.partitions == -1 => i64::from(self.settings.node.topics.num_partitions),
            topic => i64::from(topic.partitions.max(0)),
        };
        topics.iter().map(partitions).sum::<i64>() > MAX_PARTITIONS
    }

    fn create_topic(
        &mut self,
        image: &Image,
        topic: &NewTopic,
        dice: &mut Dice,
    ) -> Result<(CreatedTopic, Vec<Record>), Refusal> {
        check_name(image, &topic.name)?;
        let configs = self.new_configs(image, topic)?;
        let partitions = match topic.assignments.is_empty() {
            true => self.placed(image, topic, dice)?,
            false => assigned(image, topic)?,
        };
        let created = CreatedTopic {
            id: topic.id,
            partitions: partitions.len() as i32,
            replication_factor: partitions.first().map_or(0, |it| it.replicas.len() as i16),
            configs: topic.describable.then(|| self.effective_configs(image, topic)),
        };
        let name = TopicName::from(topic.name.as_str());
        let mut records = vec![TopicRecord { name, topic_id: topic.id, ..Default::default() }.into()];
        records.extend(configs);
        records.extend(partitions.into_iter().map(Record::from));
        Ok((created, records))
    }

    fn new_configs(&mut self, image: &Image, topic: &NewTopic) -> Result<Vec<Record>, Refusal> {
        let nulls: Vec<_> = topic.configs.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| &**key).collect();
        if !nulls.is_empty() {
            let message = format!("Null value not supported for topic configs: {}", nulls.join(","));
            return Err(Refusal::new(ErrorCode::InvalidConfig, message));
        }
        if topic.configs.is_empty() {
            return Ok(vec![]);
        }
        let resource = ConfigResource::topic(&topic.name);
        let changes: BTreeMap<&str, Change<'_>> = topic
            .configs
            .iter()
            .map(|(key, value)| (key.as_str(), Change::Set(value.as_deref().unwrap_or_default())))
            .collect();
        let records: Vec<ConfigRecord> = self.alter_resource(image, &resource, &changes, true)?;
        Ok(crate::configs::with_cleared_elr(image, records))
    }

    fn placed(&self, image: &Image, topic: &NewTopic, dice: &mut Dice) -> Result<Vec<PartitionRecord>, Refusal> {
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            return Err(Refusal::new(
                ErrorCode::InvalidReplicationFactor,
                "Replication factor must be larger than 0, or -1 to use the default value.",
            ));
        }
        if topic.partitions < -1 || topic.partitions == 0 {
            return Err(Refusal::new(
                ErrorCode::InvalidPartitions,
                "Number of partitions was set to an invalid non-positive value.",
            ));
        }
        let defaults = &self.settings.node.topics;
        let count = if topic.partitions == -1 { defaults.num_partitions } else { topic.partitions };
        let factor = match topic.replication_factor {
            -1 => i16::try_from(defaults.default_replication_factor).unwrap_or(i16::MAX),
            factor => factor,
        };
        let placed = place(image, count as usize, factor, dice).map_err(|refusal| {
            let why = refusal.message.unwrap_or_default();
            Refusal::new(refusal.code, format!("Unable to replicate the partition {factor} time(s): {why}"))
        })?;
        let partition = |(index, replicas): (usize, Vec<NodeId>)| {
            let isr = assignment::alive(image, &replicas);
            if isr.is_empty() {
                return Err(assignment::none_alive(factor));
            }
            Ok(assignment::partition(image, topic.id, index, replicas, isr))
        };
        placed.into_iter().enumerate().map(partition).collect()
    }

    fn effective_configs(&mut self, image: &Image, topic: &NewTopic) -> Vec<CreatedConfig> {
        let overrides = topic.configs.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
        let node = self.node.in_force(image);
        let described = config::describe_new_topic(&node, &overrides).into_iter();
        let created = described.map(|it| CreatedConfig {
            name: it.name,
            value: it.value,
            source: it.source.code(),
            read_only: it.read_only,
            sensitive: it.is_sensitive,
        });
        created.collect()
    }
}

fn assigned(image: &Image, topic: &NewTopic) -> Result<Vec<PartitionRecord>, Refusal> {
    let request = |message: &str| Err(Refusal::new(ErrorCode::InvalidRequest, message));
    if topic.replication_factor != -1 {
        return request("A manual partition assignment was specified, but replication factor was not set to -1.");
    }
    if topic.partitions != -1 {
        return request("A manual partition assignment was specified, but numPartitions was not set to -1.");
    }
    let mut partitions = BTreeMap::new();
    let mut factor = None;
    for (index, replicas) in &topic.assignments {
        if partitions.contains_key(index) {
            return Err(assignment::invalid(format!(
                "Found multiple manual partition assignments for partition {index}"
            )));
        }
        assignment::check_manual(image, replicas, factor)?;
        factor = Some(replicas.len());
        let isr = assignment::alive(image, replicas);
        if isr.is_empty() {
            return Err(assignment::all_fenced(index));
        }
        let number = usize::try_from(*index).unwrap_or(usize::MAX);
        partitions.insert(index, assignment::partition(image, topic.id, number, replicas.clone(), isr));
    }
    if !partitions.keys().copied().copied().eq(0..partitions.len() as i32) {
        return Err(assignment::invalid("partitions should be a consecutive 0-based integer sequence"));
    }
    Ok(partitions.into_values().collect())
}

fn check_name(image: &Image, name: &str) -> Result<(), Refusal> {
    let invalid = |message: String| Err(Refusal::new(ErrorCode::InvalidTopicException, message));
    if image.topic(name).is_some() {
        return Err(Refusal::new(ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
    }
    if let Err(why) = TopicName::check(name) {
        return invalid(why.to_string());
    }
    if name.contains(['.', '_'])
        && let Some(other) = image.topics().find(|topic| names_collide(&topic.name, name))
    {
        return invalid(format!("Topic '{name}' collides with existing topic: {}", other.name));
    }
    Ok(())
}

/// Those that are named more than once.
pub(super) fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut once = BTreeSet::new();
    names.filter(|name| !once.insert(*name)).collect()
}

fn refused(twice: &BTreeSet<&str>, others: &[&NewTopic]) -> Vec<TopicResult> {
    let duplicates = twice.iter().map(|name| TopicResult { name: (*name).to_owned(), result: Err(duplicate()) });
    let internal = others.iter().filter(|topic| !twice.contains(topic.name.as_str())).map(|topic| TopicResult {
        name: topic.name.clone(),
        result: Err(Refusal::new(
            ErrorCode::InvalidRequest,
            format!("Creation of internal topic {CLUSTER_METADATA} is prohibited."),
        )),
    });
    duplicates.chain(internal).collect()
}

//! The levels of the cluster's features (UpdateFeatures, `FeatureControlManager`).

use metadata::features::{ELR_VERSION, Feature, KRAFT_VERSION};
use metadata::records::{ConfigRecord, FeatureLevelRecord, NoOpRecord};
use metadata::{Image, MetadataVersion, Record, ResourceType};
use model::ErrorCode;

use crate::configs::MIN_ISR;
use crate::{Controller, Decision, FeatureUpdate, Refusal, Reply, UpdateFeatures, UpdateKind};

impl Controller {
    /// All or none.
    pub(crate) fn update_features(&self, image: &Image, request: UpdateFeatures) -> Decision {
        let mut records = Vec::new();
        for (at, update) in request.updates.iter().enumerate() {
            // Of those of one name only the last counts (`QuorumController.updateFeatures`).
            if request.updates.iter().skip(at + 1).any(|later| later.name == update.name) {
                continue;
            }
            match self.update_feature(image, &request, update) {
                Ok(record) => records.extend(record),
                Err(refusal) => {
                    let why = refusal.message.unwrap_or_default();
                    let message =
                        format!("The update failed for all features since the following feature had an error: {why}");
                    let refusal = Refusal::new(refusal.code, message);
                    return Decision::reply(Reply::UpdateFeatures(Err(refusal)));
                }
            }
        }
        let enables_elr = request.updates.iter().any(|update| update.name == ELR_VERSION && update.level > 0);
        if enables_elr {
            let mut all = self.one_min_isr(image);
            all.append(&mut records);
            records = all;
        }
        if request.validate_only {
            records.clear();
        }
        Decision::atomic(records, Reply::UpdateFeatures(Ok(())))
    }

    fn update_feature(
        &self,
        image: &Image,
        request: &UpdateFeatures,
        update: &FeatureUpdate,
    ) -> Result<Option<Record>, Refusal> {
        let (name, level) = (update.name.as_str(), update.level);
        let refuse = |why: String| {
            Err(Refusal::new(
                ErrorCode::InvalidUpdateVersion,
                format!("Invalid update version {level} for feature {name}. {why}"),
            ))
        };
        if update.kind == UpdateKind::Unknown {
            return refuse("The controller does not support the given upgrade type.".to_owned());
        }
        let current = if name == KRAFT_VERSION { request.kraft_version } else { image.feature(name) };
        if level < 0 {
            return refuse("A feature version cannot be less than 0.".to_owned());
        }
        if let Some(why) = self.reason_not_supported(image, request, update) {
            return refuse(why);
        }
        if level < current && update.kind == UpdateKind::Upgrade {
            return refuse(
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade."
                    .to_owned(),
            );
        }
        if level > current && update.kind != UpdateKind::Upgrade {
            return refuse("Can't downgrade to a newer version.".to_owned());
        }
        match name {
            MetadataVersion::FEATURE => check_metadata_version(current, update)?,
            KRAFT_VERSION if level != current && update.kind == UpdateKind::Upgrade => {
                return refuse("This controller cannot change the version of the quorum itself.".to_owned());
            }
            KRAFT_VERSION if level != current => {
                return refuse("Can't downgrade the version of this feature.".to_owned());
            }
            // There must be an offset to wait for.
            KRAFT_VERSION if update.kind == UpdateKind::Upgrade => return Ok(Some(NoOpRecord::default().into())),
            KRAFT_VERSION => return Ok(None),
            name if Feature::named(name).is_none() => return refuse(format!("Feature {name} not found.")),
            ELR_VERSION if level > 0 && !metadata_version(image, request).has_eligible_leader_replicas() => {
                return refuse(format!(
                    "{ELR_VERSION} could not be set to {level} because it depends on metadata.version level 23"
                ));
            }
            _ => {}
        }
        let record = FeatureLevelRecord { name: name.to_owned(), feature_level: level, ..Default::default() };
        Ok(Some(record.into()))
    }

    /// Every node must know the level, also those that are away.
    fn reason_not_supported(&self, image: &Image, request: &UpdateFeatures, update: &FeatureUpdate) -> Option<String> {
        let check = |what: String, range: Option<(i16, i16)>| match range.unwrap_or_default() {
            (min, max) if (min..=max).contains(&update.level) => None,
            (_, 0) => Some(format!("{what} does not support this feature.")),
            (min, max) if min == max => Some(format!("{what} only supports versions {min}")),
            (min, max) => Some(format!("{what} only supports versions {min}-{max}")),
        };
        let own = self.settings.node_id;
        let known = Feature::named(&update.name).map(|feature| (feature.min, feature.max));
        let local = check(format!("Local controller {own}"), known);
        let mut brokers = image.brokers.iter().map(|(id, broker)| {
            let told = broker.features.iter().find(|feature| feature.name == update.name);
            let range = told.map(|it| (it.min_supported_version, it.max_supported_version));
            check(format!("Broker {id}"), range)
        });
        let local = local.or_else(|| brokers.find_map(|reason| reason));
        if local.is_some() || !image.metadata_version().is_some_and(MetadataVersion::has_controller_registration) {
            return local;
        }
        let mut others = image.controllers.iter().filter(|(id, _)| **id != own).map(|(id, controller)| {
            let told = controller.features.iter().find(|feature| feature.name == update.name);
            let range = told.map(|it| (it.min_supported_version, it.max_supported_version));
            check(format!("Controller {id}"), range)
        });
        others.find_map(|reason| reason).or_else(|| {
            let absent = request.voters.iter().find(|id| **id != own && !image.controllers.contains_key(id));
            absent.map(|id| format!("controller {id} has not registered, and may not support this feature"))
        })
    }

    /// With eligible leader replicas the least ISR must be the same in the eyes of all (`maybeGenerateElrSafetyRecords`).
    fn one_min_isr(&self, image: &Image) -> Vec<Record> {
        let of_brokers = || image.configs.iter().filter(|(resource, _)| resource.kind == ResourceType::BROKER);
        let sets =
            |name: &str| of_brokers().any(|(resource, keys)| resource.name == name && keys.contains_key(MIN_ISR));
        let mut records: Vec<Record> = Vec::new();
        if !sets("") {
            records.push(self.cluster_min_isr().into());
        }
        for (resource, _) in
            of_brokers().filter(|(resource, keys)| !resource.name.is_empty() && keys.contains_key(MIN_ISR))
        {
            let record = ConfigRecord {
                resource_type: resource.kind.0,
                resource_name: resource.name.clone(),
                name: MIN_ISR.into(),
                value: None,
                ..Default::default()
            };
            records.push(record.into());
        }
        records
    }
}

/// The metadata version as it will be.
fn metadata_version(image: &Image, request: &UpdateFeatures) -> MetadataVersion {
    let update = request.updates.iter().rev().find(|update| update.name == MetadataVersion::FEATURE);
    MetadataVersion(update.map_or(image.feature(MetadataVersion::FEATURE), |update| update.level))
}

fn check_metadata_version(current: i16, update: &FeatureUpdate) -> Result<(), Refusal> {
    let (from, to) = (MetadataVersion(current), MetadataVersion(update.level));
    if to >= from || !from.changed_metadata_since(to) {
        return Ok(());
    }
    let why = match update.kind {
        UpdateKind::UnsafeDowngrade => "Unsafe metadata downgrade is not supported in this version.",
        _ => "Refusing to perform the requested downgrade because it might delete metadata information.",
    };
    let message = format!("Unsupported metadata.version downgrade from {current} to {}. {why}", update.level);
    Err(Refusal::new(ErrorCode::InvalidUpdateVersion, message))
}

//! Records of configurations and client quotas.

use wire::schema;

schema! {
    /// A configuration key was set, or deleted if the value is null.
    message ConfigRecord key 4, versions 0-0, flexible 0+ {
        resource_type: i8, 0+;
        resource_name: String, 0+;
        name: String, 0+;
        value: Option<String>, 0+;
    }

    /// A quota was set or removed.
    message ClientQuotaRecord key 14, versions 0-0, flexible 0+ {
        entity: Vec<EntityData>, 0+;
        key: String, 0+;
        value: f64, 0+;
        remove: bool, 0+;
    }
    /// A part of the name of a quota's entity; null is the default of its type.
    struct EntityData {
        entity_type: String, 0+;
        entity_name: Option<String>, 0+;
    }
}

//! ApiVersions, versions that nobody has, and headers that are odd.

use anyhow::Result;
use kafka_protocol::messages::ApiVersionsRequest;

use super::make::s;
use super::play::Play;
use crate::schema::{Schemas, Versions};

pub fn play(play: &mut Play) -> Result<()> {
    for (name, version) in
        [("judge", "1.0"), ("", ""), ("bad name!", "1.0"), ("judge", "-1"), ("-judge", "1"), ("a.b-c", "v1.0-x")]
    {
        // The list itself is another check's; here it is who is let in.
        for v in 3..=4 {
            let request = ApiVersionsRequest::default()
                .with_client_software_name(s(name))
                .with_client_software_version(s(version));
            play.ask_sorted(&format!("{name:?} {version:?}"), v, &request, |response| {
                response.api_keys.retain(|api| api.api_key == 18 || response.error_code != 0);
                response.finalized_features_epoch = response.finalized_features_epoch.signum();
                response.supported_features.sort_by(|a, b| a.name.cmp(&b.name));
                response.finalized_features.sort_by(|a, b| a.name.cmp(&b.name));
            })?;
        }
    }
    for v in 0..=2 {
        play.ask_sorted("", v, &ApiVersionsRequest::default(), |it| it.api_keys.retain(|api| api.api_key == 18))?;
    }
    // API key, version, correlation id 7, null client id.
    let header =
        |key: i16, version: i16| [&key.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 7, 0xff, 0xff]].concat();
    for version in [5, 99, i16::MAX, -1, i16::MIN] {
        play.bytes(&format!("ApiVersions {version}"), &[header(18, version), vec![0]].concat())?;
    }
    // One below and one above what any API has; brokers do not serve the controllers' ones, and nobody the one that is still being made.
    for request in Schemas::kafka()?.all().filter(|schema| schema.role == "request") {
        let (Some(key), versions) = (request.key, request.versions) else { continue };
        // ApiVersions is above.
        if key == 18 {
            continue;
        }
        let (below, above) = if versions == Versions::NONE { (0, 1) } else { (versions.min - 1, versions.max + 1) };
        play.bytes(&format!("API {key} v{below}"), &header(key, below))?;
        play.bytes(&format!("API {key} v{above}"), &[header(key, above), vec![0; 8]].concat())?;
    }
    play.bytes("API 22 v6", &[header(22, 6), vec![0; 8]].concat())?;
    for key in [4, 5, 6, 7, 52, 58, 92, 999, -1, i16::MAX] {
        play.bytes(&format!("API {key}"), &header(key, 0))?;
    }
    for (label, body) in [
        ("an empty frame", vec![]),
        ("a header that ends early", vec![0, 18, 0]),
        ("no client id's length", vec![0, 18, 0, 0, 0, 0, 0, 7]),
        ("an empty client id", vec![0, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0]),
        ("a client id longer than the frame", vec![0, 18, 0, 0, 0, 0, 0, 7, 0, 9, b'x']),
        ("a client id of length -2", vec![0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xfe, 0, 0, 0, 0]),
        ("a client id that is no UTF-8", vec![0, 3, 0, 1, 0, 0, 0, 7, 0, 1, 0xff, 0, 0, 0, 0]),
        ("a negative correlation id", vec![0, 3, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        ("bytes behind Metadata 1", [header(3, 1), vec![0, 0, 0, 0, 1, 2, 3]].concat()),
        ("Metadata 1 cut short", [header(3, 1), vec![0, 0]].concat()),
        ("Metadata 1 with a list of length -2", [header(3, 1), vec![0xff, 0xff, 0xff, 0xfe]].concat()),
        ("Metadata 1 with a huge list", [header(3, 1), vec![0x7f, 0xff, 0xff, 0xff]].concat()),
        ("Metadata 12 without the header's tags", header(3, 12)),
        ("Metadata 12 with an unknown tag in the header", [header(3, 12), vec![1, 9, 2, 1, 2, 1, 1, 0, 0, 0]].concat()),
        ("Metadata 12 with an unknown tag in the body", [header(3, 12), vec![0, 1, 1, 0, 1, 9, 1, 7]].concat()),
        ("Metadata 12 with a tag twice", [header(3, 12), vec![0, 1, 1, 0, 2, 9, 1, 7, 9, 1, 7]].concat()),
        ("Metadata 12 with tags out of order", [header(3, 12), vec![0, 1, 1, 0, 2, 9, 1, 7, 8, 1, 7]].concat()),
        ("Metadata 12 with a flag that is 2", [header(3, 12), vec![0, 1, 2, 0, 0]].concat()),
    ] {
        play.bytes(label, &body)?;
    }
    Ok(())
}

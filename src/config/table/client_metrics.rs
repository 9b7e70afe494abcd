//! A client metrics subscription (`ClientMetricsConfigs`, KIP-714).

use crate::check::{any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metrics" List "" list(), Medium Resource,
        "Prefixes of the names of metrics that clients are to push, comma separated; * is all of them.";
    "interval.ms" Int "300000" any(), Medium Resource,
        "How often clients push their metrics, 100 to 3600000.";
    "match" List "" list(), Medium Resource,
        "Which clients are meant, as name=regular expression, comma separated, all of which must match; empty is every client.";
}

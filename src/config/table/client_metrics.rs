//! A client metrics subscription (`ClientMetricsConfigs`, KIP-714).

use crate::check::{any, list};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "metrics" List "" list(), Medium Resource,
        "-";
    "interval.ms" Int "300000" any(), Medium Resource,
        "-";
    "match" List "" list(), Medium Resource,
        "-";
}

//! Delegation tokens (KIP-48).

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "delegation.token.secret.key" Password null any(), Medium ReadOnly,
        "-";
    "delegation.token.max.lifetime.ms" Long "604800000" at_least(1), Medium ReadOnly,
        "-";
    "delegation.token.expiry.time.ms" Long "86400000" at_least(1), Medium ReadOnly,
        "-";
    "delegation.token.expiry.check.interval.ms" Long "3600000" at_least(1), Low ReadOnly,
        "-";
}

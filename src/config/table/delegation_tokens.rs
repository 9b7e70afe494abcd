//! Delegation tokens (KIP-48).

use crate::check::{any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "delegation.token.secret.key" Password null any(), Medium ReadOnly,
        "Secret that delegation tokens are made and checked with, the same on all nodes. Without it there are none.";
    "delegation.token.max.lifetime.ms" Long "604800000" at_least(1), Medium ReadOnly,
        "Age at which a delegation token cannot be renewed any more.";
    "delegation.token.expiry.time.ms" Long "86400000" at_least(1), Medium ReadOnly,
        "How long a delegation token is valid until it is renewed.";
    "delegation.token.expiry.check.interval.ms" Long "3600000" at_least(1), Low ReadOnly,
        "How often expired delegation tokens are removed.";
}

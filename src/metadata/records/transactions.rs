//! Records that group others so that they take effect together (KIP-868), and one that does nothing.

use wire::schema;

schema! {
    /// What follows takes effect at the end of the transaction.
    message BeginTransactionRecord key 23, versions 0-0, flexible 0+ {
        name: Option<String>, 0+, tag 0;
    }

    /// All since the beginning takes effect now.
    message EndTransactionRecord key 24, versions 0-0, flexible 0+ {
    }

    /// All since the beginning never happened.
    message AbortTransactionRecord key 25, versions 0-0, flexible 0+ {
        reason: Option<String>, 0+, tag 0;
    }

    /// A sign of life.
    message NoOpRecord key 20, versions 0-0, flexible 0+ {
    }
}

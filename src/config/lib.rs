//! Every configuration key once: name, type, default, bounds, documentation.

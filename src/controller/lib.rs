//! Decides changes to the cluster: topics, configs, brokers, producer ids.

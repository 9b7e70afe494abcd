//! Decides for one replica: validation, producer sequences, leader epochs, fetch sessions.

//! Records in, records out: the one shape of every coordinator and of the controller.

//! The door to the machine: sockets, files, clock, dice.

//! Listeners and connections: frames in, ordered responses out.

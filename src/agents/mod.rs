//! Agents: how to launch each kind, and a sans-I/O session per protocol.

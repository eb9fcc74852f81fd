//! What this machine is called.

/// The machine's name in its network (`gethostname`), with or without a domain as it was set up; empty when it has none.
pub fn hostname() -> String {
    let system = rustix::system::uname();
    system.nodename().to_string_lossy().into_owned()
}

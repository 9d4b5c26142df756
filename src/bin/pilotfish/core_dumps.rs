//! Keeps passwords in memory out of core dumps.

/// Sees to it that no core is dumped, and that no other process of the user looks into this one:
/// passwords are in its memory. Where the system does not let it be, nothing is lost.
pub(crate) fn forbid() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, nothing);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

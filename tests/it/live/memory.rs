//! The command's memory does not depend on the size of an attachment.

use super::mail::Mail;

const GIB: u64 = 1 << 30;

#[test]
#[ignore = "needs the real servers: tests/run starts them"]
fn a_gibibyte_takes_no_more_memory_than_a_kibibyte() {
    let (small, large) = (peak_kib(1024), peak_kib(GIB));
    assert!(large <= small + 4096, "{large} KiB instead of {small} KiB");
}

fn peak_kib(size: u64) -> u64 {
    let mail = Mail::over("sink").without_login().to("bob");
    let mail = mail.attach_hole(size);
    let (run, peak) = mail.send_and_weigh();
    run.accepted();
    peak
}

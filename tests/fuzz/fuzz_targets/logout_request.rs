#![no_main]

#[path = "../harness.rs"]
#[allow(dead_code, reason = "each target calls one of its functions")]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _whatever = harness::logout_request(bytes);
});

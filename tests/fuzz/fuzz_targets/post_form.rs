#![no_main]

#[path = "../judge.rs"]
#[allow(dead_code, reason = "each target asks one of its functions")]
mod judge;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _whatever = judge::post_form(bytes);
});

//! How Node loads the crate differs between systems.

fn main() {
    napi_build::setup();
}

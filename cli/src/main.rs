//! The command `loopguard`.

fn main() {}

//! The Lambda function `guard`.

fn main() {}

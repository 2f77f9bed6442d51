//! How long a thread has run: what else runs on the machine counts little.

/// Returns how long this thread has run on a processor, in milliseconds.
pub(crate) fn ran() -> f64 {
    // What the system tells is up to date only where the thread was interrupted just now.
    std::thread::yield_now();
    let told =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells how long a thread ran");
    let nanoseconds: f64 = told.split(' ').next().expect("three numbers").parse().expect("a number");
    nanoseconds / 1e6
}

//! All that may be asked of or done to an account, as one trait.

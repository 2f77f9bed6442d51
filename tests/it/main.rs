//! Tests of the whole, one module per topic.

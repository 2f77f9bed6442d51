//! Which services have an operation of a name: one look instead of a search through all of their names.

use super::Service;
use std::collections::HashMap;

/// Name of an operation -> the places of the services that have it, in their order.
#[derive(Debug, Default)]
pub(super) struct Naming(HashMap<Box<str>, Vec<usize>>);

impl Naming {
    /// Reads the names of all services, without decoding their operations.
    pub(super) fn new(services: &[Service]) -> Self {
        let mut naming = Self::default();
        for (at, service) in services.iter().enumerate() {
            for name in service.all_names() {
                match naming.0.get_mut(name) {
                    Some(known) => known.push(at),
                    None => {
                        naming.0.insert(name.into(), vec![at]);
                    }
                }
            }
        }
        naming
    }

    /// Returns the places of the services that have an operation of that name.
    pub(super) fn of(&self, name: &str) -> &[usize] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

//! What the guard would keep of the drawn accounts is read as what it saw.

use super::{CATALOGUE, Extra, draw, runner, simulate};
use crate::kept::{comes_back, look_comes_back};
use loopguard_model::snapshot;
use proptest::strategy::{Strategy, ValueTree};

/// How many accounts are drawn.
const SEEDS: u64 = 20;

#[test]
fn looks_at_drawn_accounts_come_back() {
    let mut found = 0;
    for seed in 0..SEEDS {
        let account = draw::accounts().new_tree(&mut runner(seed)).unwrap().current();
        let simulated = simulate::Simulated::new(&account);
        let text = account.snapshot(&simulated.patterns, Extra::Nothing);
        let inventory = snapshot::read_live(&text).unwrap().inventory;
        comes_back(&inventory, &format!("seed {seed}"));
        let world = simulate::world(&account, &simulated.patterns, Extra::Nothing);
        for rule in &inventory.rules {
            found += usize::from(!look_comes_back(&world, rule, &CATALOGUE).findings.is_empty());
        }
    }
    assert!(found > 10, "loops were found in {found} looks");
}

//! The account of the demo: an example of this repository, built into the command.

use crate::beside;
use anyhow::{Context, Result};
use loopguard_analysis::{Catalogue, analyse};
use loopguard_decision::cost::Prices;
use loopguard_model::{Inventory, Scope};
use loopguard_report::{Chapter, Levels, Report, Texts, View, chronicle};
use loopguard_world::{Script, World};
use std::sync::Arc;

/// Where the example's template stands in the repository.
pub(super) const TEMPLATE: &str = "examples/media/template.yaml";

/// The account and the region that the example is deployed to.
pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "eu-west-1";

/// An account with what happens in it.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) inventory: Inventory,
    pub(super) script: Script,
}

/// Reads the example.
pub(super) fn example() -> Result<Example> {
    told("script.toml", include_str!("../../../examples/media/script.toml"))
}

/// Reads the example as it goes on another day: a migration opens the lists of many buckets.
pub(super) fn migration() -> Result<Example> {
    told("migration.toml", include_str!("../../../examples/media/migration.toml"))
}

fn told(file: &str, script: &str) -> Result<Example> {
    let inventory =
        beside::read(TEMPLATE, include_str!("../../../examples/media/template.yaml"), "media", &home());
    let script = Script::parse(script).with_context(|| format!("reading examples/media/{file}"))?;
    Ok(Example { inventory, script })
}

/// Returns the account with its clock at the start.
pub(super) fn world(example: &Example, seed: u64) -> Result<World> {
    let settings = loopguard_world::Settings {
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        ..loopguard_world::Settings::with_seed(seed)
    };
    Ok(World::new(&example.inventory, &example.script, settings)?)
}

/// Returns the account and region of the guard.
pub(crate) fn home() -> Scope {
    Scope { partition: "aws".into(), account: ACCOUNT.into(), region: REGION.into() }
}

/// Returns the story as a page, with the loops of the example.
pub(super) fn page(example: &Example, chapters: &[Chapter]) -> String {
    let catalogue = Catalogue::embedded();
    let analysis = analyse(&example.inventory, &catalogue);
    let report = Report {
        inventory: &example.inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &Levels::default(),
    };
    let prices = Prices::of_region(REGION);
    let template = |file: &str| {
        (file == TEMPLATE).then(|| Arc::from(include_str!("../../../examples/media/template.yaml")))
    };
    let view = View { texts: Texts::new(&template), ..View::of(report, &prices) };
    chronicle(&view, "Loopguard: the demo", chapters)
}

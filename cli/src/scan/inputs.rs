//! What is read and analysed, the same for every verb that shows findings.

use super::code;
use super::scps;
use super::sources::Sources;
use crate::account::{self, ReachArgs};
use crate::facts::FactsFile;
use crate::progress::Progress;
use anyhow::{Result, bail};
use clap::Args;
use loopguard_analysis::{Analysis, Catalogue};
use loopguard_decision::cost::Prices;
use loopguard_model::Inventory;
use loopguard_report::{Levels, Report};
use loopguard_template::Options;
use std::path::PathBuf;
use std::sync::Arc;

/// Of a scan, about: not all of them read an account or a base.
const STAGES: u64 = 9;

#[derive(Debug, Args)]
#[command(next_help_heading = "What is read")]
pub(crate) struct InputArgs {
    /// Templates (CloudFormation, SAM), Terraform, serverless.yml, snapshots of accounts, or folders of these; `-` reads
    /// standard input
    #[arg(required_unless_present = "account")]
    pub(super) paths: Vec<PathBuf>,
    /// Facts of your own and loops that you want, as TOML; may be given more than once. See docs/facts.md
    #[arg(long, value_name = "FILE")]
    pub(super) facts: Vec<PathBuf>,
    /// Read the AWS account of the environment's credentials, too; nothing is changed in it
    #[arg(long)]
    pub(super) account: bool,
    /// A service control policy that binds the roles, a JSON document; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(super) scp: Vec<PathBuf>,
    #[command(flatten)]
    reach: ReachArgs,
    /// Region that the templates are deployed to (IAM events, for one, only reach us-east-1); regions to read with
    /// --account
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    pub(super) region: Vec<String>,
    /// Say on standard error which files of code were read
    #[arg(short, long)]
    verbose: bool,
    /// Show no progress, at a terminal either
    #[arg(short, long)]
    quiet: bool,
    /// Account that the templates are deployed to, twelve digits
    #[arg(long, value_parser = account_id)]
    pub(super) account_id: Option<String>,
    /// Value of a template parameter; may be given more than once
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) parameters: Vec<(String, String)>,
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits".to_owned())
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What was read, and what the analysis says of it.
pub(crate) struct Analysed {
    pub(crate) sources: Sources,
    inventory: Inventory,
    analysis: Analysis,
    catalogue: Arc<Catalogue>,
    pub(crate) prices: Prices,
}

impl Analysed {
    pub(crate) fn report<'a>(&'a self, levels: &'a Levels) -> Report<'a> {
        Report {
            inventory: &self.inventory,
            analysis: &self.analysis,
            catalogue: self.catalogue.describe(),
            levels,
        }
    }

    /// Whether not all that was named could be read.
    pub(crate) fn is_partial(&self) -> bool {
        self.sources.is_partial()
    }
}

impl InputArgs {
    /// Returns what tells how far a run is; nothing is begun yet.
    pub(crate) fn progress(&self) -> Progress {
        Progress::begin(STAGES, self.quiet)
    }

    /// Reads what is named and analyses it; what cannot be read is told on standard error.
    pub(crate) fn analysed(&self, progress: &mut Progress) -> Result<Analysed> {
        if self.region.len() > 1 && !self.account {
            bail!("templates are deployed to one region: name one, or read several with --account");
        }
        let facts: Vec<FactsFile> =
            self.facts.iter().map(|file| FactsFile::read(file)).collect::<Result<_>>()?;
        let mut sources = Sources::read(&self.paths, progress)?;
        if self.account {
            sources.add(account::read(&self.reach, &self.region, progress)?);
        }
        let mut inventory = sources.inventory(self.options(), progress)?;
        scps::add(&self.scp, &mut inventory, progress)?;
        progress.stage("reading code");
        for file in code::read(&mut inventory, sources.templates()) {
            if self.verbose {
                progress.tell(&format!("read code: {}", loopguard_report::escaped(&file)));
            }
        }
        for file in &facts {
            file.apply(&mut inventory);
        }
        let catalogue = Catalogue::embedded();
        let analysis = sources.analyse(&mut inventory, &catalogue, progress);
        let prices = Prices::of_region(self.region.first().map_or("us-east-1", String::as_str));
        Ok(Analysed { sources, inventory, analysis, catalogue, prices })
    }

    fn options(&self) -> Options {
        Options {
            account: self.account_id.as_deref().map(Into::into),
            region: self.region.first().filter(|_| !self.account).map(|region| region.as_str().into()),
            parameters: self
                .parameters
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
            ..Options::default()
        }
    }
}

//! `loopguard iam`: questions about permissions.

mod case;
mod decide;
mod managed;

use crate::exit::Exit;
use crate::pattern::jsonl;
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use loopguard_analysis::iam::World;
use managed::Managed;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum IamVerb {
    /// May the request be made? Answers `must`, `may` or `no`, with the statements that decide it
    #[command(
        long_about = "May the request be made? Answers `must`, `may` or `no`, with the statements that decide it.\n\n\
        A case is a JSON object: `id`, `action`, `resource` (an ARN, or `*`), `context` (condition keys, each a text or \
        a list of texts), and the policies: `identity` (a list), `boundary`, `session`, `resource_policy`, and `scps` \
        (a list of levels from the root to the account, each a list). A policy is {\"inline\": document} or \
        {\"managed\": name or ARN of an AWS managed policy}.\n\n\
        `must`: surely allowed. `no`: surely refused. `may`: it depends on what is not known, and `because` says on \
        what.",
        after_help = "Examples:\n  \
        loopguard iam decide --jsonl cases.jsonl\n  \
        loopguard iam decide --jsonl --managed-policies policies.jsonl < cases.jsonl\n  \
        loopguard iam decide --jsonl --world open < cases.jsonl\n\n\
        A case and its answer:\n  \
        {\"id\":1,\"action\":\"s3:GetObject\",\"resource\":\"arn:aws:s3:::media/a\",\"context\":{},\"identity\":[{\"inline\":\n    \
        {\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}}]}\n  \
        {\"id\":1,\"decision\":\"must\",\"because\":[\"identity policy `inline 1`, statement `#1`: allows\"]}\n\n\
        Exit codes: 0 all answered, 2 a line could not be read (it is answered with its number and the reason)."
    )]
    Decide(DecideArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Cases, one JSON object a line; the answers come the same way
    #[arg(long, required = true, num_args = 0..=1, default_missing_value = "-", value_name = "FILE")]
    jsonl: PathBuf,
    /// Documents of AWS managed policies, one {"name","document"} a line
    #[arg(long, value_name = "FILE")]
    managed_policies: Option<PathBuf>,
    /// What condition keys are that a case does not give: absent, or unknown
    #[arg(long, value_enum, default_value_t = WorldArg::Closed)]
    world: WorldArg,
}

/// What unlisted keys are.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum WorldArg {
    /// Absent: the context is all there is
    Closed,
    /// Unknown: a request may carry any
    Open,
}

impl From<WorldArg> for World {
    fn from(world: WorldArg) -> Self {
        match world {
            WorldArg::Closed => Self::Closed,
            WorldArg::Open => Self::Open,
        }
    }
}

/// Runs one verb.
pub(crate) fn run(verb: &IamVerb) -> Result<Exit> {
    let IamVerb::Decide(args) = verb;
    let managed = Managed::read(args.managed_policies.as_deref())?;
    jsonl::stream(&args.jsonl, |line| decide::row(line, args.world.into(), &managed))
}

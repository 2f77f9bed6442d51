//! `loopguard graph`: the loops as boxes and arrows.

use crate::exit::Exit;
use crate::scan::inputs::InputArgs;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use loopguard_report::{GraphFormat, Levels, View};
use std::io::{self, Write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard graph template.yaml > loops.svg\n  loopguard graph --format mermaid infra/   # for a \
    pull request\n  loopguard graph --format dot account.json | dot -Tpdf > loops.pdf\n\nAll loops are drawn with what they \
    run, the calls that lead back, and the rules that lead in; rules in no loop are not. A picture shows the first 40 \
    loops, the other formats all.\n\nExit codes: 0 printed, 2 could not run, or not on all of the input."
)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A picture
    Svg,
    /// For Graphviz
    Dot,
    /// For pages that draw Mermaid
    Mermaid,
    /// For programs; see docs/json.md
    Json,
}

/// Reads what is named, analyses it, prints its loops as a graph.
pub(crate) fn run(args: &GraphArgs) -> Result<Exit> {
    let analysed = args.inputs.analysed(&mut args.inputs.progress())?;
    let levels = Levels::default();
    let view = View::of(analysed.report(&levels), &analysed.prices);
    let format = match args.format {
        Format::Svg => GraphFormat::Svg,
        Format::Dot => GraphFormat::Dot,
        Format::Mermaid => GraphFormat::Mermaid,
        Format::Json => GraphFormat::Json,
    };
    let text = loopguard_report::graph(&view, format).context("writing the graph")?;
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if analysed.is_partial() { Exit::Failed } else { Exit::Clean })
}
